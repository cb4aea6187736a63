//! Without credentials everything is read and queued, and goes when there are some.

use std::fs;

use keitod::sandbox;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

#[test]
fn work_waits_for_credentials() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    place.key = None;
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 1).then_some(()));
    assert_eq!(service.flush()["sent"], 0);
    let status = service.get("/v1/status");
    assert_eq!(status["state"], "degraded");
    let codes: Vec<&str> =
        status["reasons"].as_array().unwrap().iter().filter_map(|reason| reason["code"].as_str()).collect();
    assert!(codes.contains(&"no_credentials"), "{codes:?}");
    assert!(keito.requests().is_empty());

    let file = place.path(".config/keito/config.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = format!("api_key = \"{}\"\naccount_id = \"{}\"\n", sandbox::KEY, sandbox::ACCOUNT);
    fs::write(file, text).unwrap();
    service.settle();
    until("it arrives", || {
        service.flush();
        (keito.entries().len() == 1 && keito.expenses().len() == 1).then_some(())
    });
    let status = service.get("/v1/status");
    assert_eq!((&status["state"], &status["caught_up"]), (&"running".into(), &true.into()), "{status}");
}

//! What keeps it from starting, and how a single pass ends.

use std::fs;

use keitod::sandbox::{Answer, Fault, Rule};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

#[test]
fn one_keitod_per_state() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let _service = place.start();
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 9, "{err}");
    assert!(err.contains("another keitod uses") && err.contains("state"), "{err}");
}

#[test]
fn a_state_of_a_newer_version_is_left_alone() {
    let place = Place::new("http://127.0.0.1:9");
    place.patient();
    // Keito cannot be reached, but there is nothing to deliver.
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    let database = place.path("state/keitod.db");
    let open = rusqlite::Connection::open(&database).unwrap();
    open.pragma_update(None, "user_version", 999).unwrap();
    drop(open);
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 10, "{err}");
    assert!(err.contains("newer"), "{err}");
}

#[test]
fn a_bad_config_names_file_and_line() {
    let place = Place::new("http://127.0.0.1:9");
    fs::write(place.path("keitod.toml"), "[time]\nidle_gab = \"300s\"\n").unwrap();
    let (code, _, err) = place.run(&["run"]);
    assert_eq!(code, 8, "{err}");
    assert!(err.contains("keitod.toml:2: time.idle_gab"), "{err}");
}

#[test]
fn a_config_that_breaks_between_two_starts_is_refused_in_words() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    let (config, whole) = (place.path("keitod.toml"), fs::read(place.path("keitod.toml")).unwrap());
    let breaks: [(&str, &dyn Fn()); 4] = [
        ("cut", &|| fs::write(&config, &whole[..whole.len() / 2 - 3]).unwrap()),
        ("not text", &|| fs::write(&config, [0xff, 0xfe, 0, 1]).unwrap()),
        ("a directory", &|| {
            fs::remove_file(&config).unwrap();
            fs::create_dir(&config).unwrap();
        }),
        ("gone", &|| fs::remove_dir(&config).unwrap()),
    ];
    for (what, breaks) in breaks {
        breaks();
        let (code, _, err) = place.run(&["run"]);
        assert_eq!(code, 8, "{what}: {err}");
        assert!(err.contains("keitod.toml") && err.lines().count() < 6, "{what}: {err}");
    }
    fs::write(&config, &whole).unwrap();
    assert_eq!(place.run(&["run", "--once"]).0, 0);
}

#[test]
fn a_pass_says_why_nothing_was_delivered() {
    let keito = Keito::start();
    let work = |origin: &str| {
        let place = Place::new(origin);
        place.patient();
        place.append("one", &Talk::new(1, "/home/dev/work").exchange());
        place
    };
    let mut place = work(&keito.origin);
    place.key = Some("kto_wrong");
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 1, "wrong key: {err}");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (code, _, err) = work(&format!("http://{closed}")).run(&["run", "--once"]);
    assert_eq!(code, 7, "closed port: {err}");

    keito.faults().add(Rule::new(Fault::Answer(Answer::status(429).retry_after("120"))));
    let (code, _, err) = work(&keito.origin).run(&["run", "--once"]);
    assert_eq!(code, 5, "429: {err}");
    assert!(keito.entries().is_empty() && keito.expenses().is_empty());
}

#[test]
fn a_pass_ends_however_short_the_backoff_is() {
    let place = Place::new("http://127.0.0.1:9");
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let mut child = place.command(&["run", "--once"]).spawn().unwrap();
    let begun = std::time::Instant::now();
    let ended = loop {
        match child.try_wait().unwrap() {
            None if begun.elapsed().as_secs() < 20 => {
                std::thread::sleep(std::time::Duration::from_millis(50))
            }
            ended => break ended,
        }
    };
    // It may have ended already.
    let _ = child.kill();
    assert_eq!(ended.and_then(|status| status.code()), Some(7));
}

//! What can be asked for, by file and by socket, and what is no question.

use serde_json::Value;

use super::{deliver, explained};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

#[test]
fn ids_that_mean_nothing_or_too_much() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &talk.exchange());
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    deliver(&place);
    for (id, code, says) in [
        ("nothing", 4, "no record, session or day nothing"),
        ("k1ffffffffffffffffffffffffffffffffff", 4, "no record"),
        ("2026-01-04", 4, "nothing happened on 2026-01-04"),
        ("2026-01-06", 4, "nothing happened on 2026-01-06"),
        ("5e551011", 2, "claude-code/5e551011-0000-4000-8000-000000000002  session"),
        ("k1", 2, "record of 2026-01-05"),
        ("", 2, "name a record, a session or a day"),
    ] {
        let (got, out, err) = place.run(&["explain", id]);
        assert_eq!((got, out.as_str()), (code, ""), "{id}: {err}");
        assert!(err.contains(says), "{id}: {err}");
        let (got, _, err) = place.run(&["explain", id, "--json"]);
        let told: Value = serde_json::from_str(&err).unwrap();
        assert_eq!((got, &told["error"]), (code, &true.into()));
    }
    for id in [talk.id.as_str(), &format!("claude-code/{}", talk.id), "5e551011-0000-4000-8000-000000000001…"]
    {
        assert_eq!(explained(&place, id)["id"], talk.id, "{id}");
    }
    let (code, _, err) = place.run(&["explain", "2026-01-05", "--json", "--timeline", "-"]);
    assert_eq!(code, 2, "{err}");
}

#[test]
fn the_socket_answers_as_the_file_does() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &talk.exchange());
    let service = place.start();
    service.settle();
    let entry = keito.entries()[0].metadata.as_ref().unwrap().text("keitod_id").unwrap();
    let ids = [talk.id.as_str(), "2026-01-05", &entry];
    let answers: Vec<Value> = ids.iter().map(|id| service.get(&format!("/v1/explain/{id}"))).collect();
    assert_eq!(explained(&place, &talk.id), answers[0]);
    assert_eq!(service.raw("GET", "/v1/explain/none", "").1, "404");
    assert_eq!(service.raw("GET", "/v1/explain/k", "").1, "400");
    assert_eq!(place.run(&["explain", "none"]).0, 4);
    assert_eq!(place.run(&["explain", "k"]).0, 2);
    assert_eq!(service.stop(), 0);
    for (id, answer) in ids.iter().zip(answers) {
        assert_eq!(explained(&place, id), answer, "{id}");
    }
}

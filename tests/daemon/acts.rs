//! What people do about the outbox, through the program and its socket, and what is left of it without the database.

use std::fs;

use keitod::sandbox::{Answer, End, Fault, Kind, Rule};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, Service, until};

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

/// The ids of the queue's items in a state.
#[track_caller]
fn ids(service: &Service<'_>, state: &str) -> Vec<String> {
    let queue = service.get(&format!("/v1/queue?state={state}"));
    queue["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn document(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

fn decisions(place: &Place) -> String {
    fs::read_to_string(place.path(".local/share/keitod/decisions.jsonl")).unwrap()
}

fn wipe(place: &Place) {
    fs::remove_dir_all(place.path("state")).unwrap();
}

fn refuse(keito: &Keito, method: &'static str, kind: Kind) {
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(400))).on(method, kind));
}

/// A service with one dead expense and its entry delivered.
fn with_dead<'a>(keito: &Keito, place: &'a Place) -> (Service<'a>, String) {
    refuse(keito, "POST", Kind::Expenses);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    let id = until("it is refused", || {
        service.flush();
        ids(&service, "dead").pop()
    });
    keito.faults().clear();
    (service, id)
}

#[test]
fn what_was_refused_is_sent_again_once() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (service, id) = with_dead(&keito, &place);
    let refused = keito.asked("POST", "/api/v2/expenses").pop().unwrap();
    let (code, out, err) = place.run(&["queue", "retry", &id, "--json"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!((&document(&out)["state"], &document(&out)["id"]), (&"pending".into(), &id.as_str().into()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    assert_eq!(keito.asked("POST", "/api/v2/expenses").pop().unwrap().body, refused.body);
    // It is there now, and nothing else has that name.
    assert_eq!(place.run(&["queue", "retry", &id]).0, 3);
    assert_eq!(place.run(&["queue", "discard", &id, "--reason", "x"]).0, 3);
    assert_eq!(place.run(&["queue", "approve", &id]).0, 3);
    assert_eq!(place.run(&["queue", "retry", "k1none"]).0, 4);
    assert_eq!(place.run(&["queue", "discard", &id]).0, 2);
    assert_eq!(place.run(&["queue", "discard", &id, "--reason", " "]).0, 2);
    assert_eq!(place.run(&["queue", "approve", "--agent", "codex"]).0, 4);
    assert_eq!(service.raw("POST", "/v1/queue/k1none/retry", "").1, "404");
    assert_eq!(service.raw("POST", &format!("/v1/queue/{id}/retry"), r#"{"resael":true}"#).1, "400");
    assert_eq!(service.raw("POST", &format!("/v1/queue/{id}/retry"), "").1, "409");
}

#[test]
fn without_the_daemon_what_was_refused_is_made_anew() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (service, id) = with_dead(&keito, &place);
    assert_eq!(service.stop(), 0);
    let (code, out, err) = place.run(&["queue", "retry", &id, "--reseal"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("open"), "{out}");
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

#[test]
fn what_was_discarded_is_never_sent_even_by_a_database_that_knows_nothing_of_it() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (service, id) = with_dead(&keito, &place);
    let discard = format!("/v1/queue/{id}/discard");
    let (body, status) = service.raw("POST", &discard, r#"{"reason":"logged by hand"}"#);
    assert_eq!((status.as_str(), &document(&body)["state"]), ("200", &"discarded".into()), "{body}");
    assert_eq!(ids(&service, "discarded"), [id.as_str()]);
    service.settle();
    assert_eq!(service.stop(), 0);
    let line: Value = decisions(&place)
        .lines()
        .map(document)
        .find(|line| line["kind"] == "discard")
        .unwrap_or_else(|| panic!("{}", decisions(&place)));
    assert_eq!((&line["what"], &line["reason"]), (&"expense".into(), &"logged by hand".into()), "{line}");
    assert_eq!((&line["requests"], &line["tokens"]["input"]), (&1.into(), &1000.into()), "{line}");

    wipe(&place);
    // A crash while the next line was written.
    let path = place.path(".local/share/keitod/decisions.jsonl");
    fs::write(&path, decisions(&place) + "{\"at\":\"2026-01").unwrap();
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!((service.requests(), keito.asked("POST", "/").len()), (1, 0), "{:?}", keito.requests());
    assert_eq!(ids(&service, "discarded"), [id.as_str()]);
    // What is new is sent.
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    service.settle();
    assert_eq!(keito.asked("POST", "/").len(), 2);
}

#[test]
fn held_work_is_given_up_by_its_id() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let linked = fs::read_to_string(place.path("keitod.toml")).unwrap();
    place.config("");
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    let held = until("it is held", || {
        service.flush();
        let held = ids(&service, "held");
        (held.len() == 2).then_some(held)
    });
    assert_eq!(place.run(&["queue", "retry", &held[0]]).0, 3);
    assert_eq!(place.run(&["queue", "approve", &held[0]]).0, 3);
    let (code, _, err) = place.run(&["queue", "discard", &held[0], "--reason", "training"]);
    assert_eq!(code, 0, "{err}");
    assert_eq!(service.stop(), 0);
    // The other one while no daemon runs.
    let (code, _, err) = place.run(&["queue", "discard", &held[1], "--reason", "training"]);
    assert_eq!(code, 0, "{err}");
    fs::write(place.path("keitod.toml"), linked).unwrap();
    for wiped in [false, true] {
        if wiped {
            wipe(&place);
        }
        let service = place.start();
        service.settle();
        assert_eq!((service.requests(), keito.asked("POST", "/").len()), (1, 0), "{:?}", keito.requests());
        assert_eq!((ids(&service, "held").len(), ids(&service, "discarded").len()), (0, 2), "{wiped}");
        assert_eq!(service.stop(), 0);
    }
}

#[test]
fn work_for_review_is_sent_when_it_is_approved() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    fs::write(place.path("keitod.toml"), text.replace("[delivery]", "[delivery]\nreview = true")).unwrap();
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &(talk.prompt(0) + &talk.answer(120, COUNTS)));
    let service = place.start();
    let held = until("it is held", || {
        service.flush();
        let held = ids(&service, "held");
        (held.len() == 2).then_some(held)
    });
    assert_eq!(keito.asked("POST", "/").len(), 0);
    for id in held {
        let (code, _, err) = place.run(&["queue", "approve", &id]);
        assert_eq!(code, 0, "{err}");
    }
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    // What comes later waits again, also after a restart.
    place.append("one", &talk.answer(240, COUNTS));
    until("it is held", || {
        service.flush();
        (ids(&service, "held").len() == 2).then_some(())
    });
    assert_eq!(service.stop(), 0);
    let service = place.start();
    service.settle();
    assert_eq!(ids(&service, "held").len(), 2);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    assert_eq!(keito.asked("PATCH", "/").len(), 0);
}

#[test]
fn a_pause_holds_everything_until_it_ends() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let service = place.start();
    service.settle();
    let (code, out, err) = place.run(&["pause", "--json"]);
    assert_eq!((code, &document(&out)["state"]), (0, &"paused".into()), "{err}");
    keito.forget_requests();
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let answer = service.flush();
    assert_eq!((&answer["blocked"], &answer["caught_up"]), (&"paused_by_user".into(), &false.into()));
    let (_, out, _) = place.run(&["flush", "--settle", "--expenses"]);
    assert!(out.contains("keitod resume"), "{out}");
    let status = service.get("/v1/status");
    assert_eq!(status["state"], "paused", "{status}");
    assert_eq!(service.stop(), 0);
    let service = place.start();
    service.flush();
    assert_eq!(keito.requests().len(), 0, "{:?}", keito.requests());
    let (body, status) = service.raw("POST", "/v1/resume", "");
    assert_eq!((status.as_str(), &document(&body)["was"]), ("200", &"paused_by_user".into()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    assert_eq!(service.stop(), 0);
    // While nothing runs too, and twice is as good as once.
    for (words, expected) in
        [("pause", "paused"), ("pause", "paused"), ("resume", "running"), ("resume", "running")]
    {
        let (code, out, err) = place.run(&[words, "--json"]);
        assert_eq!((code, &document(&out)["state"]), (0, &expected.into()), "{words}: {err}");
    }
}

#[test]
fn what_a_person_deleted_stays_deleted_without_the_database() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    keito.delete(&keito.entries()[0].id).unwrap();
    keito.delete(&keito.expenses()[0].id).unwrap();
    // Listings come with new work.
    let mut next = 10;
    until("both deletions are seen", || {
        next += 1;
        place.append(&next.to_string(), &Talk::new(next, "/home/dev/work").exchange());
        service.settle();
        (decisions(&place).matches("deleted_by_person").count() == 2).then_some(())
    });
    assert_eq!(service.stop(), 0);
    let (entries, expenses) = (keito.entries().len(), keito.expenses().len());
    wipe(&place);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!(keito.asked("POST", "/").len(), 0, "{:?}", keito.requests());
    assert_eq!((keito.entries().len(), keito.expenses().len()), (entries, expenses));
    assert!(decisions(&place).contains("\"zone\":\"UTC\""), "{}", decisions(&place));
}

#[test]
fn growth_that_is_given_up_leaves_the_entry_as_it_was() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &(talk.prompt(0) + &talk.answer(200, COUNTS)));
    let service = place.start();
    service.settle();
    refuse(&keito, "PATCH", Kind::TimeEntry);
    place.append("one", &talk.answer(400, COUNTS));
    let id = until("it is refused", || {
        service.flush();
        ids(&service, "dead").pop()
    });
    keito.faults().clear();
    let (code, _, err) = place.run(&["queue", "discard", &id, "--reason", "a test run"]);
    assert_eq!(code, 0, "{err}");
    service.settle();
    place.append("one", &talk.answer(600, COUNTS));
    service.settle();
    assert_eq!((keito.entries().len(), seconds(&keito)), (1, 400));
    assert_eq!(service.stop(), 0);
    wipe(&place);
    let service = place.start();
    service.settle();
    assert_eq!(seconds(&keito), 400, "{:?}", keito.entries());
}

/// What the entries say they hold.
fn seconds(keito: &Keito) -> u64 {
    let of = |entry: &keitod::sandbox::Entry| {
        let text = entry.metadata.as_ref().unwrap().text("duration_seconds").unwrap().to_string();
        text.parse::<u64>().unwrap()
    };
    keito.entries().iter().map(of).sum()
}

#[test]
fn an_entry_that_a_person_edited_stays_closed_without_the_database() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("one", &(talk.prompt(0) + &talk.answer(200, COUNTS)));
    let service = place.start();
    service.settle();
    keito.edit_hours(&keito.entries()[0].id, "0.5").unwrap();
    for step in 2..=3 {
        place.append("one", &talk.answer(200 * step, COUNTS));
        service.settle();
    }
    assert_eq!(keito.entries()[0].hours.to_string(), "0.5");
    assert_eq!((keito.entries().len(), seconds(&keito)), (2, 600));
    assert_eq!(decisions(&place).matches("closed_by_person").count(), 1, "{}", decisions(&place));
    assert_eq!(service.stop(), 0);
    wipe(&place);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    let written = keito.asked("POST", "/").len() + keito.asked("PATCH", "/").len();
    assert_eq!(written, 0, "{:?}", keito.requests());
    place.append("one", &talk.answer(800, COUNTS));
    service.settle();
    assert_eq!(keito.entries()[0].hours.to_string(), "0.5");
    assert_eq!(seconds(&keito), 800, "{:?}", keito.entries());
}

#[test]
fn a_probe_that_nothing_proves_is_sent_again_by_hand() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    keito.faults().add(Rule::new(Fault::Drop(End::Reset)).on("POST", Kind::Expenses));
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    let id = until("two listings lack it", || {
        service.flush();
        let queue = service.get("/v1/queue");
        let items = queue["items"].as_array().unwrap();
        let stuck = items.iter().find(|item| item["reason"] == "unproved_listing")?;
        Some(stuck["id"].as_str().unwrap().to_owned())
    });
    keito.faults().clear();
    let tried = keito.asked("POST", "/api/v2/expenses").len();
    service.flush();
    assert_eq!(keito.asked("POST", "/api/v2/expenses").len(), tried);
    assert_eq!(place.run(&["queue", "retry", &id, "--reseal"]).0, 3);
    let (code, _, err) = place.run(&["queue", "retry", &id]);
    assert_eq!(code, 0, "{err}");
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

#[test]
fn a_decision_whose_commit_was_lost_is_obeyed_at_the_next_start() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (service, id) = with_dead(&keito, &place);
    assert_eq!(service.stop(), 0);
    let database = place.path("state/keitod.db");
    let before = fs::read(&database).unwrap();
    let (code, _, err) = place.run(&["queue", "discard", &id, "--reason", "x"]);
    assert_eq!(code, 0, "{err}");
    for name in ["keitod.db-wal", "keitod.db-shm"] {
        let _ = fs::remove_file(place.path("state").join(name));
    }
    fs::write(&database, before).unwrap();
    assert!(place.run(&["queue", "list"]).1.contains("dead"));
    for _ in 0..2 {
        let service = place.start();
        service.settle();
        assert_eq!((ids(&service, "dead").len(), ids(&service, "discarded")), (0, vec![id.clone()]));
        assert_eq!(service.stop(), 0);
    }
    assert_eq!(keito.expenses().len(), 0);
    assert_eq!(decisions(&place).matches("\"discard\"").count(), 1);
}

#[test]
fn one_state_has_one_keitod() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let text = fs::read_to_string(place.path("keitod.toml")).unwrap();
    fs::write(place.path("keitod.toml"), format!("{text}[socket]\nenabled = false\n")).unwrap();
    assert_eq!(place.run(&["pause"]).0, 4, "there is no state yet");
    let service = place.launch(&["run"]);
    until("it holds the state", || (place.run(&["pause"]).0 == 9).then_some(()));
    drop(service);
}

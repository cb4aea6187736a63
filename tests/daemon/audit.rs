//! Both sides compared, by the daemon and without one.

use std::time::Duration;

use keitod::sandbox::{End, Fault, Kind, Rule};
use serde_json::Value;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

const RANGE: [&str; 4] = ["--from", "2026-01-01", "--to", "2026-01-31"];

fn audit(place: &Place) -> (i32, Value) {
    let (exit, out, err) = place.run(&[&["audit", "--json"][..], &RANGE].concat());
    (exit, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{exit}: {out}{err}")))
}

fn findings(document: &Value) -> Vec<(String, String)> {
    let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let lines = document["findings"].as_array().unwrap();
    lines.iter().map(|line| (text(line, "finding"), text(line, "field"))).collect()
}

/// Audits until the grace time is over and the verdict is there.
#[track_caller]
fn found(place: &Place, exit: i32, expected: &[(&str, &str)]) -> Value {
    let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    until(&format!("{expected:?}"), || {
        let (code, document) = audit(place);
        (code == exit && findings(&document) == expected).then_some(document)
    })
}

/// Two sessions delivered; the daemon has ended.
fn delivered(keito: &Keito) -> Place {
    let place = Place::new(&keito.origin);
    for seed in 1..3 {
        place.append(&seed.to_string(), &Talk::new(seed, "/home/dev/work").exchange());
    }
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2));
    place
}

#[test]
fn equal_sides_are_clean_with_and_without_the_daemon() {
    let keito = Keito::start();
    let place = delivered(&keito);
    keito.forget_requests();
    found(&place, 0, &[]);
    let service = place.start();
    let document = found(&place, 0, &[]);
    assert_eq!((&document["records"], &document["clean"]), (&4.into(), &true.into()));
    let (exit, out, _) = place.run(&[&["audit"][..], &RANGE].concat());
    assert_eq!((exit, out.as_str()), (0, "clean: 4 records of 31 days compared\n"));
    let status = service.get("/v1/status");
    assert_eq!((&status["last_audit"]["missing"], &status["state"]), (&0.into(), &"running".into()));
    assert!(keito.asked("POST", "/").is_empty() && keito.asked("PATCH", "/").is_empty());
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_row_that_is_gone_is_missing() {
    let keito = Keito::start();
    let place = delivered(&keito);
    let gone = keito.expenses().remove(0);
    keito.delete(&gone.id).unwrap();
    let document = found(&place, 3, &[("missing", "")]);
    assert_eq!(document["findings"][0]["remote_ids"][0], *gone.id);
    let service = place.start();
    let status = service.get("/v1/status");
    assert_eq!((&status["last_audit"]["missing"], &status["state"]), (&1.into(), &"degraded".into()));
    assert_eq!(service.stop(), 0);
}

#[test]
fn what_two_machines_billed_is_a_duplicate() {
    let keito = Keito::start();
    let place = delivered(&keito);
    let mut twin = keito.expenses().remove(0);
    let text = format!("{:?}", twin.metadata);
    assert!(text.contains("keitod_id"), "{text}");
    let mut meta = serde_json::to_value(twin.metadata.as_ref().unwrap()).unwrap();
    (meta["keitod_id"], meta["machine"]) = ("k1other".into(), "other".into());
    twin.id = "exp_of_another_machine".into();
    twin.metadata = keitod::sandbox::Metadata::parse(&meta.to_string());
    keito.plant(Vec::new(), vec![twin.clone()]);
    let document = found(&place, 3, &[("duplicate", ""), ("elsewhere", "")]);
    let ids = document["findings"][0]["remote_ids"].as_array().unwrap();
    assert!(ids.contains(&twin.id.into()) && ids.len() == 2, "{document}");
}

#[test]
fn an_amount_edited_by_a_person_is_named_and_no_fault() {
    let keito = Keito::start();
    let place = delivered(&keito);
    let mut edited = keito.expenses().remove(0);
    keito.delete(&edited.id).unwrap();
    edited.total_cost = keitod::sandbox::Number::parse("77.5").unwrap();
    keito.plant(Vec::new(), vec![edited]);
    let document = found(&place, 0, &[("edited", "amount")]);
    assert_eq!(document["findings"][0]["keito"], "77.5");
}

#[test]
fn a_commit_after_the_grace_time_is_seen() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let late = Fault::CommitLate(Duration::from_secs(6), End::Reset);
    let service = place.start();
    service.settle();
    // Once listings are proved: an unproved one would not be sent again.
    keito.faults().add(Rule::new(late).on("POST", Kind::Expenses).first(1));
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    until("it came twice", || {
        service.flush();
        (keito.expenses().len() == 3).then_some(())
    });
    assert_eq!(service.stop(), 0);
    let document = found(&place, 3, &[("duplicate", "")]);
    assert_eq!(document["findings"][0]["ids"].as_array().map(Vec::len), Some(1), "{document}");
    assert_eq!(document["findings"][0]["remote_ids"].as_array().map(Vec::len), Some(2));
}

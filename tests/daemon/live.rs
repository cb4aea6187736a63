//! What is appended shows, whole lines only; every document over the socket.

use serde_json::Value;

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, until};

#[test]
fn a_line_shows_when_it_is_whole() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("live", &talk.exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 1).then_some(()));
    let counts = Counts { input: 7, output: 3, ..Counts::default() };
    place.append("live", &talk.answer(180, counts));
    until("the line shows", || (service.requests() == 2).then_some(()));

    let line = talk.answer(240, counts);
    let (first, second) = line.split_at(line.len() / 2);
    place.append("live", first);
    // A whole line elsewhere is read after the half: once it shows, the half has been seen and left alone.
    place.append("other", &Talk::new(2, "/home/dev/work").exchange());
    until("the other file shows", || (service.requests() == 3).then_some(()));
    assert_eq!(service.flush()["caught_up"], true);
    assert_eq!(service.requests(), 3);
    place.append("live", second);
    until("the second half completes it", || (service.requests() == 4).then_some(()));
    let totals = service.get("/v1/report")["totals"].clone();
    assert_eq!((&totals["input_tokens"], &totals["output_tokens"]), (&2014.into(), &206.into()));
}

fn keys(document: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn curl_is_a_client() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    assert_eq!(service.raw("GET", "/healthz", ""), ("ok".to_owned(), "200".to_owned()));
    assert_eq!(keys(&service.flush()), ["caught_up", "failed", "remaining", "sent"]);

    let status = service.get("/v1/status");
    let contract: Value = serde_json::from_str(include_str!("../fixtures/contract/status.json")).unwrap();
    assert_eq!(keys(&status), keys(&contract));
    for part in ["today", "queue", "keito"] {
        assert_eq!(keys(&status[part]), keys(&contract[part]), "{part}");
    }
    let mut source = status["sources"][0].clone();
    // Beyond the contract: the period of scans, which grows while events prove reliable.
    assert!(source["scan_seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{source}");
    source.as_object_mut().unwrap().remove("scan_seconds");
    assert_eq!(keys(&source), keys(&contract["sources"][0]));
    assert_eq!((&status["state"], &status["caught_up"]), (&"running".into(), &true.into()), "{status}");

    let report = service.get("/v1/report?by=day,agent,model");
    let contract: Value = serde_json::from_str(include_str!("../fixtures/contract/report.json")).unwrap();
    assert_eq!(keys(&report), keys(&contract));
    assert_eq!(keys(&report["rows"][0]), keys(&contract["rows"][0]));
    assert_eq!(keys(&report["totals"]), keys(&contract["totals"]));
    let row = service.get("/v1/report?by=day,model")["rows"][0].clone();
    assert_eq!((&row["day"], &row["model"]), (&"2026-01-05".into(), &"claude-opus-4-6".into()));
    assert_eq!(row["cost_usd"], "0.0075");

    assert_eq!(service.get("/v1/sessions")["sessions"].as_array().unwrap().len(), 1);
    assert!(service.get("/v1/queue")["schema_version"].is_u64());
    assert_eq!(service.raw("GET", "/v1/nothing", "").1, "404");
}

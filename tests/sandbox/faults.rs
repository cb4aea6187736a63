//! Faults on demand, seen from the client's side of a real connection.

use crate::client::{Client, entry, expense};
use keitod::model::Instant;
use keitod::sandbox::{ACCOUNT, Answer, Clock, Cut, End, Fault, KEY, Kind, Rule, Shape};
use serde_json::json;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant as Moment};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Posts an entry by hand and returns every byte that came back and how the connection ended.
async fn post_by_hand(client: &Client) -> (Vec<u8>, Result<(), ErrorKind>) {
    let body = entry(json!({})).to_string();
    let mut stream = TcpStream::connect(client.sandbox.addr()).await.unwrap();
    let request = format!(
        "POST /api/v2/time_entries HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n\
         Keito-Account-Id: {ACCOUNT}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut got = Vec::new();
    let end = stream.read_to_end(&mut got).await;
    (got, end.map(|_| ()).map_err(|error| error.kind()))
}

fn on_post(fault: Fault) -> Rule {
    Rule::new(fault).on("POST", Kind::TimeEntries).nth(1)
}

#[tokio::test]
async fn a_commit_whose_answer_is_cut() {
    let reset: Result<(), ErrorKind> = Err(ErrorKind::ConnectionReset);
    let pause = Duration::from_millis(60);
    let table = [
        (Fault::Drop(End::Reset), 0, reset, false, false),
        (Fault::Drop(End::Close), 0, Ok(()), false, false),
        (Fault::Commit(Cut::NoBytes(End::Reset)), 1, reset, false, false),
        (Fault::Commit(Cut::NoBytes(End::Close)), 1, Ok(()), false, false),
        (Fault::Commit(Cut::Silence(pause)), 1, reset, false, false),
        (Fault::Commit(Cut::HalfHeader(End::Close)), 1, Ok(()), true, false),
        (Fault::Commit(Cut::HalfBody(End::Close)), 1, Ok(()), true, true),
        (Fault::Commit(Cut::Slow(Duration::ZERO)), 1, Ok(()), true, true),
    ];
    for (fault, stored, ended, some_bytes, whole_head) in table {
        let client = Client::start(|_| ()).await;
        client.sandbox.faults().add(on_post(fault.clone()));
        let (got, end) = post_by_hand(&client).await;
        assert_eq!(end, ended, "{fault:?}");
        assert_eq!(!got.is_empty(), some_bytes, "{fault:?}");
        let text = String::from_utf8(got).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        assert_eq!(text.contains("\r\n\r\n"), whole_head, "{fault:?}");
        if whole_head {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let whole = length.parse::<usize>().unwrap() == body.len();
            assert_eq!(whole, matches!(fault, Fault::Commit(Cut::Slow(_))), "{fault:?}");
        }
        assert_eq!(client.sandbox.entries().len(), stored, "{fault:?}");
        let request = client.sandbox.requests().remove(0);
        assert_eq!((request.handled.is_some(), request.answered), (stored == 1, None), "{fault:?}");
        let again = client.post("time_entries", &entry(json!({}))).await;
        assert_eq!(again.status, 201, "only the first is struck");
    }
}

#[tokio::test]
async fn a_late_commit_is_stored_after_the_connection_was_dropped() {
    let client = Client::start(|_| ()).await;
    let late = Duration::from_millis(80);
    client.sandbox.faults().add(on_post(Fault::CommitLate(late, End::Reset)));
    let sent = Moment::now();
    assert!(
        client
            .try_send("POST", "/api/v2/time_entries", Some(entry(json!({})).to_string()), None)
            .await
            .is_err()
    );
    assert_eq!(client.get("time_entries").await.json()["total_entries"], 0);
    let stored = client.sandbox.until(|state| state.entries().len() == 1);
    tokio::time::timeout(Duration::from_secs(10), stored).await.unwrap();
    assert!(sent.elapsed() >= late);
}

#[tokio::test]
async fn a_delayed_answer_outlasts_the_clients_patience() {
    let client = Client::start(|_| ()).await;
    client.sandbox.faults().add(on_post(Fault::Commit(Cut::Delay(Duration::from_secs(30)))));
    let body = entry(json!({}));
    let impatient = tokio::time::timeout(Duration::from_millis(300), client.post("time_entries", &body));
    assert!(impatient.await.is_err());
    assert_eq!(client.sandbox.entries().len(), 1);
}

#[tokio::test]
async fn made_answers_come_as_they_were_made() {
    let client = Client::start(|_| ()).await;
    let faults = client.sandbox.faults();
    let shapes =
        [Shape::Flat, Shape::Extra, Shape::Short, Shape::Message, Shape::Nested, Shape::Html, Shape::Empty];
    for (status, retry, shape) in
        [(429, "0"), (429, "Wed, 21 Oct 2037 07:28:00 GMT"), (503, "soon"), (502, "3600")]
            .into_iter()
            .flat_map(|(status, retry)| shapes.map(|shape| (status, retry, shape)))
    {
        faults.clear();
        faults.add(
            Rule::new(Fault::Answer(Answer::status(status).shape(shape).retry_after(retry)))
                .kind(Kind::Expenses),
        );
        let answer = client.post("expenses", &expense(json!({}))).await;
        assert_eq!((answer.status, answer.headers["retry-after"].to_str().unwrap()), (status, retry));
        assert_eq!(answer.is_html(), shape == Shape::Html && answer.text.starts_with("<!DOCTYPE html>"));
    }
    assert!(client.sandbox.expenses().is_empty());
    faults.clear();
    faults.add(Rule::new(Fault::CommitAnswer(Answer::status(502).shape(Shape::Html))).kind(Kind::Expenses));
    assert_eq!(client.post("expenses", &expense(json!({}))).await.status, 502);
    assert_eq!(client.sandbox.expenses().len(), 1);
    faults.clear();
    faults.add(Rule::new(Fault::Answer(Answer::status(307).header("Location", "http://127.0.0.1:9/"))));
    assert_eq!(client.get("users/me").await.headers["location"], "http://127.0.0.1:9/");
    faults.clear();
    faults.add(Rule::new(Fault::Answer(Answer::status(200).shape(Shape::Html))));
    let portal = client.get("users/me").await;
    assert!(portal.status == 200 && portal.is_html());
    faults.clear();
    faults.add(Rule::new(Fault::Answer(Answer::status(200).flood(5_000_000))));
    assert_eq!(client.get("users/me").await.text.len(), 5_000_000);
}

#[tokio::test]
async fn a_lagging_list_shows_the_past() {
    let now = Arc::new(AtomicI64::new(Instant::parse("2026-03-04T12:00:00Z").unwrap().millis()));
    let shared = Arc::clone(&now);
    let client = Client::start(|settings| {
        settings.clock = Clock::from_fn(move || Instant::from_millis(shared.load(Ordering::SeqCst)));
    })
    .await;
    let pass = |seconds: i64| now.fetch_add(seconds * 1000, Ordering::SeqCst);
    client.sandbox.faults().add(Rule::new(Fault::Lag(Duration::from_secs(60))).method("GET"));
    let hours = async || -> Vec<String> {
        let list = client.get("time_entries").await.json();
        list["time_entries"].as_array().unwrap().iter().map(|row| row["hours"].to_string()).collect()
    };
    let id = client.post("time_entries", &entry(json!({}))).await.id();
    client.post("expenses", &expense(json!({}))).await;
    let none: [&str; 0] = [];
    assert_eq!(hours().await, none);
    assert_eq!(client.get("expenses").await.json()["total_entries"], 0);
    pass(60);
    assert_eq!(hours().await, ["1.5"]);
    assert_eq!(client.get("expenses").await.json()["total_entries"], 1);
    client.patch(&format!("time_entries/{id}"), &json!({ "hours": 2 })).await;
    assert_eq!(hours().await, ["1.5"]);
    pass(59);
    assert_eq!(hours().await, ["1.5"]);
    pass(1);
    assert_eq!(hours().await, ["2"]);
    client.sandbox.delete(&id).unwrap();
    assert_eq!(hours().await, ["2"]);
    pass(60);
    assert_eq!(hours().await, none);
}

#[tokio::test]
async fn lists_can_lose_filters_and_shift_pages() {
    let client = Client::start(|_| ()).await;
    for day in 1..=6 {
        client.post("time_entries", &entry(json!({ "spent_date": format!("2026-03-{day:02}") }))).await;
    }
    let faults = client.sandbox.faults();
    let distinct = async |query: &str| {
        let mut days = std::collections::BTreeSet::new();
        for page in 1..=3 {
            let list = client.get(&format!("time_entries?per_page=2&page={page}&{query}")).await.json();
            assert_eq!(list["total_entries"], 6);
            days.extend(
                list["time_entries"].as_array().unwrap().iter().map(|row| row["spent_date"].to_string()),
            );
        }
        days.len()
    };
    faults.add(Rule::new(Fault::IgnoreFilters));
    assert_eq!(distinct("from=2026-03-05&source=web").await, 6);
    for by in [1, -1] {
        faults.clear();
        faults.add(Rule::new(Fault::Shift(by)));
        assert_eq!(distinct("").await, 5, "shift by {by}");
    }
}

#[tokio::test]
async fn faults_by_chance_strike_the_same_requests_for_the_same_seed() {
    let run = async |seed| -> Vec<u16> {
        let client = Client::start(|settings| settings.seed = seed).await;
        client.sandbox.faults().add(Rule::new(Fault::Answer(Answer::status(500))).per_mille(400));
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(client.get("users/me").await.status);
        }
        statuses
    };
    let first = run(5).await;
    assert!(first.contains(&500) && first.contains(&200));
    assert_eq!(run(5).await, first);
    assert_ne!(run(6).await, first);
}

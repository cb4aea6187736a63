//! Streams of events and the table of routes, over a real socket.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::testing::{QUICK, Served, serve_with, to_end};
use super::*;

const LISTEN: &[u8] = b"GET /v1/events HTTP/1.1\r\nhost: k\r\n\r\n";

fn listen(served: &Served) -> UnixStream {
    let mut stream = served.open();
    stream.write_all(LISTEN).unwrap();
    stream
}

fn happens(served: &Served, data: &str) {
    let event = Event { kind: "record", data: Arc::from(data.as_bytes()) };
    served.echo.happens.send(event).unwrap();
}

/// Reads until all that was read holds `word`.
#[track_caller]
fn until(stream: &mut UnixStream, word: &str) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while !text.contains(word) {
        let read = stream.read(&mut bytes).unwrap();
        assert!(read > 0, "it ended before {word}: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    text
}

#[test]
fn a_stream_begins_with_the_status_and_outlives_silence() {
    let served = serve_with(QUICK);
    let mut stream = listen(&served);
    let text = until(&mut stream, "\n\n");
    assert!(text.to_lowercase().contains("content-type: text/event-stream"), "{text}");
    let text = if text.contains("data:") { text } else { until(&mut stream, "data:") };
    assert!(text.contains("event: status\ndata: {\"rescans\":0}\n"), "{text}");
    std::thread::sleep(QUICK.idle + QUICK.head);
    happens(&served, "{\"id\":\"k1\"}");
    let text = until(&mut stream, "k1");
    assert!(text.contains("event: record\ndata: {\"id\":\"k1\"}\n\n"), "{text}");
    served.stop.cancel();
    let begun = Instant::now();
    to_end(stream);
    assert!(begun.elapsed() < Duration::from_secs(2), "a stop ends streams at once");
}

#[test]
fn who_does_not_read_its_events_is_cut_and_the_others_are_not() {
    let served = serve_with(QUICK);
    let (slow, mut quick) = (listen(&served), listen(&served));
    until(&mut quick, "rescans");
    while served.echo.happens.receiver_count() < 2 {
        std::thread::yield_now();
    }
    let long = format!("\"{}\"", "x".repeat(50_000));
    let begun = Instant::now();
    while served.echo.happens.receiver_count() > 1 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is still served");
        happens(&served, &long);
        until(&mut quick, "\"\n\n");
    }
    happens(&served, "\"the end\"");
    until(&mut quick, "the end");
    drop(slow);
}

#[test]
fn streams_leave_seats_for_questions() {
    let served = serve_with(Limits::DAEMON);
    let mut streams: Vec<UnixStream> = (0..8).map(|_| listen(&served)).collect();
    streams.iter_mut().for_each(|stream| drop(until(stream, "rescans")));
    let mut ninth = listen(&served);
    let text = until(&mut ninth, "busy");
    assert!(text.starts_with("HTTP/1.1 503 "), "{text}");
    assert!(served.call("GET", "/v1/status", "").is_ok());
    let seen = served.call("GET", "/metrics", "").unwrap();
    assert!(seen.contains("streams: 8"), "{seen}");
    drop(streams);
    let begun = Instant::now();
    while !served.call("GET", "/metrics", "").unwrap().contains("streams: 0") {
        assert!(begun.elapsed() < Duration::from_secs(10), "seats of those who left are not free");
    }
}

#[test]
fn every_question_and_act_has_its_route() {
    let named = |method, target: &str| {
        let path = target.split('?').next().unwrap_or(target);
        let fits = |route: &&Route| {
            let (asked, known): (Vec<&str>, Vec<&str>) =
                (path.split('/').collect(), route.path.split('/').collect());
            let same = |(a, b): (&&str, &&str)| a == b || b.starts_with('{');
            route.method == method && asked.len() == known.len() && asked.iter().zip(&known).all(same)
        };
        assert!(ROUTES.iter().any(|route| fits(&route)), "{method} {target}");
    };
    for question in [
        Question::Status,
        Question::Statusline(StatuslineQuery { session: Some("a/b".into()), dir: Some("/x y".into()) }),
        Question::Sessions(SessionsQuery::default()),
        Question::Queue(QueueQuery::default()),
        Question::Record("k1".into()),
        Question::Explain("a/b".into()),
        Question::Report(ReportQuery::new(Vec::new(), None, None).unwrap()),
        Question::Audit(AuditQuery::default()),
    ] {
        named("GET", &question.target());
    }
    let id = || "k1".to_owned();
    for act in [
        Act::Retry { id: id(), reseal: false },
        Act::Discard { id: id(), reason: String::new() },
        Act::Approve { id: id() },
        Act::SetZone { zone: String::new(), from: None, sure: false },
        Act::Backfill(Backfill::default()),
        Act::Assign(Box::default()),
        Act::ApproveAgent { agent: id() },
        Act::Pause,
        Act::Resume,
    ] {
        named("POST", &act.target());
    }
}

#[test]
fn a_question_has_a_deadline() {
    let served = serve_with(Limits::DAEMON);
    let client = Client::new(&served.path);
    let soon = || Instant::now() + Duration::from_secs(5);
    let query = StatuslineQuery { session: Some("a b".into()), dir: None };
    let answer = client.ask_until(&Question::Statusline(query), soon()).unwrap();
    assert_eq!(answer, br#"StatuslineQuery { session: Some("a b"), dir: None }"#);
    assert!(matches!(
        client.ask_until(&Question::Record("none".into()), soon()),
        Err(CallError::Refused { .. })
    ));

    // Nobody accepts: first no answer comes, and once the queue is full nobody can even knock.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let _deaf = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let client = Client::new(&path);
    for _ in 0..3 {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(50);
        assert!(client.ask_until(&Question::Status, end).is_err());
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    }
    let mut queue = Vec::new();
    let full = || {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(50);
        assert!(client.ask_until(&Question::Status, end).is_err());
        begun.elapsed()
    };
    // As many as the queue takes, and some that wait.
    for _ in 0..200 {
        let path = path.clone();
        queue.push(std::thread::spawn(move || {
            let stream = UnixStream::connect(path);
            std::thread::sleep(Duration::from_millis(300));
            drop(stream);
        }));
    }
    assert!(full() < Duration::from_millis(500));
    drop(_deaf);
    queue.into_iter().for_each(|thread| thread.join().unwrap());
}

//! The server over a real socket, asked by curl, by raw bytes and by our own client.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::testing::{Lock, QUICK, serve_with, to_end};
use super::*;

const GET_STATUS: &[u8] = b"GET /v1/status HTTP/1.1\r\nhost: k\r\n\r\n";

/// One response with a Content-Length from a connection that stays open.
fn one(stream: &mut UnixStream) -> String {
    let mut got = Vec::new();
    loop {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        got.push(byte[0]);
        let text = String::from_utf8_lossy(&got);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            if body.len() == length.parse::<usize>().unwrap() {
                return text.into_owned();
            }
        }
    }
}

#[test]
fn each_path_answers_or_says_why_not() {
    let served = serve_with(Limits::DAEMON);
    let ok = |method, target, body, expected: &str| {
        assert_eq!(served.call(method, target, body).unwrap(), expected, "{method} {target} {body}");
    };
    ok("GET", "/healthz", "", "ok");
    ok("GET", "/v1/status", "", r#"{"rescans":0}"#);
    ok(
        "GET",
        "/v1/sessions?agent=codex&limit=2",
        "",
        r#"SessionsQuery { agent: Some("codex"), limit: Some(2) }"#,
    );
    ok("GET", "/v1/queue?state=dead", "", r#"QueueQuery { state: Some("dead"), limit: None }"#);
    ok("GET", "/v1/queue/a%2Fb", "", "a/b");
    ok("GET", "/v1/report", "", "[Day] None None");
    ok(
        "GET",
        "/v1/report?by=day,model&from=2026-05-01&to=2026-05-02",
        "",
        "[Day, Model] Some(2026-05-01) Some(2026-05-02)",
    );
    ok("POST", "/v1/flush", "", "Flush { settle: false, expenses: false }");
    ok("POST", "/v1/flush", " {} ", "Flush { settle: false, expenses: false }");
    ok("POST", "/v1/flush", r#"{"settle":true}"#, "Flush { settle: true, expenses: false }");
    ok("POST", "/v1/rescan", "", r#"{"schema_version":1,"accepted":true}"#);
    ok("GET", "/v1/status", "", r#"{"rescans":1}"#);

    for (method, target, body, status, code) in [
        ("GET", "/", "", 404, "not_found"),
        ("GET", "/v1/queue/none", "", 404, "not_found"),
        ("POST", "/v1/status", "", 405, "method_not_allowed"),
        ("GET", "/v1/flush", "", 405, "method_not_allowed"),
        ("GET", "/v1/sessions?agents=x", "", 400, "invalid_input"),
        ("GET", "/v1/sessions?limit=-1", "", 400, "invalid_input"),
        ("GET", "/v1/queue/%FF", "", 400, "invalid_input"),
        ("GET", "/v1/report?by=colour", "", 400, "invalid_input"),
        ("GET", "/v1/report?by=day,day", "", 400, "invalid_input"),
        ("GET", "/v1/report?from=2026-02-30", "", 400, "invalid_input"),
        ("GET", "/v1/report?from=2026-05-02&to=2026-05-01", "", 400, "invalid_input"),
        ("POST", "/v1/flush", "{", 400, "invalid_input"),
        ("POST", "/v1/flush", "[1]", 400, "invalid_input"),
        ("POST", "/v1/flush", r#"{"settel":true}"#, 400, "invalid_input"),
        ("POST", "/v1/flush", r#"{"settle":1}"#, 400, "invalid_input"),
    ] {
        match served.call(method, target, body) {
            Err(CallError::Refused { status: s, code: c, message }) => {
                assert_eq!((s, c.as_str()), (status, code), "{method} {target} {body}");
                assert!(!message.is_empty());
            }
            other => panic!("{method} {target} {body}: {other:?}"),
        }
    }
}

#[test]
fn curl_is_a_client_and_keeps_its_connection() {
    let served = serve_with(Limits::DAEMON);
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--verbose", "--unix-socket"])
        .arg(&served.path)
        .args(["http://k/v1/status", "http://k/v1/report?by=day,model"])
        .output();
    let Ok(output) = output else {
        // Without curl on this machine the raw connection below says the same.
        return;
    };
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{err}");
    assert_eq!(out, r#"{"rescans":0}[Day, Model] None None"#);
    assert_eq!(err.to_lowercase().matches("content-length: ").count(), 2, "{err}");
    assert_eq!(err.to_lowercase().matches("* connected to").count(), 1, "{err}");

    let output = Command::new("curl")
        .args(["--silent", "--write-out", " %{http_code} %{content_type}", "--unix-socket"])
        .arg(&served.path)
        .args(["-d", r#"{"settle":true,"more":1}"#, "http://k/v1/flush"])
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.starts_with(r#"{"code":"invalid_input","error":true,"message":"#), "{out}");
    assert!(out.ends_with(" 400 application/json"), "{out}");
}

#[test]
fn two_requests_on_one_connection() {
    let served = serve_with(QUICK);
    let mut stream = served.open();
    for _ in 0..2 {
        stream.write_all(GET_STATUS).unwrap();
        let response = one(&mut stream);
        assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
        assert!(response.ends_with("\r\n\r\n{\"rescans\":0}"), "{response}");
        // Longer than a head may take: silence between requests is another thing.
        assert!(QUICK.head < Duration::from_millis(400));
        std::thread::sleep(Duration::from_millis(400));
    }
    let silence = Instant::now();
    assert_eq!(to_end(stream), "", "an idle connection is closed without a word");
    assert!(silence.elapsed() < Duration::from_secs(5), "by its idle time");
}

#[test]
fn who_is_slow_with_a_head_is_closed() {
    let served = serve_with(QUICK);
    let started = Instant::now();
    assert_eq!(served.raw(b""), "");
    assert_eq!(served.raw(b"GET /v1/status HTT"), "");
    // A byte now and then does not help.
    let mut stream = served.open();
    let trickle = started + Duration::from_secs(20);
    let mut closed = false;
    for byte in GET_STATUS.iter().cycle().take(200).filter(|byte| **byte != b'\n') {
        std::thread::sleep(Duration::from_millis(50));
        closed = stream.write_all(&[*byte]).is_err();
        if closed || Instant::now() > trickle {
            break;
        }
    }
    assert!(closed, "a trickle kept the connection");
    // Nor after a first, quick request.
    let mut stream = served.open();
    stream.write_all(GET_STATUS).unwrap();
    one(&mut stream);
    let second = Instant::now();
    stream.write_all(b"GET /").unwrap();
    assert_eq!(to_end(stream), "");
    assert!(second.elapsed() < QUICK.idle, "the time of a head, not that of silence: {:?}", second.elapsed());
}

#[test]
fn an_answer_may_take_longer_than_a_head() {
    let served = serve_with(QUICK);
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| served.call("POST", "/v1/flush", r#"{"expenses":true}"#));
        std::thread::sleep(QUICK.idle + QUICK.head);
        assert!(!flush.is_finished());
        served.echo.release.notify_one();
        assert_eq!(flush.join().unwrap().unwrap(), "Flush { settle: false, expenses: true }");
    });
}

#[test]
fn a_request_is_bounded() {
    let served = serve_with(Limits::DAEMON);
    let head = format!("GET /v1/status HTTP/1.1\r\nhost: k\r\nx: {}\r\n\r\n", "a".repeat(2 * REQUEST_LIMIT));
    let response = served.raw(head.as_bytes());
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431 "), "{response}");
    let fits = format!(r#"{{"settle":true{}}}"#, " ".repeat(REQUEST_LIMIT - 20));
    assert!(served.call("POST", "/v1/flush", &fits).is_ok());
    for body in [
        format!("content-length: {0}\r\n\r\n{1}", REQUEST_LIMIT + 1, " ".repeat(REQUEST_LIMIT + 1)),
        format!("content-length: {}\r\n\r\n", 1u64 << 40),
        format!(
            "transfer-encoding: chunked\r\n\r\n{0:x}\r\n{1}\r\n0\r\n\r\n",
            REQUEST_LIMIT + 1,
            " ".repeat(REQUEST_LIMIT + 1)
        ),
    ] {
        let request = format!("POST /v1/flush HTTP/1.1\r\nhost: k\r\nconnection: close\r\n{body}");
        let response = served.raw(request.as_bytes());
        assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
        assert!(response.contains(r#""code":"too_large""#), "{response}");
    }
    assert!(served.call("GET", "/v1/status", "").is_ok(), "and the others go on");
}

#[test]
fn a_body_that_does_not_come_is_not_awaited() {
    let served = serve_with(QUICK);
    let response =
        served.raw(b"POST /v1/flush HTTP/1.1\r\nhost: k\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{");
    assert!(response.starts_with("HTTP/1.1 408 "), "{response}");
}

/// Asks for an answer that does not come before the test lets it.
fn wait_for_an_answer(stream: &mut UnixStream) {
    let body = r#"{"settle":true,"expenses":true}"#;
    let head = format!("POST /v1/flush HTTP/1.1\r\nhost: k\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).unwrap();
}

#[test]
fn the_seventeenth_client_is_told_so() {
    let served = serve_with(Limits::DAEMON);
    let mut seated: Vec<UnixStream> = (0..16).map(|_| served.open()).collect();
    seated.iter_mut().for_each(wait_for_an_answer);
    while served.echo.flushes.load(Ordering::SeqCst) < 16 {
        std::thread::yield_now();
    }
    match served.call("GET", "/v1/status", "") {
        Err(CallError::Refused { status: 503, code, .. }) => assert_eq!(code, "busy"),
        other => panic!("{other:?}"),
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while served.call("GET", "/v1/status", "").is_err() {
        assert!(Instant::now() < deadline, "a seat came free and nobody was let in");
        served.echo.release.notify_one();
    }
}

#[test]
fn who_says_nothing_leaves_for_who_does() {
    let served = serve_with(Limits { idle: Duration::from_secs(600), ..Limits::DAEMON });
    let mut silent: Vec<UnixStream> = (0..16)
        .map(|_| {
            let mut stream = served.open();
            stream.write_all(GET_STATUS).unwrap();
            one(&mut stream);
            stream
        })
        .collect();
    assert!(served.call("GET", "/v1/status", "").is_ok());
    assert_eq!(to_end(silent.remove(0)), "", "the one that was silent for longest");
    silent[0].write_all(GET_STATUS).unwrap();
    assert!(one(&mut silent[0]).starts_with("HTTP/1.1 200 "), "the others stay");
}

#[test]
fn who_does_not_read_is_closed() {
    let served = serve_with(QUICK);
    let mut stream = served.open();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let error = loop {
        if let Err(error) = stream.write_all(GET_STATUS) {
            break error;
        }
    };
    let waited = [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut];
    assert!(!waited.contains(&error.kind()), "it is still open: {error}");
}

#[test]
fn a_stop_ends_answers_and_takes_the_socket_along() {
    let served = serve_with(Limits { idle: Duration::from_secs(600), ..Limits::DAEMON });
    let mut idle = served.open();
    idle.write_all(GET_STATUS).unwrap();
    one(&mut idle);
    std::thread::scope(|scope| {
        let flush = scope.spawn(|| {
            let mut stream = served.open();
            let body = r#"{"expenses":true}"#;
            let head =
                format!("POST /v1/flush HTTP/1.1\r\nhost: k\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(head.as_bytes()).unwrap();
            to_end(stream)
        });
        while served.echo.flushes.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        served.stop.cancel();
        assert_eq!(to_end(idle), "", "idle connections end at once");
        served.echo.release.notify_one();
        let response = flush.join().unwrap();
        assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    });
    let path = served.path.clone();
    drop(served);
    assert!(!path.exists());
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn only_we_can_enter_directory_and_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a/b/keitod.sock");
    let bound = bind(&path, &Lock).unwrap();
    assert_eq!((mode(path.parent().unwrap()), mode(&path)), (0o700, 0o600));
    assert_eq!(bound.path(), path);
    drop(bound);
    assert!(!path.exists(), "the file goes with its socket");

    for lax in [0o701, 0o710, 0o750, 0o755, 0o777, 0o1777] {
        set_mode(path.parent().unwrap(), lax);
        match bind(&path, &Lock) {
            Err(error @ BindError::Open { .. }) => {
                assert!(error.to_string().contains("chmod 700"), "{error}")
            }
            other => panic!("{lax:o}: {other:?}"),
        }
        assert_eq!(mode(path.parent().unwrap()), lax, "and is left as it was");
    }
}

#[test]
fn only_what_a_dead_keitod_left_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    set_mode(dir.path(), 0o700);
    let path = dir.path().join("keitod.sock");

    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "a dead socket's file stays");
    let bound = bind(&path, &Lock).unwrap();
    assert!(matches!(bind(&path, &Lock), Err(BindError::InUse { .. })), "who answers is not dead");
    assert!(path.exists());

    // Removed by hand and bound by another: not ours to remove any more.
    std::fs::remove_file(&path).unwrap();
    let other = bind(&path, &Lock).unwrap();
    drop(bound);
    assert!(UnixStream::connect(&path).is_ok());
    drop(other);

    std::fs::write(&path, "precious").unwrap();
    assert!(matches!(bind(&path, &Lock), Err(BindError::NotASocket { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");

    let longest = dir.path().join("x".repeat(107 - dir.path().as_os_str().len() - 1));
    if cfg!(target_os = "linux") {
        assert!(bind(&longest, &Lock).is_ok());
    }
    let long = dir.path().join("x".repeat(108));
    match bind(&long, &Lock) {
        Err(error @ BindError::TooLong { .. }) => {
            assert!(error.to_string().contains("KEITOD_SOCKET"), "{error}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_daemon_is_a_case_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s");
    let ask = || Client::new(&path).ask(&Question::Status);
    assert!(matches!(ask(), Err(CallError::NotRunning { .. })), "no file");
    drop(UnixListener::bind(&path).unwrap());
    assert!(matches!(ask(), Err(CallError::NotRunning { .. })), "a dead socket");
    std::fs::remove_file(&path).unwrap();
    let listener = UnixListener::bind(&path).unwrap();
    let thread = std::thread::spawn(move || drop(listener.accept()));
    assert!(matches!(ask(), Err(CallError::Broken(_) | CallError::Unintelligible(_))), "it hung up");
    thread.join().unwrap();
}

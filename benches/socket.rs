//! How long does `GET /v1/status` take over the socket while a backlog is being read into a store with a history?
//!
//! `cargo bench --bench socket` prints median, p99 and the slowest of 100,000 requests on one connection, each next to a
//! `GET /healthz`, which is the same way without an answer to be made, and the ratio of the two.
//! `KEITOD_BENCH_REQUESTS` is another number of requests, `KEITOD_BENCH_HISTORY` the MB of logs that are read before
//! (256; the goal of row 6 is told of 1000). A kilobyte of log is a kilobyte of database, more or less.
//! `KEITOD_BENCH_BINARY` is another build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keitod::server::{Client, Question};
use serde_json::Value;

/// Bytes of a file of logs.
const FILE: usize = 2 << 20;
/// The backlog grows by a file after so long.
const PAUSE: Duration = Duration::from_millis(100);

fn start(home: &Path) -> Child {
    let text = "since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n";
    std::fs::write(home.join("keitod.toml"), text).unwrap();
    Command::new(std::env::var_os("KEITOD_BENCH_BINARY").unwrap_or(env!("CARGO_BIN_EXE_keitod").into()))
        .arg("run")
        .env_clear()
        .env("HOME", home)
        .env("KEITOD_CONFIG", home.join("keitod.toml"))
        .env("KEITOD_STATE_DIR", home.join("state"))
        .env("KEITOD_SOCKET", home.join("run/keitod.sock"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A session of some hours that ended `back` hours ago.
fn write(logs: &Path, number: usize, back: i64) {
    let end = keitod::daemon::time::now().seconds() - back * 3600;
    let mut text = String::with_capacity(FILE + 1000);
    let mut line = 0;
    while text.len() < FILE {
        line += 1;
        let at = keitod::model::Instant::from_seconds(end - 40_000 + i64::from(line));
        let _ = writeln!(
            text,
            r#"{{"type":"assistant","message":{{"id":"msg_{number}_{line}","type":"message","role":"assistant","model":"claude-opus-4-6","content":[],"stop_reason":"end_turn","usage":{{"input_tokens":3,"output_tokens":5}}}},"requestId":"req_{number}_{line}","uuid":"{number:08x}-0000-4000-8000-{line:012x}","timestamp":"{at}","sessionId":"s{number}","cwd":"/home/dev/work{}"}}"#,
            number % 40
        );
    }
    std::fs::write(logs.join(format!("{number}.jsonl")), text).unwrap();
}

/// Files of Claude Code that were read.
fn files_read(client: &Client) -> usize {
    let status = client.ask(&Question::Status).ok();
    let status =
        status.and_then(|document| serde_json::from_slice::<Value>(&document).ok()).unwrap_or_default();
    let sources = status["sources"].as_array().cloned().unwrap_or_default();
    let of = sources.iter().find(|source| source["agent"] == "claude-code");
    of.and_then(|source| source["files"].as_u64()).and_then(|files| files.try_into().ok()).unwrap_or(0)
}

/// Whether all that is there was found and read.
fn caught_up(client: &Client) -> bool {
    let status = client.ask(&Question::Status).ok();
    let status = status.and_then(|document| serde_json::from_slice::<Value>(&document).ok());
    status.is_some_and(|status| status["caught_up"] == true)
}

struct Asking(BufReader<UnixStream>);

impl Asking {
    fn ask(&mut self, path: &str) -> Duration {
        let begun = Instant::now();
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nhost: k\r\n\r\n").unwrap();
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        begun.elapsed()
    }
}

fn told(what: &str, mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    let [middle, high] = [times[times.len() / 2], times[times.len() * 99 / 100]];
    println!("GET {what}: median {middle:?}, p99 {high:?}, slowest {:?}", times[times.len() - 1]);
    [middle, high]
}

fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    let requests = number("KEITOD_BENCH_REQUESTS", 100_000);
    let history = number("KEITOD_BENCH_HISTORY", 256) * (1 << 20) / FILE;
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join(".claude/projects/-home-dev-work");
    std::fs::create_dir_all(&logs).unwrap();
    // A year of it, up to a moment ago.
    (0..history).for_each(|at| write(&logs, at, i64::try_from(at * 8760 / history).unwrap()));
    let mut daemon = start(home.path());
    let socket = home.path().join("run/keitod.sock");
    let client = Client::new(&socket);
    let begun = Instant::now();
    while !caught_up(&client) {
        assert!(begun.elapsed() < Duration::from_secs(3600), "the history is not read");
        std::thread::sleep(Duration::from_millis(100));
    }
    let database = std::fs::metadata(home.path().join("state/keitod.db")).unwrap().len();
    println!("history read in {:?}: a database of {} MB", begun.elapsed(), database >> 20);
    let (over, there) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(history)));
    let writing = {
        let (over, there, logs) = (Arc::clone(&over), Arc::clone(&there), logs.clone());
        std::thread::spawn(move || {
            for at in history.. {
                if over.load(Ordering::Relaxed) {
                    return at - history;
                }
                write(&logs, at, 0);
                there.store(at + 1, Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
            0
        })
    };
    while files_read(&client) <= history {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut asking = Asking(BufReader::new(UnixStream::connect(&socket).unwrap()));
    let (mut status, mut plain) = (Vec::new(), Vec::new());
    let mut looks = [0, 0];
    for at in 0..requests {
        plain.push(asking.ask("/healthz"));
        status.push(asking.ask("/v1/status"));
        if at % 500 == 0 {
            looks[usize::from(files_read(&client) < there.load(Ordering::Relaxed))] += 1;
        }
    }
    let left = there.load(Ordering::Relaxed).saturating_sub(files_read(&client));
    over.store(true, Ordering::Relaxed);
    let files = writing.join().unwrap();
    println!(
        "{requests} requests of each while {files} files of 2 MB came; {left} of them were left; {} of {} looks between saw a backlog",
        looks[1],
        looks[0] + looks[1]
    );
    let ([middle, high], plain) = (told("/v1/status", status), told("/healthz", plain));
    let ratio = |a: Duration, b: Duration| a.as_nanos() * 100 / b.as_nanos().max(1);
    let (middle, high) = (ratio(middle, plain[0]), ratio(high, plain[1]));
    println!("ratio: median {}.{:02}, p99 {}.{:02}", middle / 100, middle % 100, high / 100, high % 100);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

//! How long after a line is appended to a live log does `GET /v1/report` show its request?
//!
//! `cargo bench --bench live` prints median and p99 over 100 appends that are further apart than `tail.debounce`, and the median as a multiple of the baseline: one
//! `GET /healthz` over the same socket in the same run. Real binary, real inotify, real SQLite.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keitod::server::{Client, Question, ReportQuery};

const APPENDS: u64 = 100;
/// Longer than the debounce: the first line after a pause is read at once, repeats within 200 ms wait for their turn.
const PAUSE: Duration = Duration::from_millis(220);

fn start(home: &Path) -> Child {
    std::fs::write(home.join("keitod.toml"), "since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n")
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_keitod"))
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

fn requests(client: &Client, question: &Question) -> Option<u64> {
    let document = client.ask(question).ok()?;
    serde_json::from_slice::<serde_json::Value>(&document).ok()?["totals"]["requests"].as_u64()
}

fn line(number: u64) -> String {
    let at = keitod::model::Instant::from_seconds(1_767_607_200 + i64::try_from(number).unwrap());
    format!(
        r#"{{"type":"assistant","message":{{"id":"msg_{number}","type":"message","role":"assistant","model":"claude-opus-4-6","content":[],"stop_reason":"end_turn","usage":{{"input_tokens":3,"output_tokens":5}}}},"requestId":"req_{number}","uuid":"00000000-0000-4000-8000-{number:012x}","timestamp":"{at}","sessionId":"live","cwd":"/home/dev/work"}}"#
    )
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort_unstable();
    times
}

fn main() {
    let home = tempfile::tempdir().unwrap();
    let logs = home.path().join(".claude/projects/-home-dev-work");
    std::fs::create_dir_all(&logs).unwrap();
    let mut log = OpenOptions::new().create(true).append(true).open(logs.join("live.jsonl")).unwrap();
    let mut daemon = start(home.path());
    let client = Client::new(&home.path().join("run/keitod.sock"));
    let question = Question::Report(ReportQuery::new(Vec::new(), None, None).unwrap());
    let begun = Instant::now();
    while requests(&client, &question).is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the daemon does not answer");
        std::thread::sleep(Duration::from_millis(5));
    }
    let (mut shown, mut baseline) = (Vec::new(), Vec::new());
    for number in 1..=APPENDS {
        let begun = Instant::now();
        client.call("GET", "/healthz", b"", Some(Duration::from_secs(5))).unwrap();
        baseline.push(begun.elapsed());
        std::thread::sleep(PAUSE);
        let begun = Instant::now();
        writeln!(log, "{}", line(number)).unwrap();
        while requests(&client, &question) < Some(number) {
            assert!(begun.elapsed() < Duration::from_secs(20), "append {number} does not show");
        }
        shown.push(begun.elapsed());
    }
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    let (shown, baseline) = (sorted(shown), sorted(baseline));
    let (middle, high) = (shown.len() / 2, shown.len() * 99 / 100);
    println!(
        "append → GET /v1/report: median {:?}, p99 {:?}, over {APPENDS} appends",
        shown[middle], shown[high]
    );
    let ratio = shown[middle].as_micros() / baseline[baseline.len() / 2].as_micros().max(1);
    println!("baseline GET /healthz: median {:?}; ratio {ratio}", baseline[baseline.len() / 2]);
}

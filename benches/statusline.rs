//! How long does `keitod statusline` take, the whole process, beside `/bin/true` in the same run?
//!
//! `cargo bench --bench statusline` prints the medians over 300 starts of each, one after the other, and their ratio: with
//! the daemon answering and without one. `KEITOD_BENCH_RUNS` is another number of starts, `KEITOD_BENCH_BINARY`
//! another build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keitod::server::{Client, Question};

const SAID: &[u8] = br#"{"session_id":"none","cwd":"/home/dev/work","model":{"display_name":"Opus"}}"#;

fn keitod(home: &Path, word: &str) -> Command {
    let mut command =
        Command::new(std::env::var_os("KEITOD_BENCH_BINARY").unwrap_or(env!("CARGO_BIN_EXE_keitod").into()));
    command
        .arg(word)
        .env_clear()
        .env("HOME", home)
        .env("KEITOD_CONFIG", home.join("keitod.toml"))
        .env("KEITOD_STATE_DIR", home.join("state"))
        .env("KEITOD_SOCKET", home.join("run/keitod.sock"))
        .stderr(Stdio::null());
    command
}

/// From the start to the end of a process that is told something.
fn took(mut command: Command) -> Duration {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    // Who reads nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(SAID);
    assert!(child.wait().unwrap().success());
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn compare(what: &str, home: &Path, runs: usize) {
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        plain.push(took(Command::new("/bin/true")));
        ours.push(took(keitod(home, "statusline")));
    }
    let (ours, plain) = (median(ours), median(plain));
    let hundredths = ours.as_micros() * 100 / plain.as_micros().max(1);
    println!(
        "keitod statusline, {what}: median {ours:?}; /bin/true {plain:?}; ratio {}.{:02}",
        hundredths / 100,
        hundredths % 100
    );
}

fn main() {
    let runs = std::env::var("KEITOD_BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(300);
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("keitod.toml"), "timezone = \"UTC\"\n").unwrap();
    let mut daemon = keitod(home.path(), "run").stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let client = Client::new(&home.path().join("run/keitod.sock"));
    let begun = Instant::now();
    while client.ask(&Question::Status).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the daemon does not answer");
        std::thread::sleep(Duration::from_millis(5));
    }
    compare("daemon up", home.path(), runs);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    compare("daemon down", home.path(), runs);
}

//! What reading, asking and reporting cost as the history grows: rows 1, 5, 6 and 8 over more bytes and over more sessions.
//!
//! `cargo bench --bench growth` prints a table, each figure beside its baseline measured in turn with it.
//! `KEITOD_BENCH_SIZES` are MB (`100,1000`; `10000` takes 11 GB of disk), `KEITOD_BENCH_SESSIONS` are numbers of sessions
//! (`100,1000,10000`), `KEITOD_BENCH_PLOT` is a file for the picture (SVG), `KEITOD_BENCH_RUNS` how often each is measured (5;
//! what takes milliseconds forty times as often), `KEITOD_BENCH_BINARY` another build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]
#![allow(clippy::float_arithmetic, reason = "ratios that are drawn")]

mod common;
#[path = "corpus/mod.rs"]
mod corpus;
#[path = "growth/plot.rs"]
mod plot;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Asking, Place, number, process, request, spread, took};
use plot::{Line, Panel};

/// A session of its own for appends.
const LIVE: usize = 9_999_999;
const REPORT: [&str; 4] = ["report", "--by", "day,model", "--json"];

/// What was measured over one home: times over their baselines, and milliseconds.
struct Row {
    label: String,
    at: f64,
    reading: f64,
    append_ms: f64,
    status_ms: f64,
    by_daemon: f64,
    from_file: f64,
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64().max(1e-9)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn list(name: &str, default: &str) -> Vec<u64> {
    let text = std::env::var(name).unwrap_or_else(|_| default.to_owned());
    text.split(',').filter_map(|part| part.trim().parse().ok()).collect()
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|is| is == "jsonl") {
            found.push(path);
        }
    }
}

/// `wc -l` of all logs.
fn count_lines(home: &Path, list: &Path) -> Duration {
    let mut found = Vec::new();
    files(home, &mut found);
    let names: Vec<u8> =
        found.iter().flat_map(|path| [path.as_os_str().as_encoded_bytes(), b"\0"].concat()).collect();
    std::fs::write(list, names).unwrap();
    let mut wc = Command::new("wc");
    wc.arg("-l").arg(format!("--files0-from={}", list.display())).stderr(Stdio::null());
    took(wc)
}

fn report(place: &Place, runs: usize) -> f64 {
    let pair = |_| {
        let plain = took(Command::new("/bin/true"));
        ratio(took(place.keitod(&REPORT)), plain)
    };
    median((0..runs).map(pair).collect())
}

/// Until an append shows on the socket, in ms.
fn appends(place: &Place, home: &Path, count: usize) -> f64 {
    let logs = home.join(".claude/projects/-home-dev-live");
    std::fs::create_dir_all(&logs).unwrap();
    let mut log = OpenOptions::new().create(true).append(true).open(logs.join("live.jsonl")).unwrap();
    let now = keitod::daemon::time::now();
    let today = now.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
    let asked = format!("/v1/report?by=session&from={today}&to={today}");
    let mut asking = Asking::new(&place.socket());
    let mut times = Vec::new();
    for nth in 0..count {
        std::thread::sleep(Duration::from_millis(300));
        let line = request(LIVE, nth, keitod::daemon::time::now(), "claude-opus-4-6") + "\n";
        let begun = Instant::now();
        log.write_all(line.as_bytes()).unwrap();
        loop {
            let answer: serde_json::Value = serde_json::from_slice(&asking.answer(&asked).1).unwrap();
            if answer["totals"]["requests"].as_u64() == Some(nth as u64 + 1) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "append {nth} does not show");
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    std::fs::remove_dir_all(logs).unwrap();
    median(times)
}

fn measure(label: String, at: f64, bytes: u64, sessions: u64, runs: usize) -> Row {
    let own = tempfile::tempdir().unwrap();
    let home = own.path().join("home");
    let truth = corpus::write(&home, corpus::Order { bytes, sessions, seed: 1 }).unwrap();
    let list = own.path().join("list");
    count_lines(&home, &list);
    let mut reading = Vec::new();
    for _ in 0..runs {
        let plain = count_lines(&home, &list);
        let place = Place::over(&home);
        reading.push(ratio(process::whole(place.keitod(&["run", "--once"])).wall, plain));
    }
    let place = Place::over(&home);
    process::whole(place.keitod(&["run", "--once"]));
    let many = runs * 40;
    let from_file = report(&place, many);
    let daemon = place.daemon();
    place.read_to_the_end();
    let by_daemon = report(&place, many);
    let mut asking = Asking::new(&place.socket());
    let mut status: Vec<Duration> = (0..many * 10).map(|_| asking.ask("/v1/status")).collect();
    let append_ms = appends(&place, &home, runs * 4);
    drop(daemon);
    let row = Row {
        label,
        at,
        reading: median(reading),
        append_ms,
        status_ms: spread(&mut status).1.as_secs_f64() * 1000.0,
        by_daemon,
        from_file,
    };
    println!(
        "| {} | {} | {} MB | {:.2} | {:.2} ms | {:.3} ms | {:.1} | {:.1} |",
        row.label,
        truth.files,
        truth.bytes / 1_000_000,
        row.reading,
        row.append_ms,
        row.status_ms,
        row.by_daemon,
        row.from_file
    );
    row
}

fn panel(title: &str, rows: &[Row]) -> Panel {
    let line = |name: &'static str, of: fn(&Row) -> f64| Line {
        name,
        points: rows.iter().map(|row| (row.at, of(row))).collect(),
    };
    Panel {
        title: title.to_owned(),
        marks: rows.iter().map(|row| (row.at, row.label.clone())).collect(),
        lines: vec![
            line("reading / wc -l", |row| row.reading),
            line("append to socket, ms", |row| row.append_ms),
            line("status p99, ms", |row| row.status_ms),
            line("report by the daemon / true", |row| row.by_daemon),
            line("report from the file / true", |row| row.from_file),
        ],
    }
}

fn main() {
    let runs = number("KEITOD_BENCH_RUNS", 5);
    println!(
        "| history | files | bytes | 1: reading / wc | 5: append → socket | 6: status p99 | 8: report / true, daemon | file |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let sizes = list("KEITOD_BENCH_SIZES", "100,1000").into_iter();
    let by_size: Vec<Row> =
        sizes.map(|mb| measure(format!("{mb} MB"), mb as f64, mb * 1_000_000, 0, runs)).collect();
    let counts = list("KEITOD_BENCH_SESSIONS", "100,1000,10000").into_iter();
    let by_sessions: Vec<Row> = counts
        .map(|count| measure(format!("{count} sessions"), count as f64, count * 30_000, count, runs))
        .collect();
    if let Some(path) = std::env::var_os("KEITOD_BENCH_PLOT") {
        let panels = [panel("as bytes grow", &by_size), panel("as sessions grow", &by_sessions)];
        std::fs::write(&path, plot::svg(&panels)).unwrap();
        println!("drawn in {}", Path::new(&path).display());
    }
}

//! Reading a history for the first time, and standing by afterwards: the real binary over logs of `benches/corpus`.
//!
//! `cargo bench --bench backfill` prints each figure with its baseline, measured in turn in the same minute; whatever the
//! figure, it ends well. By environment: `KEITOD_BENCH_MB` (100), `KEITOD_BENCH_LARGER_MB` for a second corpus whose peak
//! memory is compared (off), `KEITOD_BENCH_RUNS` (5), `KEITOD_BENCH_SESSIONS` for the restart (10,000 at 1,000 MB, else a
//! tenth), `KEITOD_BENCH_IDLE` seconds (60), `KEITOD_BENCH_COLD=1` to empty the page cache before some runs (root; slows
//! down whatever else runs), `KEITOD_BENCH_ROWS` (`1,3,4,9,10,11`), `KEITOD_BENCH_HOME` for logs that are there already,
//! `KEITOD_BENCH_BINARY` for another build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../corpus/mod.rs"]
mod corpus;
mod figures;
mod idle;
mod killed;
mod restart;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::Place;
use common::process::{self, Took, whole};

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// Logs and their list for `wc`.
pub struct Logs {
    home: PathBuf,
    list: PathBuf,
    bytes: u64,
    truth: Option<corpus::truth::Truth>,
    _own: tempfile::TempDir,
}

impl Logs {
    fn made(bytes: u64, sessions: u64, seed: u64) -> Self {
        let own = tempfile::tempdir().unwrap();
        let home = own.path().join("home");
        let truth = corpus::write(&home, corpus::Order { bytes, sessions, seed }).unwrap();
        println!("corpus: {} files, {} lines, {} MB", truth.files, truth.lines, truth.bytes / 1_000_000);
        Self { list: own.path().join("list"), bytes: truth.bytes, truth: Some(truth), home, _own: own }
            .listed()
    }

    fn found(home: PathBuf) -> Self {
        let own = tempfile::tempdir().unwrap();
        Self { list: own.path().join("list"), bytes: 0, truth: None, home, _own: own }.listed()
    }

    fn listed(mut self) -> Self {
        let mut list = fs::File::create(&self.list).unwrap();
        self.bytes = 0;
        walk(&self.home, &mut |path, data| {
            if path.extension().is_some_and(|is| is == "jsonl") {
                self.bytes += data.len();
                list.write_all(path.to_str().unwrap().as_bytes()).unwrap();
                list.write_all(b"\0").unwrap();
            }
        });
        self
    }

    fn wc(&self) -> Duration {
        let mut command = Command::new("wc");
        command.arg("-l").arg(format!("--files0-from={}", self.list.display())).stdout(Stdio::null());
        let begun = Instant::now();
        assert!(command.status().unwrap().success());
        begun.elapsed()
    }
}

/// All files below, with their `stat`.
pub fn walk(below: &Path, each: &mut impl FnMut(&Path, &fs::Metadata)) {
    for entry in fs::read_dir(below).unwrap().flatten() {
        let path = entry.path();
        let data = fs::symlink_metadata(&path).unwrap();
        if data.is_dir() { walk(&path, each) } else { each(&path, &data) }
    }
}

/// One pass over a fresh state.
fn backfill(logs: &Logs) -> (Place, Took) {
    let place = Place::over(&logs.home);
    let took = whole(place.keitod(&["run", "--once"]));
    (place, took)
}

fn reading(logs: &Logs, runs: u64, rows: &dyn Fn(&str) -> bool) {
    let _ = (logs.wc(), backfill(logs));
    let (mut pairs, mut peaks, mut cpu, mut last) = (Vec::new(), Vec::new(), Vec::new(), None);
    for _ in 0..runs {
        let plain = logs.wc();
        let (place, took) = backfill(logs);
        pairs.push((took.wall, plain));
        peaks.push(took.peak_kib);
        cpu.push((took.cpu, took.wall));
        last = Some(place);
    }
    let place = last.unwrap();
    let ours: Vec<Duration> = pairs.iter().map(|pair| pair.0).collect();
    let plain: Vec<Duration> = pairs.iter().map(|pair| pair.1).collect();
    println!(
        "row 1  backfill, page cache warm: {} x wc -l  (median {:.3?} for {:.3?}; CPU / wall {})",
        figures::pairs(&pairs),
        figures::spread(&ours).1,
        figures::spread(&plain).1,
        figures::pairs(&cpu),
    );
    let (low, middle, high) = figures::spread(&peaks);
    println!(
        "row 3  peak memory: {} MiB ({} … {})",
        figures::mib(middle),
        figures::mib(low),
        figures::mib(high)
    );
    if rows("10") {
        let bytes = place.database_bytes();
        println!("row 10 database {bytes} bytes: {} % of the logs", figures::percent(bytes, logs.bytes));
    }
    if let Some(truth) = &logs.truth {
        let told = place
            .keitod(&["report", "--by", "agent,model", "--json"])
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        let wrong = truth.differing(&serde_json::from_slice(&told.stdout).unwrap());
        println!("       differing values: {}", wrong.len());
        wrong.iter().take(5).for_each(|wrong| println!("       {wrong}"));
    }
    if std::env::var_os("KEITOD_BENCH_COLD").is_some() {
        cold(logs);
    }
    let larger = number("KEITOD_BENCH_LARGER_MB", 0) * 1_000_000;
    if larger > 0 && rows("3") {
        let larger = Logs::made(larger, 0, 3);
        let (_, took) = backfill(&larger);
        println!(
            "row 3  peak memory of {} MB: {} MiB; {} x",
            larger.bytes / 1_000_000,
            figures::mib(took.peak_kib),
            figures::ratio(took.peak_kib.into(), middle.into())
        );
    }
}

fn cold(logs: &Logs) {
    if !process::drop_caches() {
        return println!("row 1  page cache cold: not measured, it takes root");
    }
    let plain = logs.wc();
    process::drop_caches();
    let (_, took) = backfill(logs);
    println!(
        "row 1  backfill, page cache cold: {} x wc -l  ({:.3?} for {plain:.3?})",
        figures::times(took.wall, plain),
        took.wall
    );
}

fn main() {
    let rows = std::env::var("KEITOD_BENCH_ROWS").unwrap_or_else(|_| "1,3,4,9,10,11".to_owned());
    let rows = |row: &str| rows.split(',').any(|wanted| wanted == row);
    let mb = number("KEITOD_BENCH_MB", 100);
    if ["1", "3", "4", "10", "11"].into_iter().any(rows) {
        let logs = match std::env::var_os("KEITOD_BENCH_HOME") {
            Some(home) => Logs::found(home.into()),
            None => Logs::made(mb * 1_000_000, 0, 2),
        };
        if ["1", "3", "10"].into_iter().any(rows) {
            reading(&logs, number("KEITOD_BENCH_RUNS", 5).max(1), &rows);
        }
        if rows("11") {
            killed::measure(&logs.home, logs.bytes);
        }
        if rows("4") {
            idle::measure(&logs.home, Duration::from_secs(number("KEITOD_BENCH_IDLE", 60)));
        }
    }
    if rows("9") {
        let sessions = number("KEITOD_BENCH_SESSIONS", if mb >= 1000 { 10_000 } else { 1000 });
        let logs = Logs::made(sessions * 6000, sessions, 3);
        restart::measure(&logs.home);
    }
}

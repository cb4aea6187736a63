//! How long does `GET /v1/status` take over the socket while a backlog is being read into a store with a history?
//!
//! `cargo bench --bench socket` prints median, p99 and the slowest of 100,000 requests on one connection, each next to a
//! `GET /healthz`, which is the same way without an answer to be made, and the ratio of the two.
//! `KEITOD_BENCH_REQUESTS` is another number of requests, `KEITOD_BENCH_HISTORY` the MB of logs that are read before
//! (256). A kilobyte of log is a kilobyte of database, more or less. `KEITOD_BENCH_BINARY` is another build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Asking, Place, number, ratio, wait};

/// Requests of a file of logs, and its bytes.
const LINES: usize = 5000;
const FILE: usize = LINES * 420;
/// The backlog grows by a file after so long.
const PAUSE: Duration = Duration::from_millis(100);

/// Files of Claude Code that were read.
fn files_read(place: &Place) -> usize {
    let status = place.status().unwrap_or_default();
    let sources = status["sources"].as_array().cloned().unwrap_or_default();
    let of = sources.iter().find(|source| source["agent"] == "claude-code");
    of.and_then(|source| source["files"].as_u64()).and_then(|files| files.try_into().ok()).unwrap_or(0)
}

fn told(what: &str, mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort_unstable();
    let [middle, high] = [times[times.len() / 2], times[times.len() * 99 / 100]];
    println!("GET {what}: median {middle:?}, p99 {high:?}, slowest {:?}", times[times.len() - 1]);
    [middle, high]
}

fn main() {
    let requests = number("KEITOD_BENCH_REQUESTS", 100_000);
    let history = number("KEITOD_BENCH_HISTORY", 256) * (1 << 20) / FILE;
    let place = Place::new("since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n");
    // A year of it, up to a moment ago.
    let write = |at: usize, back: usize| place.session(at, i64::try_from(back * 3600).unwrap(), LINES, 0);
    (0..history).for_each(|at| write(at, at * 8760 / history));
    let begun = Instant::now();
    let daemon = place.daemon();
    wait("the history", || place.status().is_some_and(|status| status["caught_up"] == true));
    println!("history read in {:?}: a database of {} MB", begun.elapsed(), place.database_bytes() >> 20);
    let (over, there) = (AtomicBool::new(false), AtomicUsize::new(history));
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for at in history.. {
                if over.load(Ordering::Relaxed) {
                    return at - history;
                }
                write(at, 0);
                there.store(at + 1, Ordering::Relaxed);
                std::thread::sleep(PAUSE);
            }
            0
        });
        wait("a backlog", || files_read(&place) > history);
        let mut asking = Asking::new(&place.socket());
        let (mut status, mut plain) = (Vec::new(), Vec::new());
        let mut looks = [0, 0];
        for at in 0..requests {
            plain.push(asking.ask("/healthz"));
            status.push(asking.ask("/v1/status"));
            if at % 500 == 0 {
                looks[usize::from(files_read(&place) < there.load(Ordering::Relaxed))] += 1;
            }
        }
        let left = there.load(Ordering::Relaxed).saturating_sub(files_read(&place));
        over.store(true, Ordering::Relaxed);
        let files = writing.join().unwrap();
        println!(
            "{requests} requests of each while {files} files of 2 MB came; {left} of them were left; {} of {} looks between saw a backlog",
            looks[1],
            looks[0] + looks[1]
        );
        let ([middle, high], plain) = (told("/v1/status", status), told("/healthz", plain));
        println!("ratio: median {}, p99 {}", ratio(middle, plain[0]), ratio(high, plain[1]));
    });
    drop(daemon);
}

//! How long does `keitod report --by day,model --json` take over a year of history, the whole process, beside `/bin/true`
//! in the same run?
//!
//! `cargo bench --bench report` prints the medians and their ratio, with the daemon answering and from the database alone.
//! `KEITOD_BENCH_HISTORY` is the MB of logs (100), `KEITOD_BENCH_RUNS` the number of starts (60).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

mod common;

use std::process::Command;

use common::{Place, number, ratio, spread, took};

const WORDS: [&str; 4] = ["report", "--by", "day,model", "--json"];

fn compare(what: &str, place: &Place, runs: usize) {
    let (mut ours, mut plain, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        plain.push(took(Command::new("/bin/true")));
        ours.push(took(place.keitod(&WORDS)));
        bare.push(took(place.keitod(&["--version"])));
    }
    let ((ours, high), (plain, _), (bare, _)) = (spread(&mut ours), spread(&mut plain), spread(&mut bare));
    println!(
        "keitod report --by day,model --json, {what}: median {ours:?}, p99 {high:?}; /bin/true {plain:?}; ratio {} (keitod --version {})",
        ratio(ours, plain),
        ratio(bare, plain)
    );
}

fn main() {
    let runs = number("KEITOD_BENCH_RUNS", 60);
    let place = Place::new("since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n");
    let sessions = place.history(number("KEITOD_BENCH_HISTORY", 100));
    let daemon = place.daemon();
    place.read_to_the_end();
    let database = std::fs::metadata(place.path("state/keitod.db")).unwrap().len();
    println!("{sessions} sessions, a database of {} kB", database >> 10);
    compare("by the daemon", &place, runs);
    drop(daemon);
    compare("from the file", &place, runs);
}

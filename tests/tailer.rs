//! Random histories of a directory of logs, read by the daemon's own reading side with its database, against a model
//! that knows every byte: what is read must be exactly what the table of file identities says.
//!
//! `KEITOD_TAIL_CASES=10000 cargo test --test tailer` runs more; `KEITOD_TAIL_SEED=42 KEITOD_TAIL_CASES=1` replays one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail by panic too"
)]

#[path = "tailer/daemon.rs"]
mod daemon;
#[path = "tailer/history.rs"]
mod history;
#[path = "tailer/live.rs"]
mod live;
#[path = "tailer/model.rs"]
mod model;
#[path = "tailer/whole.rs"]
mod whole;

use std::panic::{AssertUnwindSafe, catch_unwind};

use keitod::sources::About;

/// Of agents that are nobody's.
const ABOUT: About = About { title: "", reads: "", exact: "", less: None, unseen: "", tested: "" };

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_line_is_read_once_whatever_happens_to_its_file() {
    let cases = number("KEITOD_TAIL_CASES").unwrap_or(400);
    let first = number("KEITOD_TAIL_SEED").unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    println!("{cases} histories from KEITOD_TAIL_SEED={first} on");
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for case in (0..cases).filter(|case| case % threads == thread) {
                    let seed = first + case;
                    let played = catch_unwind(AssertUnwindSafe(|| history::play(seed)));
                    assert!(played.is_ok(), "KEITOD_TAIL_SEED={seed} KEITOD_TAIL_CASES=1 replays this");
                }
            });
        }
    });
}

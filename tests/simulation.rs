//! Seeded histories of the clerk against a model of Keito: crashes, lost answers, wiped state, changed mappings,
//! copied and deleted logs, locked entries, between any two steps. Nothing may be billed twice, and at rest nothing
//! may be missing.
//!
//! `KEITOD_SIM_SEEDS=0..100000 cargo test --test simulation` runs more; one seed again, step by step:
//! `KEITOD_SIM_SEEDS=42..43 KEITOD_SIM_TRACE=1 cargo test --test simulation -- --nocapture`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panic too"
)]

#[path = "simulation/chaos.rs"]
mod chaos;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/policy.rs"]
mod policy;
#[path = "simulation/server.rs"]
mod server;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Histories of an ordinary `cargo test`.
const SEEDS: std::ops::Range<u64> = 0..200;

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("KEITOD_SIM_SEEDS") else { return SEEDS };
    let (from, to) = text.split_once("..").expect("KEITOD_SIM_SEEDS=from..to");
    from.parse().expect("a number")..to.parse().expect("a number")
}

#[test]
fn nothing_twice_and_nothing_lost() {
    hold(|history, _| history.run());
}

/// The wall clock is set by an hour, by ten years, a little, and back, between any two steps.
#[test]
fn a_clock_that_is_set_loses_nothing() {
    hold(|history, seed| history.run_with_steps(seed));
}

#[track_caller]
fn hold(run: fn(&mut history::History, u64)) {
    let one = run;
    let (mut failed, mut posts, mut writes) = (Vec::new(), 0_u64, 0_u64);
    for seed in seeds() {
        let run = catch_unwind(AssertUnwindSafe(|| {
            let mut history = history::History::new(seed);
            one(&mut history, seed);
            (history.posts, history.writes)
        }));
        match run {
            Ok((sent, all)) => (posts, writes) = (posts + u64::from(sent), writes + u64::from(all)),
            Err(_) => {
                eprintln!(
                    "replay: KEITOD_SIM_SEEDS={seed}..{} KEITOD_SIM_TRACE=1 cargo test --test simulation -- --nocapture",
                    seed + 1
                );
                failed.push(seed);
            }
        }
    }
    eprintln!("{posts} POSTs, {} PATCHes", writes - posts);
    assert!(failed.is_empty(), "{} histories failed: {failed:?}", failed.len());
}

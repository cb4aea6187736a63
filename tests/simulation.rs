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

#[path = "simulation/attempts.rs"]
mod attempts;
#[path = "simulation/bill.rs"]
mod bill;
#[path = "simulation/chaos.rs"]
mod chaos;
#[path = "simulation/day.rs"]
mod day;
#[path = "simulation/diary.rs"]
mod diary;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/month.rs"]
mod month;
#[path = "simulation/oracle.rs"]
mod oracle;
#[path = "simulation/policy.rs"]
mod policy;
#[path = "simulation/pool.rs"]
mod pool;
#[path = "simulation/server.rs"]
mod server;
#[path = "simulation/two.rs"]
mod two;
#[path = "simulation/world.rs"]
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Histories of an ordinary `cargo test`.
const SEEDS: std::ops::Range<u64> = 0..200;

/// Months are long.
const MONTHS: std::ops::Range<u64> = 0..16;

fn seeds(few: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("KEITOD_SIM_SEEDS") else { return few };
    let (from, to) = text.split_once("..").expect("KEITOD_SIM_SEEDS=from..to");
    from.parse().expect("a number")..to.parse().expect("a number")
}

/// What the histories of one thread did.
#[derive(Default)]
struct Sum {
    failed: Vec<u64>,
    posts: u64,
    writes: u64,
}

fn one(seed: u64, run: fn(&mut history::History, u64), sum: &mut Sum) {
    let run = catch_unwind(AssertUnwindSafe(|| {
        let mut history = history::History::new(seed);
        run(&mut history, seed);
        let done = (history.posts, history.writes);
        history.end();
        done
    }));
    match run {
        Ok((posts, writes)) => {
            sum.posts += u64::from(posts);
            sum.writes += u64::from(writes);
        }
        Err(_) => {
            eprintln!(
                "replay: KEITOD_SIM_SEEDS={seed}..{} KEITOD_SIM_TRACE=1 cargo test --test simulation -- --nocapture",
                seed + 1
            );
            sum.failed.push(seed);
        }
    }
}

#[track_caller]
fn hold(few: std::ops::Range<u64>, run: fn(&mut history::History, u64)) {
    let seeds = seeds(few);
    let next = AtomicU64::new(seeds.start);
    let work = || {
        let mut sum = Sum::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            one(seed, run, &mut sum);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let sums: Vec<Sum> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let (posts, writes) =
        sums.iter().fold((0, 0), |(posts, writes), sum| (posts + sum.posts, writes + sum.writes));
    eprintln!("{} histories: {posts} POSTs, {} PATCHes", seeds.end - seeds.start, writes - posts);
    let mut failed: Vec<u64> = sums.into_iter().flat_map(|sum| sum.failed).collect();
    failed.sort_unstable();
    assert!(failed.is_empty(), "{} histories failed: {failed:?}", failed.len());
}

#[test]
fn nothing_twice_and_nothing_lost() {
    hold(SEEDS, |history, _| history.run());
}

/// `overlap = "all"`: a second of several sessions is billed once, whatever is lost, wiped or read late.
#[test]
fn parallel_sessions_share_their_time() {
    hold(SEEDS, |history, _| history.run_shared());
}

/// `entry = "day"`: sessions join and grow one entry per local day, link and agent.
#[test]
fn a_day_has_one_entry() {
    hold(SEEDS, history::History::run_days);
}

/// Both: what a day's entry holds of a second that several sessions worked in is on no other entry.
#[test]
fn a_day_has_one_entry_and_sessions_share_its_time() {
    hold(SEEDS, history::History::run_shared_days);
}

/// Prices, markup, exchange rate, currency and decimals change while a month is sent in pieces: per link, day and model
/// what was sent is what was frozen to within the last digit, and no request is billed at two prices.
#[test]
fn a_month_is_billed_to_the_last_digit() {
    hold(MONTHS, history::History::run_month);
}

/// The wall clock is set by an hour, by ten years, a little, and back, between any two steps.
#[test]
fn a_clock_that_is_set_loses_nothing() {
    hold(SEEDS, history::History::run_with_steps);
}

/// Two machines with the same logs on one account.
#[test]
fn two_machines_bill_once_or_the_audit_tells() {
    hold(0..100, two::run);
}

/// A day is as long as some hundred histories.
fn days() -> std::ops::Range<u64> {
    let seeds = seeds(SEEDS);
    seeds.start..seeds.start + ((seeds.end - seeds.start) / 100).max(1)
}

/// 24 hours with 30 % faults and 50 restarts: all that is needed is sent, hardly more, and never too fast. The ideal is
/// defined in `simulation/bill.rs`.
#[test]
fn a_day_of_requests() {
    const PER_MINUTE: u32 = 50;
    for seed in days() {
        let mut day = day::Day::new(seed, 18, PER_MINUTE, 30);
        day.run();
        eprintln!("day {seed}: {}", day.bill.told());
        day.check();
        let (bill, (all, updates)) = (&day.bill, day.bill.busiest());
        assert!((150..=400).contains(&bill.writes()), "{} writes", bill.writes());
        assert!(bill.requests() * 10 <= bill.ideal() * 12, "{} of {}", bill.requests(), bill.ideal());
        assert!(all <= PER_MINUTE as usize && updates <= PER_MINUTE as usize / 3);
        day.history.end();
    }
}

/// The limiter holds across restarts, and updates leave room for what is new.
#[test]
fn a_restart_grants_no_new_burst() {
    const PER_MINUTE: u32 = 12;
    let mut most = (0, 0);
    for seed in days() {
        let mut day = day::Day::new(seed, 30, PER_MINUTE, 0);
        day.run_in_bursts();
        let (all, updates) = day.bill.busiest();
        eprintln!("bursts {seed}: {}", day.bill.told());
        day.check();
        assert!(day.bill.restarts >= 50);
        most = (all.max(most.0), updates.max(most.1));
        day.history.end();
    }
    assert_eq!(most, (PER_MINUTE as usize, PER_MINUTE as usize / 3), "what the limiter let through");
}

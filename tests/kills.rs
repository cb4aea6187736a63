//! SIGKILL at random moments while sessions are written and delivered: nothing lost, nothing twice.
//!
//! ```text
//! KEITOD_KILLS=200 KEITOD_SEED=7 cargo test --release --test kills -- --nocapture
//! ```
//!
//! `KEITOD_KILLS` (default 20) and `KEITOD_SEED` (default 1) choose how often and where. The real binary, a real
//! database, real files and real HTTP to the embedded Keito.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test says what it saw, and ends where it must"
)]

#[path = "kills/daemon.rs"]
mod daemon;
#[path = "kills/writer.rs"]
mod writer;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use keitod::sandbox::{self, Sandbox};

use daemon::Daemon;
use writer::Writer;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// The embedded Keito on a thread of its own.
fn start_sandbox() -> (String, sandbox::State, mpsc::Sender<()>) {
    let (ready, started) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let running = Sandbox::start(sandbox::Settings::default()).await.unwrap();
            ready.send((running.origin(), running.state())).unwrap();
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
    });
    let (origin, state) = started.recv().unwrap();
    (origin, state, stop)
}

#[test]
fn kills_lose_nothing_and_double_nothing() {
    let (kills, seed) = (number("KEITOD_KILLS", 20), number("KEITOD_SEED", 1));
    println!("KEITOD_KILLS={kills} KEITOD_SEED={seed}");
    let (origin, state, _stop) = start_sandbox();
    let home = tempfile::tempdir().unwrap();
    if std::env::var_os("KEITOD_KEEP").is_some() {
        // To look at what went wrong.
        println!("{}", home.path().display());
    }
    let mut random = fastrand::Rng::with_seed(seed);
    let daemon = Daemon::new(home.path(), &origin);
    let stop = Arc::new(AtomicBool::new(false));
    let writing = {
        let (stop, root, seed) = (Arc::clone(&stop), home.path().to_path_buf(), random.u64(..));
        std::thread::spawn(move || Writer::new(&root, seed).write_until(&stop))
    };
    for _ in 0..kills {
        let mut child = daemon.start();
        std::thread::sleep(Duration::from_millis(random.u64(20..400)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let truth = writing.join().unwrap();
    let keep = std::env::var_os("KEITOD_KEEP").is_some();
    let mut child = daemon.start();
    daemon.settle(Instant::now() + Duration::from_secs(120));
    child.kill().unwrap();
    child.wait().unwrap();

    if keep {
        let _ = std::process::Command::new("cp")
            .args(["-r", home.path().to_str().unwrap(), "/tmp/kept"])
            .status();
    }
    let mut posted: BTreeMap<String, [u64; 6]> = BTreeMap::new();
    for expense in state.expenses() {
        let meta = expense.metadata.as_ref().unwrap();
        let count = |name| meta.text(name).unwrap().parse::<u64>().unwrap();
        let sum = posted.entry(meta.text("session_id").unwrap()).or_default();
        for (slot, name) in
            ["requests", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"]
                .iter()
                .enumerate()
        {
            // Excess adds tokens to requests that are counted already.
            if *name != "requests" || meta.text("excess").is_none() {
                sum[slot] += count(name);
            }
        }
    }
    for entry in state.entries() {
        let meta = entry.metadata.as_ref().unwrap();
        posted.entry(meta.text("session_id").unwrap()).or_default()[5] +=
            meta.text("duration_seconds").unwrap().parse::<u64>().unwrap();
    }
    let requests: u64 = truth.values().map(|sums| sums[0]).sum();
    println!(
        "{kills} kills, {} sessions, {requests} requests, {} entries, {} expenses, {} requests over HTTP",
        truth.len(),
        state.entries().len(),
        state.expenses().len(),
        state.requests().len()
    );
    assert_eq!(posted, truth, "seed {seed}");
}

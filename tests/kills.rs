//! SIGKILL at random moments while sessions are written and delivered over a line on which everything goes wrong:
//! nothing lost, nothing twice.
//!
//! ```text
//! KEITOD_KILLS=10000 KEITOD_AMBIGUOUS=10000 KEITOD_SEED=7 cargo test --profile fast --test kills -- --nocapture
//! ```
//!
//! `KEITOD_KILLS` (default 200) and `KEITOD_SEED` (default 1) choose how often and where; `KEITOD_AMBIGUOUS` (default
//! 0) goes on until so many answers left a write whose outcome nobody knew; `KEITOD_FAULTS` (default 15) is the chance
//! of each such fault in a thousand writes, 0 for a line without faults; `KEITOD_WIPES` (default 20) that of a kill in
//! a thousand after which the state directory is gone. The real binary, a real database, real files and real HTTP.

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
#[path = "kills/oracle.rs"]
mod oracle;
#[path = "kills/weather.rs"]
mod weather;
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

/// One home, one Keito, one daemon that dies again and again.
struct Ground {
    kills: u64,
    ambiguous: u64,
    seed: u64,
}

/// What happened on one.
#[derive(Default)]
struct Sums {
    kills: u64,
    wipes: u64,
    ambiguous: u64,
    sessions: usize,
    requests: u64,
    entries: usize,
    expenses: usize,
    over_http: usize,
    struck: BTreeMap<String, u64>,
}

impl Ground {
    fn run(&self) -> Sums {
        let (origin, state, _stop) = start_sandbox();
        let home = tempfile::tempdir().unwrap();
        let mut random = fastrand::Rng::with_seed(self.seed);
        let daemon = Daemon::new(home.path(), &origin);
        let per_mille = u32::try_from(number("KEITOD_FAULTS", 15)).unwrap();
        weather::brew(&state.faults(), self.seed, per_mille);
        let stop = Arc::new(AtomicBool::new(false));
        let writing = {
            let (stop, root, seed) = (Arc::clone(&stop), home.path().to_path_buf(), random.u64(..));
            std::thread::spawn(move || Writer::new(&root, seed).write_until(&stop))
        };
        let mut sums = Sums::default();
        while sums.kills < self.kills || weather::report(&state.faults()).1 < self.ambiguous {
            let mut child = daemon.start();
            // Most die young, while they open, read and list; some live to deliver.
            let life = if random.u32(..4) == 0 { random.u64(400..2500) } else { random.u64(20..400) };
            std::thread::sleep(Duration::from_millis(life));
            child.kill().unwrap();
            child.wait().unwrap();
            sums.kills += 1;
            if u64::from(random.u32(..1000)) < number("KEITOD_WIPES", 20) {
                // A daemon that died at once may have made none.
                let _ = std::fs::remove_dir_all(home.path().join("state"));
                sums.wipes += 1;
            }
        }
        stop.store(true, Ordering::Relaxed);
        let truth = writing.join().unwrap();
        let (struck, ambiguous) = weather::report(&state.faults());
        state.faults().clear();
        let mut child = daemon.start();
        daemon.settle(Instant::now() + Duration::from_secs(900));
        let queue = daemon.queue();
        child.kill().unwrap();
        child.wait().unwrap();
        oracle::nothing_leaked(home.path(), &state);
        oracle::sound(&home.path().join("state/keitod.db"));
        oracle::nothing_stuck(&queue);
        let posted = oracle::posted(&state);
        let differ: Vec<_> = truth
            .iter()
            .map(|(session, true_sums)| {
                let mut at_keito = posted.get(session).copied().unwrap_or_default();
                // A few seconds after midnight are 0.00 hours: they wait for more.
                at_keito[5] += oracle::too_small(&queue, session);
                (session, at_keito, *true_sums)
            })
            .filter(|(_, at_keito, true_sums)| at_keito != true_sums)
            .collect();
        if !differ.is_empty() {
            for (session, ..) in &differ {
                oracle::show(&state, session);
            }
            let kept = home.keep();
            panic!(
                "session, at Keito, in truth: {differ:?}; seed {}, {} wipes; all is kept in {}",
                self.seed,
                sums.wipes,
                kept.display()
            );
        }
        assert_eq!(posted.len(), truth.len());
        sums.ambiguous = ambiguous;
        sums.struck = struck.into_iter().collect();
        sums.sessions = truth.len();
        sums.requests = truth.values().map(|sums| sums[0]).sum();
        (sums.entries, sums.expenses) = (state.entries().len(), state.expenses().len());
        sums.over_http = state.requests().len();
        sums
    }
}

#[test]
fn kills_lose_nothing_and_double_nothing() {
    let (kills, ambiguous, seed) =
        (number("KEITOD_KILLS", 200), number("KEITOD_AMBIGUOUS", 0), number("KEITOD_SEED", 1));
    println!("KEITOD_KILLS={kills} KEITOD_AMBIGUOUS={ambiguous} KEITOD_SEED={seed}");
    // A daemon waits for its disk and its line most of its life: more grounds than cores are no slower.
    let grounds = 4;
    let running: Vec<_> = (0..grounds)
        .map(|ground| Ground {
            kills: kills.div_ceil(grounds),
            ambiguous: ambiguous.div_ceil(grounds),
            seed: seed * 1000 + ground,
        })
        .map(|ground| std::thread::spawn(move || ground.run()))
        .collect();
    let mut all = Sums::default();
    for thread in running {
        let sums = thread.join().unwrap();
        all.kills += sums.kills;
        all.wipes += sums.wipes;
        all.ambiguous += sums.ambiguous;
        all.sessions += sums.sessions;
        all.requests += sums.requests;
        all.entries += sums.entries;
        all.expenses += sums.expenses;
        all.over_http += sums.over_http;
        for (fault, struck) in sums.struck {
            *all.struck.entry(fault).or_default() += struck;
        }
    }
    for (fault, struck) in &all.struck {
        println!("{struck:>8} {fault}");
    }
    println!(
        "{} kills, {} wipes, {} ambiguous answers, {} sessions, {} requests, {} entries, {} expenses, {} requests over HTTP: \
         0 lost, 0 twice",
        all.kills,
        all.wipes,
        all.ambiguous,
        all.sessions,
        all.requests,
        all.entries,
        all.expenses,
        all.over_http
    );
}

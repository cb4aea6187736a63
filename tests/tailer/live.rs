//! What is written now does not wait for what was written long ago.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keitod::daemon::intake::{Backlog, Message, messages};
use keitod::model::{Agent, Facts};
use keitod::sources::{About, Claim, Context, Environment, Lines, Source};
use keitod::tail::Mode;

use super::daemon::Daemon;

const OLD: usize = 400;

/// Takes its time for each line of history until the live one has come.
struct Slow {
    live: Mutex<Option<PathBuf>>,
    came: AtomicBool,
    old: AtomicUsize,
    /// Stands still instead, as a thread does that gets no processor.
    stands: bool,
}

impl Slow {
    const fn new(stands: bool) -> Self {
        Self { live: Mutex::new(None), came: AtomicBool::new(false), old: AtomicUsize::new(0), stands }
    }

    /// Reads what is there to the end, with a live line after the first old one; the old ones before it.
    fn read(&self, daemon: &Daemon, backlog: Backlog) -> usize {
        *self.live.lock().unwrap() = Some(daemon.root().join("live.jsonl"));
        let (sender, receiver) = messages();
        let (intake, events) = (daemon.intake_of(Mode::Native, backlog), sender.clone());
        sender.send(Message::Stop).unwrap(); // heard when the backlog is read
        intake.run(&receiver, events, &|| ()).unwrap();
        assert!(self.came.load(Ordering::Acquire), "the live line never came");
        self.old.load(Ordering::Acquire)
    }
}

impl Source for Slow {
    fn agent(&self) -> Agent {
        Agent::new("slow")
    }

    fn about(&self) -> &'static About {
        &crate::ABOUT
    }

    fn roots(&self, _: &dyn Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        path.extension().is_some_and(|extension| extension == "jsonl").then(Claim::default)
    }

    fn decode(&self, _: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        for line in lines {
            facts.lines += 1;
            if line.bytes == b"live" {
                self.came.store(true, Ordering::Release);
            } else if !self.came.load(Ordering::Acquire) {
                self.old.fetch_add(1, Ordering::AcqRel);
                if let Some(path) = self.live.lock().unwrap().take() {
                    fs::write(path, "live\n").unwrap();
                }
                let begun = Instant::now();
                std::thread::sleep(Duration::from_millis(10));
                while self.stands && !self.came.load(Ordering::Acquire) {
                    assert!(begun.elapsed() < Duration::from_secs(30), "the live line waits for the history");
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
    }
}

#[test]
fn a_live_line_is_read_in_the_middle_of_a_backlog() {
    static SLOW: Slow = Slow::new(false);
    let daemon = Daemon::new(&SLOW);
    for n in 0..OLD {
        fs::write(daemon.root().join(format!("{n}.jsonl")), "old\n").unwrap();
    }
    let before = SLOW.read(&daemon, Backlog::default());
    assert!(before < OLD / 2, "{before} of {OLD} came first");
}

#[test]
fn a_live_line_is_read_in_the_middle_of_a_file() {
    static SLOW: Slow = Slow::new(false);
    let daemon = Daemon::new(&SLOW);
    let line = "x".repeat(10_000) + "\n";
    fs::write(daemon.root().join("old.jsonl"), line.repeat(OLD)).unwrap();
    let before = SLOW.read(&daemon, Backlog::default());
    assert!(before < OLD / 2, "{before} of {OLD} came first");
}

#[test]
fn a_live_line_does_not_wait_for_a_thread_that_is_served_last() {
    static SLOW: Slow = Slow::new(true);
    let daemon = Daemon::new(&SLOW);
    for n in 0..3 {
        fs::write(daemon.root().join(format!("{n}.jsonl")), "old\n").unwrap();
    }
    assert_eq!(SLOW.read(&daemon, Backlog { idle: true, percent: 100 }), 1);
}

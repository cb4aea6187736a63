//! What is written now does not wait for what was written long ago.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keitod::daemon::intake::{Message, messages};
use keitod::model::{Agent, Facts};
use keitod::sources::{About, Claim, Context, Environment, Lines, Source};
use keitod::tail::Mode;

use super::daemon::Daemon;

const OLD: usize = 400;

/// Takes its time for each line of history until the live one has come.
struct Slow {
    live: Mutex<Option<PathBuf>>,
    came: AtomicBool,
    old: Mutex<usize>,
}

static SLOW: Slow = Slow { live: Mutex::new(None), came: AtomicBool::new(false), old: Mutex::new(0) };

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
                *self.old.lock().unwrap() += 1;
                if let Some(path) = self.live.lock().unwrap().take() {
                    fs::write(path, "live\n").unwrap();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

#[test]
fn a_live_line_is_read_in_the_middle_of_a_backlog() {
    let daemon = Daemon::new(&SLOW);
    for n in 0..OLD {
        fs::write(daemon.root().join(format!("{n}.jsonl")), "old\n").unwrap();
    }
    *SLOW.live.lock().unwrap() = Some(daemon.root().join("live.jsonl"));
    let (sender, receiver) = messages();
    let (intake, events) = (daemon.intake(Mode::Native), sender.clone());
    sender.send(Message::Stop).unwrap(); // heard when the backlog is read
    intake.run(&receiver, events, &|| ()).unwrap();
    let before = *SLOW.old.lock().unwrap();
    assert!(SLOW.came.load(Ordering::Acquire) && before < OLD / 2, "{before} of {OLD} came first");
}

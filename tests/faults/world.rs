//! A place, its Keito, sessions that come, and what must be true in the end.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service};

const PATIENCE: Duration = Duration::from_secs(60);
/// A fault that repeats may leave no transaction whole: after so long the disk is another one.
const FAILING: Duration = Duration::from_secs(15);

pub struct World {
    pub keito: Keito,
    pub place: Place,
    pub random: std::cell::RefCell<fastrand::Rng>,
    sessions: std::cell::Cell<u64>,
}

impl World {
    /// With one session delivered, so that listings are proved: a first record may be left to a person.
    pub fn new(setup: impl FnOnce(&Place)) -> Self {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        setup(&place);
        let random = std::cell::RefCell::new(fastrand::Rng::with_seed(number("KEITOD_SEED", 1)));
        let world = Self { keito, place, random, sessions: std::cell::Cell::new(0) };
        world.work(1);
        world.place.start().settle();
        world.check("before");
        world
    }

    /// So many sessions more, of 120 s and one request each.
    pub fn work(&self, sessions: u64) {
        for _ in 0..sessions {
            self.sessions.set(self.sessions.get() + 1);
            let text = Talk::new(self.sessions.get(), "/home/dev/work").exchange();
            self.place.append(&self.sessions.get().to_string(), &text);
        }
    }

    /// Runs until all is delivered. A service that ends is started again, as a service manager does, without the fault;
    /// returns whether that was needed.
    pub fn deliver(&self, below: &[&str]) -> bool {
        let mut begun = Instant::now();
        let mut service = self.place.spawn(below);
        let mut ended = false;
        loop {
            // A flush over a closed database waits as long as its client: only then is it looked at again.
            let failing = !ended && !below.is_empty() && begun.elapsed() > FAILING;
            if failing {
                service.child.kill().unwrap();
                service.child.wait().unwrap();
            }
            if failing || service.child.try_wait().unwrap().is_some() {
                service = self.place.spawn(&[]);
                (ended, begun) = (true, Instant::now());
            }
            if self.settled(&service) {
                return ended;
            }
            if ended || below.is_empty() || begun.elapsed() <= FAILING {
                self.still(begun);
            }
        }
    }

    pub fn settle(&self, service: &Service<'_>) {
        let begun = Instant::now();
        while !self.settled(service) {
            self.still(begun);
        }
    }

    fn still(&self, begun: Instant) {
        let log = || std::fs::read_to_string(self.place.path("log")).unwrap_or_default();
        let asked = || self.keito.requests().len();
        assert!(begun.elapsed() < PATIENCE, "not settled; {} requests\n{}", asked(), log());
        std::thread::sleep(Duration::from_millis(100));
    }

    fn settled(&self, service: &Service<'_>) -> bool {
        let (body, status) = service.raw("POST", "/v1/flush", r#"{"settle":true,"expenses":true}"#);
        let Ok(answer) = serde_json::from_str::<serde_json::Value>(&body) else { return false };
        status == "200" && answer["remaining"] == 0 && answer["caught_up"] == true && answer["sent"] == 0 && {
            let seen = self.place.command(&["report", "--json"]).output().unwrap();
            let report: serde_json::Value = serde_json::from_slice(&seen.stdout).unwrap_or_default();
            report["totals"]["requests"] == self.sessions.get()
        }
    }

    /// Every request and every second once.
    #[track_caller]
    pub fn check(&self, when: &str) {
        let mut posted: BTreeMap<String, [u64; 3]> = BTreeMap::new();
        for expense in self.keito.expenses() {
            let meta = expense.metadata.as_ref().unwrap();
            let count = |name| meta.text(name).unwrap().parse::<u64>().unwrap();
            let sums = posted.entry(meta.text("session_id").unwrap()).or_default();
            sums[0] += count("requests");
            sums[1] += count("input_tokens");
        }
        for entry in self.keito.entries() {
            let meta = entry.metadata.as_ref().unwrap();
            let seconds: u64 = meta.text("duration_seconds").unwrap().parse().unwrap();
            posted.entry(meta.text("session_id").unwrap()).or_default()[2] += seconds;
        }
        let log = || std::fs::read_to_string(self.place.path("log")).unwrap_or_default();
        let truth = (1..=self.sessions.get()).map(|n| (Talk::new(n, "").id, [1, 1000, 120])).collect();
        assert_eq!(posted, truth, "{when}, seed {}\n{}", number("KEITOD_SEED", 1), log());
    }
}

/// Rounds of each fault.
pub fn rounds() -> u64 {
    number("KEITOD_FAULTS", 3)
}

pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Whether a command works here.
pub fn works(program: &str, words: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[track_caller]
pub fn run(program: &str, words: &[&str]) {
    assert!(works(program, words), "{program} {words:?}");
}

/// Whether the status names this reason; no status names none.
pub fn reason(service: &Service<'_>, code: &str) -> bool {
    let (body, _) = service.raw("GET", "/v1/status", "");
    let status: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    status["reasons"].as_array().is_some_and(|list| list.iter().any(|reason| reason["code"] == code))
}

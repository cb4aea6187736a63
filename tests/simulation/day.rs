//! A day of sessions over a bad line, and what it cost in requests.

use std::time::Duration;

use keitod::daemon::clerk::{Answer, Echoed, Effect, ProjectPage};
use keitod::deliver::{Outcome, Refusal, Unsent};
use keitod::model::{CategoryId, Instant, Kind};
use keitod::store::WriteRow;

use super::bill::Bill;
use super::history::History;
use super::policy::Goes;
use super::world::{START, World};

const RESTARTS: usize = 50;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What is left when the day is over has to be delivered by then: expenses settle an hour later.
const DRAINED: Duration = Duration::from_secs(6 * 3600);

/// What becomes of a request.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Served,
    /// Carried out; the answer is lost.
    Lost,
    /// The connection broke before anything was carried out, and nobody can know that.
    Reset,
    Unreachable,
    /// 500, not carried out, which it does not say.
    Failed,
    /// 503 with `Retry-After`: not carried out.
    Busy(Duration),
    /// 429.
    Limited(Duration),
}

pub struct Day {
    pub history: History,
    /// Of a hundred requests so many fail.
    faults: u32,
    /// By the index of `history.flights`: when it reaches the server, and when its answer comes.
    times: Vec<(Instant, Instant)>,
    /// Writes of a dead process that reach the server later.
    late: Vec<(Instant, Effect)>,
    /// Of those that are still to come.
    restarts: Vec<Instant>,
    /// So often it dies while a write is on its way.
    doomed: usize,
    pub bill: Bill,
}

impl Day {
    pub fn new(seed: u64, sessions: usize, per_minute: u32, faults: u32) -> Self {
        let mut history = History::new(seed);
        let store = history.stop();
        history.world = World::day(&mut history.rng, sessions);
        let settings = &mut history.settings;
        (settings.since, settings.per_minute, settings.in_flight, settings.category) =
            (None, per_minute, 4, None);
        let server = &mut history.server;
        // Keito's pages, and listings that show what was answered: a lag makes readings fail that nothing else would.
        (server.page, server.lag_ms) = (200, 0);
        history.mapping.price_everything();
        history.mapping.set("/tmp/x", Goes::To("B"));
        history.start(store);
        let mut day = Self {
            faults,
            times: Vec::new(),
            late: Vec::new(),
            restarts: Vec::new(),
            doomed: 0,
            bill: Bill::new(),
            history,
        };
        let rng = &mut day.history.rng;
        day.restarts = (0..RESTARTS).map(|_| at(rng.u64(0..DAY.as_secs()))).collect();
        day.restarts.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
        day
    }

    /// All sessions of half a day at once, twice, so that the second time they grow; the process dies every 7 s while
    /// something is left to send.
    pub fn run_in_bursts(&mut self) {
        self.restarts.clear();
        self.history.feed_all();
        for hours in [12, 26] {
            self.history.now = at(hours * 3600);
            let drained = at((hours + 4) * 3600);
            let mut dies_at = self.history.now;
            while self.history.now < drained {
                let busy = !self.history.flights.is_empty() || !self.unfinished().is_empty();
                if busy && self.history.now >= dies_at {
                    self.die();
                    dies_at = self.history.now.plus(Duration::from_secs(7));
                }
                let next = self.turn().unwrap_or(drained);
                let next = if busy { next.min(dies_at) } else { next };
                self.history.now = next.min(drained).max(self.history.now.plus(Duration::from_millis(1)));
            }
            assert!(self.unfinished().is_empty() && self.late.is_empty());
        }
    }

    /// The day, and the hours after it in which what is left is delivered.
    pub fn run(&mut self) {
        self.history.feed_all();
        let (over, drained) = (at(DAY.as_secs()), at((DAY + DRAINED).as_secs()));
        while self.history.now < drained {
            let next = self.turn();
            if self.history.now >= over && next.is_none_or(|next| next > drained) {
                if self.doomed == 0 {
                    break;
                }
                // No write is left to die with.
                self.doomed -= 1;
                self.die();
                continue;
            }
            self.history.now = next.unwrap_or(over).max(self.history.now.plus(Duration::from_millis(1)));
        }
        assert!(self.history.flights.is_empty() && self.late.is_empty());
        assert_eq!(self.bill.restarts, RESTARTS);
    }

    /// All that happens now. Returns when something happens next.
    fn turn(&mut self) -> Option<Instant> {
        let now = self.history.now;
        for index in 0..self.history.world.files.len() {
            self.history.feed(index, true);
        }
        self.restart(now);
        while let Some(index) = self.late.iter().position(|(at, _)| *at <= now) {
            let (_, effect) = self.late.remove(index);
            drop(self.carry_out(&effect));
        }
        for index in 0..self.times.len() {
            if self.times[index].0 <= now && self.history.flights[index].answer.is_none() {
                self.reach(index);
            }
        }
        while let Some(index) = self.times.iter().position(|(_, answered)| *answered <= now) {
            self.times.remove(index);
            let flight = &self.history.flights[index];
            if let Some(Answer::Send { outcome: Outcome::Unknown { .. }, .. }) = flight.answer {
                self.bill.ambiguous(&flight.effect, now);
            }
            self.history.answer(index);
        }
        let mut polled = self.history.poll();
        while polled.more {
            polled = self.history.poll();
        }
        self.note();
        let lines = self.history.world.files.iter().filter_map(|file| file.lines.get(file.fed));
        let mut next: Vec<Instant> = lines.map(|line| line.at).collect();
        next.extend(polled.wake.map(|wake| wake.at));
        next.extend(self.restarts.last());
        next.extend(self.late.iter().map(|(at, _)| *at));
        for (flight, (there, back)) in self.history.flights.iter().zip(&self.times) {
            next.push(if flight.is_carried_out() { *back } else { *there });
        }
        next.into_iter().min()
    }

    /// New writes and new requests.
    fn note(&mut self) {
        let history = &mut self.history;
        let clerk = history.clerk.as_ref().unwrap();
        for write in clerk.store().view().unfinished(clerk.line().unwrap().0).unwrap() {
            self.bill.sealed(&write);
        }
        for flight in &history.flights[self.times.len()..] {
            let there = history.now.plus(Duration::from_millis(history.rng.u64(5..200)));
            let back = there.plus(Duration::from_millis(history.rng.u64(5..200)));
            self.times.push((there, back));
            self.bill.left(&flight.effect, history.now);
        }
    }

    /// Every other time the process dies while a write is on its way.
    fn restart(&mut self, now: Instant) {
        if self.restarts.last().is_some_and(|at| *at <= now) {
            let count = self.restarts.len();
            self.restarts.pop();
            if count.is_multiple_of(2) {
                self.doomed += 1;
            } else {
                self.die();
                return;
            }
        }
        let sending = |effect: &Effect| matches!(effect, Effect::Send { .. });
        if self.doomed > 0 && self.history.flights.iter().any(|flight| sending(&flight.effect)) {
            self.doomed -= 1;
            self.die();
        }
    }

    fn die(&mut self) {
        let now = self.history.now;
        self.times.clear();
        for flight in std::mem::take(&mut self.history.flights) {
            if !matches!(flight.effect, Effect::Send { .. }) {
                self.bill.failed(&flight.effect);
                continue;
            }
            self.bill.ambiguous(&flight.effect, now);
            if flight.answer.is_none() && self.history.rng.bool() {
                let later = now.plus(Duration::from_secs(self.history.rng.u64(0..60)));
                self.late.push((later, flight.effect));
            }
        }
        let store = self.history.stop();
        self.history.start(store);
        self.history.feed_all();
        self.bill.restarts += 1;
    }

    fn fate(&mut self) -> Fate {
        let (faults, rng) = (self.faults, &mut self.history.rng);
        if rng.u32(0..100) >= faults {
            return Fate::Served;
        }
        let asked = Duration::from_secs(rng.u64(1..=30));
        match rng.u32(0..8) {
            0 | 1 => Fate::Lost,
            2 => Fate::Reset,
            3 => Fate::Unreachable,
            4 => Fate::Failed,
            5 => Fate::Busy(asked),
            _ => Fate::Limited(asked),
        }
    }

    fn carry_out(&mut self, effect: &Effect) -> Outcome<Echoed> {
        let outcome = self.history.apply(effect, self.history.now);
        if matches!(outcome, Outcome::Applied(_)) {
            self.bill.applied(effect);
        }
        outcome
    }

    /// A request reaches the server, or does not.
    fn reach(&mut self, index: usize) {
        let effect = self.history.flights[index].effect.clone();
        let fate = self.fate();
        let now = self.history.now;
        if !matches!(fate, Fate::Served) {
            self.bill.failed(&effect);
        }
        let answer = match &effect {
            Effect::Me => Answer::Me(spoil(fate, || self.history.server.me())),
            Effect::Category { from, to, page } => {
                let found = (*page == 0).then(|| CategoryId::new("found"));
                let outcome = spoil(fate, || Outcome::Applied((found, false)));
                Answer::Category { from: *from, to: *to, page: *page, outcome }
            }
            Effect::Projects { active, .. } => {
                Answer::Projects { active: *active, outcome: Outcome::Applied(ProjectPage::default()) }
            }
            Effect::List { kind, from, to, page, .. } => {
                let outcome = spoil(fate, || self.history.server.list(*kind, *from, *to, *page, now));
                self.history.listed(*kind, *page, &outcome);
                Answer::List { kind: *kind, outcome }
            }
            Effect::Send { write, kind, patch, .. } => {
                let outcome = spoil(fate, || self.carry_out(&effect));
                if matches!(outcome, Outcome::Applied(_)) && patch.is_none() {
                    self.history.unshown[usize::from(*kind == Kind::Expense)] += 1;
                }
                Answer::Send { write: *write, outcome }
            }
        };
        self.history.flights[index].answer = Some(answer);
    }

    fn unfinished(&self) -> Vec<WriteRow> {
        let clerk = self.history.clerk.as_ref().unwrap();
        clerk.store().view().unfinished(clerk.line().unwrap().0).unwrap()
    }

    /// Nothing is left to send, and Keito holds what is true.
    pub fn check(&mut self) {
        let left = self.unfinished();
        assert!(left.is_empty(), "not drained: {left:#?}");
        self.history.check_end();
    }
}

fn at(seconds: u64) -> Instant {
    Instant::from_seconds(START).plus(Duration::from_secs(seconds))
}

fn spoil<T>(fate: Fate, served: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let unknown = |status| Outcome::Unknown { status, why: "reset".into(), retry_after: None };
    let refused = |status, wait| {
        let message = "try later".to_owned();
        Outcome::Refused(Refusal { status, code: None, message, html: false, retry_after: Some(wait) })
    };
    match fate {
        Fate::Served => served(),
        Fate::Lost => {
            drop(served());
            unknown(None)
        }
        Fate::Reset => unknown(None),
        Fate::Failed => unknown(Some(500)),
        Fate::Unreachable => Outcome::NotSent(Unsent::Unreachable("down".into())),
        Fate::Busy(wait) => refused(503, wait),
        Fate::Limited(wait) => refused(429, wait),
    }
}

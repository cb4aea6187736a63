//! One history: a world, a server, a clerk, and what happens between them.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use jiff::tz::TimeZone;
use keitod::daemon::clerk::{Answer, Clerk, Effect, Polled, ProjectPage, Settings, heed_clocks};
use keitod::deliver::{Backoff, Clocks, LISTING_LIFE, Outcome, Unsent};
use keitod::ledger::overlap::Overlap;
use keitod::model::{AccountId, Agent, CategoryId, Day, Instant, Kind, RecordRef, WriteRef};
use keitod::sources::Context;
use keitod::store::{Account, Read, Store};
use keitod::tail::Cursor;

use super::attempts::Attempts;
use super::diary::Diary;
use super::oracle::{self, GAPS};
use super::policy::{Mapping, SimPolicy};
use super::pool;
use super::server::{Server, refuse};
use super::world::{AGENT, START, World};

pub const GRACE: Duration = Duration::from_secs(120);

/// A request on its way.
#[derive(Debug)]
pub struct Flight {
    pub effect: Effect,
    record: Option<RecordRef>,
    pub answer: Option<Answer>,
    left: Instant,
}

impl Flight {
    pub fn is_carried_out(&self) -> bool {
        self.answer.is_some()
    }
}

/// A listing as the driver saw it, to hold the clerk to its promise.
#[derive(Debug, Clone)]
struct Seen {
    from: Day,
    to: Day,
    began: Instant,
    ended: Option<Instant>,
    total: Option<u64>,
    rows: u64,
    whole: bool,
}

pub struct History {
    pub rng: Rng,
    pub now: Instant,
    /// How far the clerk's wall clock is from the truth, and which start of its machine this is.
    pub clock: Clock,
    pub world: World,
    pub server: Server,
    pub mapping: Mapping,
    pub clerk: Option<Clerk>,
    pub settings: Settings,
    pub flights: Vec<Flight>,
    /// Requests of a dead process, or given up by a client, that reach the server later.
    pub stray: Vec<(Instant, Effect)>,
    /// The one on its way, and the whole ones. The newest need not be the one that counts: it may show too little.
    listings: [Option<Seen>; 2],
    whole: [Vec<Seen>; 2],
    /// Answered POSTs per kind since the last listing that showed a record of ours.
    pub unshown: [u32; 2],
    shown: [bool; 2],
    pub caught_up: bool,
    pub long: bool,
    pub posts: u32,
    pub writes: u32,
    /// Facts are gone for good, so the end can only be checked from above.
    pub lost: bool,
    pub wiped: bool,
    pub deletes: bool,
    /// Decisions outlive a wiped state; in every other history they are lost with it.
    diary: Option<Diary>,
    attempts: Attempts,
    pub trace: bool,
    /// Per record the beginning of the earliest listing that let a POST of it leave.
    pub listed_for: BTreeMap<String, Instant>,
    /// Nobody else writes for the same logs.
    pub alone: bool,
}

/// The clock of the clerk's machine.
#[derive(Debug, Default)]
pub struct Clock {
    pub skew: i64,
    pub boot: u64,
    /// It is set now and then.
    pub steps: Option<Rng>,
}

fn slot(kind: Kind) -> usize {
    usize::from(kind == Kind::Expense)
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn settings(rng: &mut Rng) -> Settings {
    let zones = ["UTC", "America/New_York"];
    let since = (rng.u32(0..3) == 0).then(|| Instant::from_seconds(START + rng.i64(0..6 * 3600)));
    Settings {
        since,
        zone: rng.bool().then(|| zone(zones[rng.usize(0..2)])),
        system_zone: zone("UTC"),
        gaps: GAPS,
        min_seconds: 0,
        max_seconds: None,
        shares: false,
        per_day: false,
        time_settle: Duration::from_secs(600),
        time_update: Duration::from_secs(1800),
        expense_settle: Duration::from_secs(3600),
        grace: GRACE,
        backoff: Backoff { base: Duration::from_secs(2), max: Duration::from_secs(900) },
        per_minute: if rng.u32(0..5) == 0 { 10 } else { 1000 },
        in_flight: rng.usize(1..=4),
        review: false,
        decimals: 4,
        category: rng.bool().then(|| CategoryId::new("cat")),
        checks_links: false,
        machine: "m1".to_owned(),
    }
}

impl History {
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        // Short ones find more in the same time; a few are long, for what needs a past.
        let long = rng.u32(0..10) == 0;
        let world = World::new(&mut rng, long);
        let settings = settings(&mut rng);
        let mut server = Server::default();
        server.lag_ms = rng.i64(0..2) * 30_000;
        server.rounds = rng.u32(0..6) == 0;
        server.zone = rng.bool().then(|| "America/New_York".to_owned());
        let deletes = rng.u32(0..8) == 0;
        let mut history = Self {
            now: Instant::from_seconds(START),
            clock: Clock::default(),
            world,
            server,
            mapping: Mapping::new(),
            clerk: None,
            settings,
            flights: Vec::new(),
            stray: Vec::new(),
            listings: [None, None],
            whole: [Vec::new(), Vec::new()],
            unshown: [0, 0],
            shown: [false, false],
            caught_up: false,
            long,
            posts: 0,
            writes: 0,
            lost: false,
            wiped: false,
            deletes,
            diary: seed.is_multiple_of(2).then(Diary::default),
            attempts: Attempts::default(),
            trace: std::env::var_os("KEITOD_SIM_TRACE").is_some(),
            listed_for: BTreeMap::new(),
            alone: true,
            rng,
        };
        history.start(pool::take());
        history
    }

    /// From the beginning on parallel sessions share their time, over all projects.
    pub fn run_shared(&mut self) {
        let store = self.stop();
        (self.world.shared, self.settings.shares) = (true, true);
        self.mapping.set_overlap(Overlap::All);
        self.start(store);
        self.run();
    }

    /// From the beginning on one entry per day, link and agent.
    pub fn run_days(&mut self, _: u64) {
        self.settings.per_day = true;
        let store = self.stop();
        self.start(store);
        self.run();
    }

    /// Both of these.
    pub fn run_shared_days(&mut self, _: u64) {
        self.settings.per_day = true;
        self.run_shared();
    }

    /// Nothing more happens: the database serves the next history.
    pub fn end(mut self) {
        pool::give(self.stop());
    }

    /// What the clocks of the clerk's machine say.
    pub fn clocks(&self) -> Clocks {
        let steady = u64::try_from(self.now.millis()).unwrap();
        Clocks { wall: self.now.moved(self.clock.skew), steady, boot: self.clock.boot }
    }

    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{} {}", self.now, what());
        }
    }

    /// A new process over this store.
    pub fn start(&mut self, mut store: Store) {
        let policy = Box::new(SimPolicy(self.mapping.clone()));
        let clocks = self.clocks();
        heed_clocks(&mut store, clocks, self.settings.backoff).unwrap();
        let mut clerk = Clerk::new(store, self.settings.clone(), policy, clocks.wall).unwrap();
        if let Some(diary) = &self.diary {
            clerk = clerk.deciding(diary.found(), Box::new(diary.clone()));
        }
        let account =
            Account { origin: "https://keito".to_owned(), account: AccountId::new("co"), sandbox: false };
        clerk.set_account(Some(&account), clocks.wall).unwrap();
        self.clerk = Some(clerk);
        self.caught_up = false;
        (self.listings, self.whole) = ([None, None], [Vec::new(), Vec::new()]);
    }

    /// The process dies; what was on its way arrives later or never.
    pub fn stop(&mut self) -> Store {
        for flight in std::mem::take(&mut self.flights) {
            if matches!(flight.effect, Effect::Send { .. }) && flight.answer.is_none() && self.rng.bool() {
                let later = self.now.plus(Duration::from_secs(self.rng.u64(0..60)));
                self.stray.push((later, flight.effect));
            }
        }
        self.clerk.take().unwrap().into_store()
    }

    /// Reads a piece of a file, or all of it.
    pub fn feed(&mut self, index: usize, all: bool) {
        let file = &self.world.files[index];
        let end = file.available(self.now);
        if file.deleted || file.fed >= end || end < file.least {
            return;
        }
        if file.fed < file.least && file.least > 1 {
            // A scan reads the original with its fork.
            (0..self.world.files.len())
                .filter(|other| *other < index)
                .for_each(|other| self.feed(other, true));
        }
        let file = &self.world.files[index];
        let least = file.least.max(file.fed + 1);
        let to = if all { end } else { self.rng.usize(least..=end.max(least)).min(end) };
        self.read(index, file_range(file.fed, to));
        self.world.files[index].fed = to;
    }

    pub fn read(&mut self, index: usize, range: std::ops::Range<usize>) {
        let facts = self.world.facts(index, range.start, range.end);
        let mut cursor = Cursor::new(&self.world.files[index].path);
        cursor.offset = range.end as u64 * 100;
        let (agent, context) = (Agent::new(AGENT), Context::default());
        let read = Read { agent: &agent, cursor: &cursor, context: &context, facts: &facts };
        let live = self.caught_up;
        let clocks = self.clocks();
        let clerk = self.clerk.as_mut().unwrap();
        let now = clerk.now(clocks).unwrap();
        clerk.ingest(&[read], live, now).unwrap();
    }

    pub fn feed_all(&mut self) {
        for index in 0..self.world.files.len() {
            if !self.world.files[index].deleted {
                self.feed(index, true);
            }
        }
        self.clerk.as_mut().unwrap().set_caught_up(true).unwrap();
        self.caught_up = true;
    }

    pub fn poll(&mut self) -> Polled {
        self.stray_arrive();
        let random = self.rng.u32(..);
        let clocks = self.clocks();
        let clerk = self.clerk.as_mut().unwrap();
        let now = clerk.now(clocks).unwrap();
        let before = newest_write(clerk);
        let mut polled = clerk.poll(now, random).unwrap();
        assert!(self.caught_up || newest_write(clerk) <= before, "sealed before all was read");
        for effect in std::mem::take(&mut polled.effects) {
            self.take(effect);
        }
        polled
    }

    /// A request leaves: the promises that hold at this moment.
    fn take(&mut self, effect: Effect) {
        self.say(|| format!("-> {}", describe(&effect)));
        let mut record = None;
        match &effect {
            Effect::Send { write, kind, patch, body, idempotency } => {
                self.writes += 1;
                self.attempts.hold(patch.is_some(), body, idempotency);
                let clerk = self.clerk.as_ref().unwrap();
                let (row, _, _) = clerk.store().view().write(*write).unwrap().unwrap();
                record = Some(row.record);
                assert!(
                    self.flights.iter().all(|flight| flight.record != record),
                    "two requests for {} at a time",
                    row.keitod_id
                );
                let proved = clerk.line().unwrap().1.proved(*kind);
                if patch.is_none() {
                    let day = (row.day, row.sealed_at.moved(-self.clock.skew));
                    let began = self.whole[slot(*kind)]
                        .iter()
                        .filter(|seen| (seen.from..=seen.to).contains(&day.0) && seen.began >= day.1)
                        .map(|seen| seen.began)
                        .max()
                        .unwrap_or_default();
                    let earliest = self.listed_for.entry(row.keitod_id.to_string()).or_insert(began);
                    *earliest = began.min(*earliest);
                    let good = self.whole[slot(*kind)].iter().any(|seen| {
                        (seen.from..=seen.to).contains(&row.day)
                            && seen.began >= row.sealed_at.moved(-self.clock.skew)
                            && seen.ended.is_some_and(|ended| self.now.since(ended).as_secs() <= 60)
                    });
                    assert!(good, "POST of {} without a listing", row.keitod_id);
                    let posts = |flight: &Flight| matches!(&flight.effect, Effect::Send { kind: of, patch: None, .. } if of == kind);
                    let busy = self.flights.iter().any(posts);
                    assert!(proved || !busy, "two probes at a time");
                    assert!(
                        self.shown[slot(*kind)] || self.unshown[slot(*kind)] == 0,
                        "a POST before the probe was seen"
                    );
                    self.posts += 1;
                }
            }
            Effect::List { kind, from, to, page: 1, .. } => {
                let (from, to, began) = (*from, *to, self.now);
                self.listings[slot(*kind)] =
                    Some(Seen { from, to, began, ended: None, total: None, rows: 0, whole: false });
            }
            _ => {}
        }
        self.flights.push(Flight { effect, record, answer: None, left: self.now });
    }

    /// Requests of the past reach the server.
    pub fn stray_arrive(&mut self) {
        let (due, rest) = std::mem::take(&mut self.stray).into_iter().partition(|(at, _)| *at <= self.now);
        self.stray = rest;
        let due: Vec<(Instant, Effect)> = due;
        for (at, effect) in due {
            self.apply(&effect, at);
        }
    }

    pub fn apply(&mut self, effect: &Effect, at: Instant) -> Outcome<keitod::daemon::clerk::Echoed> {
        let lag = if self.server.lag_ms > 0 { self.rng.i64(0..=self.server.lag_ms) } else { 0 };
        let outcome = self.server.write(effect, at, lag);
        self.say(|| format!("   server {}: {outcome:?}", describe(effect)));
        if self.alone {
            oracle::never_more(&self.server, &oracle::tokens(&self.world, self.now, self.settings.since));
        }
        outcome
    }

    /// The server does what it was asked, or the network fails.
    pub fn carry_out(&mut self, index: usize, honest: bool) {
        if self.flights[index].answer.is_some() {
            return;
        }
        let effect = self.flights[index].effect.clone();
        let answer = match &effect {
            Effect::Me => Answer::Me(self.server.me()),
            Effect::Category { from, to, page, .. } => Answer::Category {
                from: *from,
                to: *to,
                page: *page,
                outcome: Outcome::Applied(((*page == 0).then(|| CategoryId::new("found")), false)),
            },
            Effect::Projects { active, .. } => {
                Answer::Projects { active: *active, outcome: Outcome::Applied(ProjectPage::default()) }
            }
            Effect::List { kind, from, to, page, .. } => {
                let outcome = if !honest && self.rng.u32(0..12) == 0 {
                    Outcome::NotSent(Unsent::Unreachable("down".into()))
                } else {
                    self.server.list(*kind, *from, *to, *page, self.now)
                };
                self.listed(*kind, *page, &outcome);
                Answer::List { kind: *kind, outcome }
            }
            Effect::Send { write, kind, patch, .. } => {
                let outcome = self.send(&effect, honest);
                if matches!(outcome, Outcome::Applied(_)) && patch.is_none() {
                    self.unshown[slot(*kind)] += 1;
                }
                Answer::Send { write: *write, outcome }
            }
        };
        self.flights[index].answer = Some(answer);
    }

    /// What a machine that slept did not get away is not sent when it wakes.
    pub fn wake(&mut self) {
        for flight in &mut self.flights {
            let slept = self.now.since(flight.left) > LISTING_LIFE;
            if let (Effect::Send { write, .. }, None) = (&flight.effect, &flight.answer)
                && slept
            {
                let outcome = Outcome::NotSent(Unsent::Unreachable("slept".into()));
                flight.answer = Some(Answer::Send { write: *write, outcome });
            }
        }
    }

    fn send(&mut self, effect: &Effect, honest: bool) -> Outcome<keitod::daemon::clerk::Echoed> {
        let unknown = || Outcome::Unknown { status: None, why: "reset".into(), retry_after: None };
        match if honest { 99 } else { self.rng.u32(0..36) } {
            0 | 1 => drop(self.apply(effect, self.now)),
            2 | 9 => {
                let later = self.now.plus(Duration::from_secs(self.rng.u64(0..60)));
                self.stray.push((later, effect.clone()));
            }
            3 => {}
            4 => return refuse(503),
            5 => return refuse(429),
            6 => return Outcome::NotSent(Unsent::Unreachable("down".into())),
            7 if self.rng.u32(0..4) == 0 => return refuse(401),
            // The answer of a server that did it, cut short; a refusal is not.
            8 => match self.apply(effect, self.now) {
                Outcome::Applied(_) => return Outcome::AppliedUnread { status: 204 },
                refused => return refused,
            },
            _ => return self.apply(effect, self.now),
        }
        unknown()
    }

    pub fn listed(&mut self, kind: Kind, page: u32, outcome: &Outcome<keitod::daemon::clerk::ListPage>) {
        let Outcome::Applied(found) = outcome else {
            self.listings[slot(kind)] = None;
            return;
        };
        if found.rows.iter().any(|row| row.posted.is_some()) {
            (self.shown[slot(kind)], self.unshown[slot(kind)]) = (true, 0);
        }
        let Some(seen) = &mut self.listings[slot(kind)] else { return };
        let steady = seen.total.is_none_or(|total| Some(total) == found.total);
        (seen.total, seen.rows) = (found.total, seen.rows + found.rows.len() as u64);
        if !steady || page == 0 {
            seen.total = None;
        }
        if !found.more {
            seen.whole = steady && seen.total == Some(seen.rows);
        }
    }

    /// The outcome reaches the clerk.
    pub fn answer(&mut self, index: usize) {
        if self.flights[index].answer.is_none() {
            return;
        }
        let flight = self.flights.remove(index);
        let random = self.rng.u32(..);
        let answer = flight.answer.unwrap();
        self.say(|| format!("<- {}", describe(&flight.effect)));
        if let Answer::List { kind, .. } = &answer {
            self.end_listing(*kind);
        }
        let clocks = self.clocks();
        let clerk = self.clerk.as_mut().unwrap();
        let now = clerk.now(clocks).unwrap();
        let more = clerk.answer(answer, now, random).unwrap();
        for effect in more {
            self.take(effect);
        }
    }

    fn end_listing(&mut self, kind: Kind) {
        if let Some(seen) = self.listings[slot(kind)].as_mut().filter(|seen| seen.whole) {
            seen.ended = Some(self.now);
            self.whole[slot(kind)].extend(self.listings[slot(kind)].take());
        }
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_millis(seconds * 1000 + self.rng.u64(0..1000)));
        self.stray_arrive();
    }

    /// A listing showed an entry of ours.
    pub fn entries_shown(&self) -> bool {
        self.shown[0]
    }

    pub fn forget_probes(&mut self) {
        (self.unshown, self.shown) = ([0, 0], [false, false]);
    }
}

/// The unfinished write that was sealed last.
fn newest_write(clerk: &Clerk) -> Option<WriteRef> {
    let (account, ..) = clerk.line()?;
    clerk.store().view().unfinished(account).unwrap().last().map(|write| write.id)
}

fn file_range(from: usize, to: usize) -> std::ops::Range<usize> {
    from..to
}

pub fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Send { write, kind, patch, body, .. } => {
            let method = patch.as_ref().map_or_else(|| "POST".to_owned(), |id| format!("PATCH {id}"));
            format!("{method} {kind:?} {write:?} {}", String::from_utf8_lossy(body))
        }
        other => format!("{other:?}"),
    }
}

//! What of a session should be on a record and is not yet. Pure: values in, values out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::admitted::Admitted;
use super::basis::{Basis, Cost};
use super::days::Calendar;
use super::held::Held;
use super::overlap::{Claim, Overlap, Theirs};
use super::spans::Span;
use super::stretches::Stretch;
pub use super::waiting::{Sum, Waiting, WaitingKey, Waits};
use super::{entries, expenses};
use crate::model::{
    Day, DirRef, Instant, Kind, Link, Payer, Quality, RecordRef, Reported, RequestKey, RequestRef, Terms,
    Tokens, Usd,
};

/// An expense covers at most this many requests, so that its `keys` stay small (design section 6).
pub const REQUESTS_PER_EXPENSE: usize = 400;

/// Where a fact goes, as the mapping in force says.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// To this project and task.
    To {
        /// Project and task.
        link: Link,
        /// The repository's own `min_duration_seconds`.
        min_seconds: Option<u64>,
        /// The repository's own `max_duration_seconds`.
        max_seconds: Option<u64>,
        /// Among which sessions a second of its time is billed once.
        overlap: Overlap,
        /// What its expenses are made of.
        cost: Cost,
    },
    /// Nowhere yet.
    Held(Held),
    /// Never: reported only.
    Excluded,
}

/// A request with what is billed of it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its row.
    pub id: RequestRef,
    /// Its key.
    pub key: RequestKey,
    /// The instant of its first line.
    pub at: Instant,
    /// The answering model.
    pub model: Arc<str>,
    /// Its directory.
    pub dir: Option<DirRef>,
    /// Final counts as far as they are known.
    pub tokens: Tokens,
    /// Terms.
    pub terms: Terms,
    /// Quality.
    pub quality: Quality,
    /// Whose price list applies, where the log names it.
    pub provider: Option<Arc<str>>,
    /// What the log says it cost.
    pub reported: Option<Reported>,
    /// Who paid for it, by the newest evidence in its session's log at or before its instant.
    pub payer: Option<Payer>,
    /// What records hold of it; `None`: nothing.
    pub billed: Option<Billed>,
    /// Index of its place.
    pub place: usize,
}

/// What records hold of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Billed {
    /// Its tokens on them.
    pub tokens: Tokens,
    /// What they were billed at; `None`: found at Keito, where only the sum of all requests of a record stands.
    pub usd: Option<Usd>,
}

/// An entry that can still grow.
#[derive(Debug, Clone)]
pub struct OpenEntry {
    /// Its row.
    pub record: RecordRef,
    /// Its day.
    pub day: Day,
    /// Its link.
    pub link: Link,
    /// A write of it is not finished: it grows after that.
    pub busy: bool,
    /// When its last write was sealed.
    pub written_at: Instant,
}

/// All of a session that decides what is due.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Its requests.
    pub requests: Vec<Request>,
    /// Its spans, each with the index of its place.
    pub spans: Vec<(Span, usize)>,
    /// Stretches that entries hold.
    pub covered: Vec<Stretch>,
    /// Seconds on all entries.
    pub posted_seconds: u64,
    /// The last Unix second that an entry says it covers.
    pub posted_until: Option<i64>,
    /// Time that other sessions' entries hold, or that is theirs by rank, where this session's overlap looks at others.
    pub others: Vec<Theirs>,
    /// Entries that can grow.
    pub entries: Vec<OpenEntry>,
    /// Models whose records at Keito do not add up.
    pub unproven: BTreeSet<Arc<str>>,
    /// First and last second of entries of a day at Keito that hold time which could not be found in the logs: nobody
    /// knows what else of these days is billed.
    pub doubted: Vec<Stretch>,
    /// The places.
    pub places: Vec<Place>,
    /// The date that a place's facts are sent on whatever their own, by the same index; may be shorter.
    pub dates: Vec<Option<Day>>,
    /// The last instant in the log.
    pub last_at: Option<Instant>,
    /// The first and the last append that the running daemon saw, by our clock.
    pub appended: Option<(Instant, Instant)>,
}

/// The frozen price of some tokens of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Exact.
    pub usd: Usd,
    /// Price row and its origin, as text that explains it.
    pub source: String,
}

/// What holds for all sessions at this moment.
pub struct Rules<'a> {
    /// Now.
    pub now: Instant,
    /// From where on, and what of before, becomes records.
    pub admitted: Admitted<'a>,
    /// Local days.
    pub calendar: &'a Calendar,
    /// The workspace's today: nothing is sent with a later date.
    pub today: Day,
    /// An entry is written when its session has been quiet this long.
    pub time_settle: Duration,
    /// Or this long after its last write.
    pub time_update: Duration,
    /// An expense when its session has been quiet this long.
    pub expense_settle: Duration,
    /// Sessions with fewer agent seconds are not billed for time.
    pub min_seconds: u64,
    /// Cap per session and day.
    pub max_seconds: Option<u64>,
    /// Estimates may be billed.
    pub bill_estimates: bool,
    /// Everything waits for approval.
    pub review: bool,
    /// A person approved this request.
    pub approved: &'a dyn Fn(&Request) -> bool,
    /// A person approved this time of the session.
    pub approved_time: &'a [Stretch],
    /// Entries are held for this reason, whatever their place (skill hooks).
    pub entries_held: Option<Held>,
    /// Nothing can be booked on this link; expenses have no task.
    pub closed: &'a dyn Fn(&Link, Kind) -> bool,
    /// Expenses are held for this reason (no category, no rate), by day.
    pub expenses_held: &'a dyn Fn(Day) -> Option<Held>,
    /// The price of tokens of a request.
    pub price: &'a dyn Fn(&Request, &Tokens) -> Result<Price, Held>,
}

/// An expense that can be sealed now.
#[derive(Debug, Clone)]
pub struct DueExpense {
    /// Local day.
    pub day: Day,
    /// Index of the place it goes to.
    pub place: usize,
    /// Project and task.
    pub link: Link,
    /// Model.
    pub model: Arc<str>,
    /// Only what came on top of requests that are billed already.
    pub excess: bool,
    /// What its amount is.
    pub basis: Basis,
    /// Requests in order of time, with the tokens to bill and their price.
    pub items: Vec<Item>,
}

/// One request on an expense.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its row.
    pub id: RequestRef,
    /// Its key.
    pub key: RequestKey,
    /// Its instant.
    pub at: Instant,
    /// What of it goes onto this expense.
    pub tokens: Tokens,
    /// All of it that is on records with this expense.
    pub total: Tokens,
    /// Its frozen price.
    pub price: Price,
    /// Its quality.
    pub quality: Quality,
    /// Whose price list applies, where the log names it.
    pub provider: Option<Arc<str>>,
}

/// Time that can be sealed now.
#[derive(Debug, Clone)]
pub struct DueEntry {
    /// Local day.
    pub day: Day,
    /// Index of the place it goes to.
    pub place: usize,
    /// Project and task.
    pub link: Link,
    /// Stretches to add.
    pub stretches: Vec<Stretch>,
    /// The entry that grows; `None`: a new one.
    pub grow: Option<RecordRef>,
}

/// What is due of a session.
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    /// To seal now.
    pub expenses: Vec<DueExpense>,
    /// To seal now.
    pub entries: Vec<DueEntry>,
    /// All that is on no record yet, the two lists above included.
    pub waiting: BTreeMap<WaitingKey, Sum>,
    /// When more wants to be sealed if nothing else happens.
    pub ready_at: Option<Instant>,
    /// Seconds that `max_seconds` cut, and those of sessions below `min_seconds`.
    pub capped_seconds: u64,
    /// See above.
    pub below_min_seconds: u64,
    /// Time on no entry that other sessions of its overlap must know of.
    pub claim: Claim,
}

impl Sheet {
    /// Whether the time of one entry would be longer than so many seconds.
    #[must_use]
    pub fn entries_beyond(&self, longest: u64) -> bool {
        self.waiting.iter().any(|((expense, ..), sum)| !expense && sum.seconds > longest)
    }

    pub(super) fn wait(&mut self, key: WaitingKey) -> &mut Sum {
        self.waiting.entry(key).or_default()
    }

    pub(super) fn later(&mut self, at: Instant) {
        self.ready_at = Some(self.ready_at.map_or(at, |known| known.min(at)));
    }
}

/// An event further ahead than this is a clock that is wrong, not work.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(300);

/// What is due of `session` now.
#[must_use]
pub fn due(session: &Session, rules: &Rules<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    expenses::due_expenses(session, rules, &mut sheet);
    entries::due_entries(session, rules, &mut sheet);
    sheet
}

impl Session {
    /// The date that facts of a day are sent on.
    pub(super) fn date(&self, place: usize, day: Day) -> Day {
        self.dates.get(place).copied().flatten().unwrap_or(day)
    }
}

/// When the session has been quiet for `settle`.
pub(super) fn quiet_at(session: &Session, settle: Duration) -> Instant {
    let last =
        session.last_at.into_iter().chain(session.appended.map(|(_, last)| last)).max().unwrap_or_default();
    last.plus(settle)
}

/// `Some(when)` if it has to wait.
pub(super) fn not_yet(ready: Instant, day: Day, rules: &Rules<'_>) -> Option<Instant> {
    if ready > rules.now {
        return Some(ready);
    }
    (day > rules.today).then(|| rules.now.plus(Duration::from_secs(600)))
}

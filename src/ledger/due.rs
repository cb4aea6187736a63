//! What of a session should be on a record and is not yet. Pure: values in, values out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::basis::{Basis, Cost};
use super::days::Calendar;
use super::expenses;
use super::held::Held;
use super::spans::{Span, SpanKind};
use super::stretches::{self, Stretch};
pub use super::waiting::{Sum, Waiting, WaitingKey, Waits};
use crate::model::{
    Day, DirRef, Instant, Link, Payer, Quality, RecordRef, Reported, RequestKey, RequestRef, Terms, Tokens,
    Usd,
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
    /// Entries that can grow.
    pub entries: Vec<OpenEntry>,
    /// Models whose records at Keito do not add up.
    pub unproven: BTreeSet<Arc<str>>,
    /// The places.
    pub places: Vec<Place>,
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
    /// The cut-off.
    pub since: Option<Instant>,
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
}

impl Sheet {
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
    due_entries(session, rules, &mut sheet);
    sheet
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

fn due_entries(session: &Session, rules: &Rules<'_>, sheet: &mut Sheet) {
    let total: u64 = agent(session).map(|(span, _)| span.seconds()).sum();
    let covered = stretches::union(session.covered.clone());
    let since = rules.since.map_or(i64::MIN, |since| since.millis().div_euclid(1000));
    let mut open: Vec<(Day, usize, Stretch)> = Vec::new();
    let last_covered = covered.last().map(|(_, end)| *end).into_iter().chain(session.posted_until).max();
    let last_covered = last_covered.unwrap_or(i64::MIN);
    let (mut found, mut inner_open) = (0, 0);
    for (span, place) in agent(session) {
        let counted = span.seconds();
        let uncovered = stretches::seconds(&stretches::minus((span.start, span.end), &covered));
        found += counted - uncovered;
        let start = span.start.max(since);
        if start >= span.end {
            continue;
        }
        for rest in stretches::minus((start, span.end), &covered) {
            if session.places[*place] != Place::Excluded {
                inner_open += inner(rest, last_covered);
            }
            for (day, from, to) in rules.calendar.split(rest.0, rest.1) {
                open.push((day, *place, (from, to)));
            }
        }
    }
    // Posted seconds that lie on no stretch of the session any more: up to the last posted instant so much less is
    // due, for it may be the same time. What nobody is ever billed for (excluded) cannot stand in for it.
    let mut allowed = inner_open.saturating_sub(session.posted_seconds.saturating_sub(found));
    let mut groups: BTreeMap<(Day, usize), Vec<Stretch>> = BTreeMap::new();
    for (day, place, (start, end)) in open {
        let group = groups.entry((day, place)).or_default();
        if session.places[place] == Place::Excluded {
            group.push((start, end));
            continue;
        }
        let taken = inner((start, end), last_covered).min(allowed);
        allowed -= taken;
        if taken > 0 {
            group.push((start, start + i64::try_from(taken).unwrap_or(0)));
        }
        group.push((start.max(last_covered), end));
    }
    cap(session, rules, &covered, &mut groups, sheet);
    for ((day, place), parts) in groups {
        let parts = stretches::union(parts);
        let held = |part: &Stretch| stretches::minus(*part, rules.approved_time);
        let held: Vec<Stretch> =
            if rules.review { parts.iter().flat_map(held).collect() } else { Vec::new() };
        let free: Vec<Stretch> = parts.iter().flat_map(|part| stretches::minus(*part, &held)).collect();
        for (parts, review) in [(free, None), (held, Some(Held::Review))] {
            if !parts.is_empty() {
                due_entry(session, rules, sheet, total, (day, place), parts, review);
            }
        }
    }
}

/// Seconds of a stretch up to `last`.
fn inner((start, end): Stretch, last: i64) -> u64 {
    u64::try_from(end.min(last).saturating_sub(start)).unwrap_or(0)
}

fn due_entry(
    session: &Session,
    rules: &Rules<'_>,
    sheet: &mut Sheet,
    total: u64,
    (day, place): (Day, usize),
    parts: Vec<Stretch>,
    review: Option<Held>,
) {
    let none: Arc<str> = "".into();
    let seconds = stretches::seconds(&parts);
    let (link, min) = match &session.places[place] {
        Place::Excluded => {
            sheet.wait((false, day, None, none, Waiting::Excluded)).time(&parts);
            return;
        }
        Place::Held(held) => {
            sheet.wait((false, day, None, none, Waiting::Held(*held))).time(&parts);
            return;
        }
        Place::To { link, min_seconds, .. } => (link, min_seconds.unwrap_or(rules.min_seconds)),
    };
    if total < min {
        sheet.below_min_seconds += seconds;
        return;
    }
    let held = rules.entries_held.or(review);
    let waiting = held.map_or(Waiting::Open, Waiting::Held);
    sheet.wait((false, day, Some(link.clone()), none, waiting)).time(&parts);
    if held.is_some() {
        return;
    }
    let grown = session.entries.iter().filter(|entry| entry.day == day && entry.link == *link);
    let grow = grown.max_by_key(|entry| entry.written_at);
    if grow.is_some_and(|entry| entry.busy) {
        return;
    }
    let last_write = grow.map(|entry| entry.written_at);
    // A session that appears with hours of history (a fork, a resumption) is as young as its appearance: whose history
    // it is shows when its own lines come.
    let first = parts.first().map(|(start, _)| Instant::from_seconds(*start));
    let first = first.into_iter().chain(session.appended.map(|(first, _)| first)).max().unwrap_or_default();
    let ready = quiet_at(session, rules.time_settle).min(last_write.unwrap_or(first).plus(rules.time_update));
    match not_yet(ready, day, rules) {
        Some(wait) => sheet.later(wait),
        None => sheet.entries.push(DueEntry {
            day,
            place,
            link: link.clone(),
            stretches: parts,
            grow: grow.map(|entry| entry.record),
        }),
    }
}

fn agent(session: &Session) -> impl Iterator<Item = &(Span, usize)> {
    session.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent)
}

/// `max_seconds` caps a session's day over all links and parts; what is over it, from the end, is reported only.
fn cap(
    session: &Session,
    rules: &Rules<'_>,
    covered: &[Stretch],
    groups: &mut BTreeMap<(Day, usize), Vec<Stretch>>,
    sheet: &mut Sheet,
) {
    let days: BTreeSet<Day> = groups.keys().map(|(day, _)| *day).collect();
    for day in days {
        let limit = groups.keys().filter(|(of, _)| *of == day).filter_map(|(_, place)| {
            match &session.places[*place] {
                Place::To { max_seconds, .. } => max_seconds.or(rules.max_seconds),
                _ => rules.max_seconds,
            }
        });
        let Some(limit) = limit.min() else { continue };
        let held: u64 = covered
            .iter()
            .flat_map(|(start, end)| rules.calendar.split(*start, *end))
            .filter(|(of, ..)| *of == day)
            .map(|(_, start, end)| u64::try_from(end - start).unwrap_or(0))
            .sum();
        let mut left = limit.saturating_sub(held);
        let mut parts: Vec<(Stretch, usize)> = Vec::new();
        for ((of, place), list) in groups.iter_mut().filter(|((of, _), _)| *of == day) {
            debug_assert_eq!(*of, day);
            parts.extend(stretches::union(std::mem::take(list)).into_iter().map(|part| (part, *place)));
        }
        parts.sort_unstable();
        for (part, place) in parts {
            let kept = stretches::take(&[part], left);
            let length = stretches::seconds(&kept);
            left -= length;
            sheet.capped_seconds += stretches::seconds(&[part]) - length;
            groups.entry((day, place)).or_default().extend(kept);
        }
    }
}

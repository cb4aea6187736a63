//! Spans → seconds by row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::days::DayCache;
use super::group::{Groups, Key, Projects, Shape};
use super::{Filter, IdleRow, PinnedRow, Place, Rows, Rules, SpanRow, Time};
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Day, Instant, SessionRef};

/// Time of a row. Its wall time is not yet united, but for what `sums` holds of it: that of other days.
#[derive(Debug, Default)]
pub(super) struct Spent {
    sums: Time,
    counted: Vec<Stretch>,
}

impl Spent {
    /// The numbers, the union of the counted stretches among them.
    pub(super) fn time(self) -> Time {
        let wall = self.sums.wall + stretches::seconds(&stretches::union(self.counted));
        Time { wall, ..self.sums }
    }

    /// Adds the time of other days: nothing of it is at once with any of this.
    pub(super) fn add_time(&mut self, other: &Time) {
        self.sums.agent += other.agent;
        self.sums.wall += other.wall;
        self.sums.human += other.human;
        self.sums.dropped += other.dropped;
        self.sums.below_min += other.below_min;
        self.sums.capped += other.capped;
    }

    /// Adds another row's time; what both hold at once is one second of wall time.
    pub(super) fn add(&mut self, other: &Self) {
        self.add_time(&other.sums);
        self.counted.extend_from_slice(&other.counted);
    }
}

/// Agent time of one session, day and place.
struct Part {
    day: Day,
    stretch: Stretch,
    place: Place,
    /// An entry holds it, for this project: then no limit of today's configuration takes it away.
    pinned: Option<Arc<str>>,
}

/// Adds up spans.
pub(super) struct Walk<'a> {
    pub(super) rows: &'a Rows,
    pub(super) rules: &'a Rules<'a>,
    pub(super) filter: Filter,
    pub(super) shape: Shape,
    pub(super) projects: &'a mut Projects,
    pub(super) days: DayCache<'a>,
}

fn length((start, end): Stretch) -> u64 {
    u64::try_from(end - start).unwrap_or(0)
}

impl Walk<'_> {
    /// Time by row, without the model.
    pub(super) fn run(mut self) -> Groups<Key, Spent> {
        let rows = self.rows;
        let mut pins: HashMap<SessionRef, &[PinnedRow]> = HashMap::new();
        for list in rows.pinned.chunk_by(|a, b| a.session == b.session) {
            pins.insert(list[0].session, list);
        }
        let mut groups = Groups::new();
        for spans in rows.spans.chunk_by(|a, b| a.session == b.session) {
            let pinned = pins.get(&spans[0].session).copied().unwrap_or_default();
            self.session(spans[0].session, spans, pinned, &mut groups);
        }
        for idle in &rows.idle {
            self.idle(idle, &mut groups);
        }
        groups
    }

    fn key(&mut self, day: Day, session: SessionRef, project: Option<&Arc<str>>) -> Key {
        let mut key = self.shape.key(&self.rows.names, day, session);
        if self.shape.project {
            key.project = self.projects.intern(project);
        }
        key
    }

    fn idle(&mut self, idle: &IdleRow, groups: &mut Groups<Key, Spent>) {
        let day = self.days.day(idle.at.seconds());
        if !self.filter.holds(day) {
            return;
        }
        let place = (self.rules.place_of)(idle.dir, idle.session, idle.at);
        let key = self.key(day, idle.session, place.project.as_ref());
        groups.at(key);
    }

    fn session(
        &mut self,
        session: SessionRef,
        spans: &[SpanRow],
        pinned: &[PinnedRow],
        groups: &mut Groups<Key, Spent>,
    ) {
        let mut parts: Vec<Part> = Vec::new();
        for span in spans {
            let days = self.days.split(span.start, span.end);
            if !days.as_slice().iter().any(|(day, ..)| self.filter.holds(*day)) {
                continue;
            }
            // A gap belongs to the event that closes it.
            let place = (self.rules.place_of)(span.dir, session, Instant::from_seconds(span.end));
            for &(day, start, end) in days.as_slice() {
                if !self.filter.holds(day) {
                    continue;
                }
                if span.kind == SpanKind::Agent {
                    cut(&mut parts, day, (start, end), &place, pinned);
                    continue;
                }
                let key = self.key(day, session, place.project.as_ref());
                let sums = &mut groups.at(key).sums;
                match span.kind {
                    SpanKind::Human => sums.human += length((start, end)),
                    SpanKind::Dropped | SpanKind::Agent => sums.dropped += length((start, end)),
                }
            }
        }
        self.count(session, parts, groups);
    }

    /// What of a session's agent time counts: not what is over the day's cap, from the end, and nothing of a session
    /// below the minimum. As `ledger::due` has it, so that a report and the entries agree.
    fn count(&mut self, session: SessionRef, parts: Vec<Part>, groups: &mut Groups<Key, Spent>) {
        let total = self.rows.agent_seconds.get(&session).copied().unwrap_or(0);
        let mut left = self.caps(&parts);
        for part in parts {
            let Part { day, stretch, place, pinned } = part;
            let key = self.key(day, session, pinned.as_ref().or(place.project.as_ref()));
            let spent = groups.at(key);
            if pinned.is_some() {
                spent.sums.agent += length(stretch);
                spent.counted.push(stretch);
                continue;
            }
            let seconds = match left.get_mut(&day) {
                Some(left) => {
                    let kept = length(stretch).min(*left);
                    *left -= kept;
                    kept
                }
                None => length(stretch),
            };
            spent.sums.capped += length(stretch) - seconds;
            if total < place.min_seconds.unwrap_or(self.rules.min_seconds) {
                spent.sums.below_min += seconds;
            } else if seconds > 0 {
                spent.sums.agent += seconds;
                spent.counted.extend(stretches::take(&[stretch], seconds));
            }
        }
    }

    /// Seconds left under the cap of each day that has one; what entries hold is taken first.
    fn caps(&self, parts: &[Part]) -> BTreeMap<Day, u64> {
        let mut caps = BTreeMap::new();
        for part in parts.iter().filter(|part| part.pinned.is_none()) {
            if let Some(limit) = part.place.max_seconds.or(self.rules.max_seconds) {
                let cap = caps.entry(part.day).or_insert(limit);
                *cap = limit.min(*cap);
            }
        }
        for part in parts.iter().filter(|part| part.pinned.is_some()) {
            if let Some(cap) = caps.get_mut(&part.day) {
                *cap = cap.saturating_sub(length(part.stretch));
            }
        }
        caps
    }
}

/// Cuts a stretch where entries begin and end.
fn cut(parts: &mut Vec<Part>, day: Day, (mut start, end): Stretch, place: &Place, pinned: &[PinnedRow]) {
    let mut push = |stretch: Stretch, pinned: Option<&Arc<str>>| {
        if stretch.0 < stretch.1 {
            parts.push(Part { day, stretch, place: place.clone(), pinned: pinned.cloned() });
        }
    };
    for pin in pinned {
        let (from, to) = (pin.start.max(start), pin.end.min(end));
        if from < to {
            push((start, from), None);
            push((from, to), Some(&pin.project));
            start = to;
        }
    }
    push((start, end), None);
}

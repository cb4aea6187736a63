//! A session as the ledger wants to see it: its facts, what is billed of them, and where each goes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::assigned::{Assignment, Target, cuts, said};
use super::{Clerk, Policy, Scope, Spot};
use crate::ledger::due::{self, OpenEntry, Place};
use crate::ledger::held::Held;
use crate::ledger::spans::{Span, SpanKind};
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Agent, BranchRef, DirRef, Instant, SessionRef};
use crate::store::{Error, RecordState, SessionHead, Tx};

/// A loaded session.
pub(super) struct Loaded {
    pub(super) head: SessionHead,
    pub(super) session: due::Session,
    /// By the same index as `session.places`.
    pub(super) spots: Vec<Arc<Spot>>,
}

impl Loaded {
    /// From the first to the last second of agent time that no entry of its own holds.
    pub(super) fn open_range(&self) -> Option<Stretch> {
        let covered = stretches::union(self.session.covered.clone());
        let spans = self.session.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent);
        let mut open = spans.flat_map(|(span, _)| stretches::minus((span.start, span.end), &covered));
        let first = open.next()?;
        Some(open.fold(first, |all, part| (all.0.min(part.0), all.1.max(part.1))))
    }
}

impl Clerk {
    pub(super) fn load(
        tx: &Tx<'_>,
        policy: &mut (dyn Policy + Send),
        scope: Option<&Scope>,
        id: SessionRef,
        appended: Option<(Instant, Instant)>,
        now: Instant,
    ) -> Result<Option<Loaded>, Error> {
        let Some(head) = tx.session_head(id)? else { return Ok(None) };
        let account = scope.map(|scope| scope.id);
        let requests = tx.requests_for_due(account, id)?;
        let own = |of: &&Assignment| of.agent == head.agent && of.session == head.native;
        let assigned: Vec<&Assignment> =
            scope.map(|scope| scope.assigned.iter().filter(own).collect()).unwrap_or_default();
        let spans = cut(tx.spans(id)?, &cuts(&assigned));
        let mut session = due::Session { last_at: tx.last_at(id)?, appended, ..due::Session::default() };
        if let Some(account) = account {
            (session.covered, session.posted_seconds, session.posted_until) = tx.covered(account, id)?;
            session.unproven = tx.unproven(account, id)?.into_iter().map(Arc::from).collect();
            session.doubted = tx.doubted(account)?;
            for entry in
                tx.entries_of(account, id)?.into_iter().filter(|entry| entry.state == RecordState::Live)
            {
                let (written_at, busy) = tx.last_write(entry.id)?;
                // One whose POST was refused is not there to grow: what comes later is a part of its own.
                if entry.new.remote.is_none() && !busy {
                    continue;
                }
                // What comes while it is moved is for where it will be.
                let moved = if busy { super::moves::target_of(tx, entry.id)? } else { None };
                session.entries.push(OpenEntry {
                    record: entry.id,
                    day: entry.new.day,
                    link: moved.unwrap_or_else(|| entry.new.link.clone()),
                    busy,
                    written_at: written_at.or(entry.listed_at).unwrap_or_default(),
                });
            }
        }
        let mut events: Vec<(Instant, Event)> = Vec::with_capacity(requests.len() + spans.len());
        for (index, (request, branch)) in requests.iter().enumerate() {
            events.push((request.at, Event { of: Of::Request(index), dir: request.dir, branch: *branch }));
        }
        for (index, span) in spans.iter().enumerate() {
            events.push((
                Instant::from_seconds(span.end),
                Event { of: Of::Span(index), dir: span.dir, branch: span.branch },
            ));
        }
        events.sort_by_key(|(at, event)| (*at, event.of));
        fill_branches(&mut events);
        session.requests = requests.into_iter().map(|(request, _)| request).collect();
        session.spans = spans.into_iter().map(|span| (span, 0)).collect();
        let mut trail = Trail {
            tx,
            policy,
            agent: &head.agent,
            now,
            spots: Vec::new(),
            last: None,
            assigned,
            paths: HashMap::new(),
        };
        let first = tx.first_dir(id)?;
        let branch = events.iter().find(|(_, event)| event.dir == first).and_then(|(_, event)| event.branch);
        let first = trail.own(first, branch)?;
        let places = trail.walk(&events, first)?;
        let spots = trail.spots;
        for ((_, event), place) in events.iter().zip(places) {
            match event.of {
                Of::Request(index) => session.requests[index].place = place,
                Of::Span(index) => session.spans[index].1 = place,
            }
        }
        session.places = spots.iter().map(|spot| spot.place.clone()).collect();
        session.dates = spots.iter().map(|spot| spot.detail.spent).collect();
        Ok(Some(Loaded { head, session, spots }))
    }
}

/// Spans with none across one of these instants.
pub(super) fn cut(spans: Vec<Span>, at: &[i64]) -> Vec<Span> {
    if at.is_empty() {
        return spans;
    }
    let mut parts = Vec::with_capacity(spans.len());
    for span in spans {
        let mut start = span.start;
        for end in at.iter().copied().filter(|at| span.start < *at && *at < span.end) {
            parts.push(Span { start, end, ..span });
            start = end;
        }
        parts.push(Span { start, ..span });
    }
    parts
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Request(usize),
    Span(usize),
}

struct Event {
    of: Of,
    dir: Option<DirRef>,
    branch: Option<BranchRef>,
}

/// A line that names no branch was written on the one that was named last in its directory, else on the first.
fn fill_branches(events: &mut [(Instant, Event)]) {
    let mut known: HashMap<DirRef, BranchRef> = HashMap::new();
    let mut fill = |event: &mut Event| {
        let Some(dir) = event.dir else { return };
        match event.branch {
            Some(branch) => drop(known.insert(dir, branch)),
            None => event.branch = known.get(&dir).copied(),
        }
    };
    events.iter_mut().for_each(|(_, event)| fill(event));
    events.iter_mut().rev().for_each(|(_, event)| fill(event));
}

/// Walks a session in order of time: a fact in a directory that nothing maps goes where the session was last, then
/// where it began (agents `cd /tmp`); `[default]` takes only sessions that nothing maps anywhere.
///
/// What is passed on is the session's last mapping of any kind: work that goes on in `/tmp` after an excluded directory
/// stays excluded, and after a broken `.keito` it stays held with it. Passing over these to an older link would be a
/// guess, and one that could send what must not be sent.
struct Trail<'a, 'tx> {
    tx: &'a Tx<'tx>,
    policy: &'a mut (dyn Policy + Send),
    agent: &'a Agent,
    now: Instant,
    spots: Vec<Arc<Spot>>,
    last: Option<usize>,
    /// What was mapped after the fact of this session.
    assigned: Vec<&'a Assignment>,
    paths: HashMap<DirRef, Option<String>>,
}

impl Trail<'_, '_> {
    /// The place of a directory itself.
    fn own(&mut self, dir: Option<DirRef>, branch: Option<BranchRef>) -> Result<Option<usize>, Error> {
        let spot = self.policy.spot(self.tx, self.agent, dir, branch, self.now)?;
        Ok(spot.map(|spot| self.index(spot)))
    }

    fn index(&mut self, spot: Arc<Spot>) -> usize {
        let same = |known: &Arc<Spot>| Arc::ptr_eq(known, &spot) || known.is_like(&spot);
        if let Some(known) = self.spots.iter().position(same) {
            return known;
        }
        self.spots.push(spot);
        self.spots.len() - 1
    }

    fn walk(&mut self, events: &[(Instant, Event)], first: Option<usize>) -> Result<Vec<usize>, Error> {
        let mut own = Vec::with_capacity(events.len());
        for (_, event) in events {
            own.push(self.own(event.dir, event.branch)?);
        }
        let mapped = first.is_some() || own.iter().any(Option::is_some);
        let mut defaults = vec![None; own.len()];
        if !mapped {
            for ((_, event), default) in events.iter().zip(&mut defaults) {
                let at = (event.dir, event.branch);
                let spot = self.policy.default_spot_in(self.tx, self.agent, at, self.now)?;
                *default = spot.map(|spot| self.index(spot));
            }
        }
        let unmapped = Spot { place: Place::Held(Held::Unmapped), detail: super::Detail::default() };
        let unmapped = self.index(Arc::new(unmapped));
        let mut places = Vec::with_capacity(own.len());
        for ((place, default), (at, event)) in own.into_iter().zip(defaults).zip(events) {
            self.last = place.or(self.last);
            let mapped = place.or(self.last).or(first).or(default).unwrap_or(unmapped);
            places.push(if self.assigned.is_empty() { mapped } else { self.reassigned(*at, event, mapped)? });
        }
        Ok(places)
    }

    /// Where a fact goes that the mapping sends to `mapped`. What a repository or a rule excludes stays excluded: who
    /// switched it off need not be who assigns.
    fn reassigned(&mut self, at: Instant, event: &Event, mapped: usize) -> Result<usize, Error> {
        // Time lies before the instant at which it ends.
        let at = if matches!(event.of, Of::Span(_)) { at.minus(Duration::from_millis(1)) } else { at };
        let dir = self.path(event.dir)?;
        let said = said(&self.assigned, at, dir.as_deref());
        let mut place = mapped;
        if self.spots[mapped].place == Place::Excluded {
            return Ok(mapped);
        }
        match said.target {
            None => {}
            Some(Target::Exclude) => {
                let never = Spot { place: Place::Excluded, detail: super::Detail::default() };
                place = self.index(Arc::new(never));
            }
            Some(Target::Link(link, names)) => {
                let (tx, agent, now) = (self.tx, self.agent, self.now);
                let found = self.policy.assigned(tx, agent, (event.dir, event.branch), (link, names), now)?;
                place = found.map_or(mapped, |spot| self.index(spot));
            }
        }
        if said.target.is_some() && said.onward {
            self.last = Some(place);
        }
        if let (Some(day), Place::To { .. }) = (said.spent, &self.spots[place].place) {
            let mut spot = Spot::clone(&self.spots[place]);
            spot.detail.spent = Some(day);
            place = self.index(Arc::new(spot));
        }
        Ok(place)
    }

    fn path(&mut self, dir: Option<DirRef>) -> Result<Option<String>, Error> {
        let Some(dir) = dir.filter(|_| self.assigned.iter().any(|of| of.dirs.is_some())) else {
            return Ok(None);
        };
        if !self.paths.contains_key(&dir) {
            let path = self.tx.dir_of(dir)?.map(|(path, _)| path);
            self.paths.insert(dir, path);
        }
        Ok(self.paths.get(&dir).cloned().flatten())
    }
}

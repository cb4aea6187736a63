//! The clerk and the clocks: it has none, but it is told what they say before it is asked for anything.

use std::collections::BTreeMap;

use super::{CLOCK_AHEAD, Clerk};
use crate::deliver::{Backoff, Base, Clocks, Desk, Step};
use crate::model::{Instant, SessionRef};
use crate::store::{Error, Store, Tx};

/// What the clerk knows of the clocks.
#[derive(Debug, Default)]
pub(super) struct Clock {
    base: Option<Base>,
    noticed: Noticed,
    /// Sessions with facts in the future: the first of them, and how many.
    ahead: BTreeMap<SessionRef, (Instant, u64)>,
}

/// What status tells of the clocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noticed {
    /// When the wall clock was set by more than 90 s, by the steady clock; milliseconds.
    pub set_at: Option<u64>,
    /// By how much, in milliseconds.
    pub set_by: i64,
    /// Facts that lie in the future and wait for their instant.
    pub ahead: u64,
    /// The cut-off.
    pub since: Option<Instant>,
}

/// Brings stored instants in line with the clocks, before anything in the store is believed. What is new since the last
/// time is returned.
///
/// # Errors
/// Of the database.
pub fn heed_clocks(store: &mut Store, clocks: Clocks, backoff: Backoff) -> Result<Option<Step>, Error> {
    let known = store.view().clock_base()?;
    let base = known.as_deref().and_then(Base::from_text);
    // A store without one is new, or an older keitod's: then nothing is known of the time since.
    let step = match base {
        Some(base) => base.step(clocks),
        None => Some(Step::Booted),
    };
    let Some(step) = step else { return Ok(None) };
    store.transact(|tx| write_step(tx, step, clocks, backoff))?;
    Ok(known.map(|_| step))
}

fn write_step(tx: &Tx<'_>, step: Step, clocks: Clocks, backoff: Backoff) -> Result<(), Error> {
    let now = clocks.wall;
    match step {
        Step::Set(by) => tx.move_instants(by, now.moved(by.saturating_neg()))?,
        Step::Booted => drop(tx.clamp_instants(now, now.plus(backoff.max))?),
    }
    for (account, text) in tx.desks()? {
        let mut desk = Desk::read(&text);
        desk.stepped(step, now, backoff.max);
        tx.set_desk(account, &desk.to_text())?;
    }
    tx.recheck_all()?;
    // In the same commit as what was moved: half of it twice would be worse than none.
    tx.set_clock_base(&Base::of(clocks).to_text())
}

impl Clerk {
    /// Now, as everything else wants it. Must come before what is given this instant, in the same turn of the clerk's
    /// thread: a step that was not heeded would make a grace time pass in a moment.
    ///
    /// # Errors
    /// Of the database.
    pub fn now(&mut self, clocks: Clocks) -> Result<Instant, Error> {
        let base = match self.clock.base {
            Some(base) => base,
            None => {
                let stored = self.store.view().clock_base()?;
                *self
                    .clock
                    .base
                    .insert(stored.as_deref().and_then(Base::from_text).unwrap_or(Base::of(clocks)))
            }
        };
        if let Some(step) = base.step(clocks) {
            self.heed(step, clocks)?;
        }
        Ok(clocks.wall)
    }

    fn heed(&mut self, step: Step, clocks: Clocks) -> Result<(), Error> {
        let backoff = self.settings.backoff;
        // The row in memory may be newer than the stored one: a step must not lose what is not written yet.
        self.save_account()?;
        self.store.transact(|tx| write_step(tx, step, clocks, backoff))?;
        self.clock.base = Some(Base::of(clocks));
        if let Some(scope) = &mut self.account {
            let [me_at, looked_at, second] = self.store.view().account_instants(scope.id)?;
            (scope.row.me_at, scope.row.category_looked_at, scope.row.second_listing_at) =
                (me_at, looked_at, second);
            scope.desk.stepped(step, clocks.wall, backoff.max);
            scope.row.desk = scope.desk.to_text();
        }
        let moved = |at: &mut Instant| match step {
            Step::Set(by) => *at = at.moved(by),
            Step::Booted => *at = (*at).min(clocks.wall),
        };
        for (first, last) in self.appended.values_mut() {
            moved(first);
            moved(last);
        }
        for line in &mut self.lines {
            moved(&mut line.next_listing);
            if let Some(paging) = &mut line.paging {
                moved(&mut paging.began);
                paging.asked.iter_mut().for_each(moved);
            }
            if let Some(fresh) = &mut line.fresh {
                moved(&mut fresh.began);
                moved(&mut fresh.asked);
            }
        }
        self.tell_step(step, clocks);
        self.find_ahead(clocks.wall)
    }

    /// Has status tell of a step that [`heed_clocks`] found, if it is one to be told.
    pub fn tell_step(&mut self, step: Step, clocks: Clocks) {
        if let Step::Set(by) = step
            && step.is_told()
        {
            (self.clock.noticed.set_at, self.clock.noticed.set_by) = (Some(clocks.steady), by);
        }
    }

    /// What status tells of the clocks.
    #[must_use]
    pub fn noticed(&self) -> Noticed {
        let ahead = self.clock.ahead.values().map(|(_, count)| count).sum();
        Noticed { ahead, since: self.settings.since, ..self.clock.noticed }
    }

    /// Looks for facts in the future in all sessions.
    pub(super) fn find_ahead(&mut self, now: Instant) -> Result<(), Error> {
        let horizon = now.plus(CLOCK_AHEAD);
        self.clock.ahead.clear();
        // What was in the future before and is not any more has never been counted.
        self.store.transact(|tx| tx.look_again_at_the_uncounted())?;
        let sessions = self.store.view().ahead(horizon)?;
        self.note_ahead(sessions.into_iter().map(|(session, _)| session), horizon)
    }

    /// Notes which of these sessions have facts after `horizon`.
    pub(super) fn note_ahead(
        &mut self,
        sessions: impl IntoIterator<Item = SessionRef>,
        horizon: Instant,
    ) -> Result<(), Error> {
        for session in sessions {
            match self.store.view().ahead_of(session, horizon)? {
                Some(ahead) => drop(self.clock.ahead.insert(session, ahead)),
                None => drop(self.clock.ahead.remove(&session)),
            }
        }
        Ok(())
    }

    /// Facts whose instant has come are looked at again. Returns when the next one comes.
    pub(super) fn arrived(&mut self, now: Instant) -> Result<Option<Instant>, Error> {
        let horizon = now.plus(CLOCK_AHEAD);
        let here = self.clock.ahead.iter().filter(|(_, (first, _))| *first <= horizon);
        let here: Vec<SessionRef> = here.map(|(session, _)| *session).collect();
        if !here.is_empty() {
            self.store.transact(|tx| here.iter().try_for_each(|session| tx.look_again(*session)))?;
            self.note_ahead(here, horizon)?;
        }
        Ok(self.clock.ahead.values().map(|(first, _)| first.minus(CLOCK_AHEAD)).min())
    }
}

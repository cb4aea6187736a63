//! Obeying decisions: facts that were given up, deleted or closed by a person are coverage.

use std::collections::HashMap;

use super::decision::{Facts, Verb};
use super::listing::{Whole, Work, undo_tally};
use super::{Clerk, Scope};
use crate::ledger::stretches;
use crate::model::{Instant, Kind, SessionRef};
use crate::store::{Error, RecordRow, RecordState, WriteState};

type Appended = HashMap<SessionRef, (Instant, Instant)>;

impl Clerk {
    /// Brings decisions of an earlier database into this one, once all facts are here and before anything is sealed.
    pub(super) fn obey(&mut self, now: Instant) -> Result<(), Error> {
        let Some(scope) = self.account.as_ref().filter(|_| self.caught_up && !self.rulings.obeyed) else {
            return Ok(());
        };
        let list = self.rulings.coverage(&scope.of);
        self.rule(&list, now)?;
        self.rulings.obeyed = true;
        self.recheck_all()
    }

    /// Has the store say what was decided. Doing it again changes nothing.
    pub(super) fn rule(&mut self, list: &[(Instant, Verb, Facts)], now: Instant) -> Result<(), Error> {
        let Self { store, settings, policy, account, appended, .. } = self;
        let Some(scope) = account.as_mut() else { return Ok(()) };
        store.transact(|tx| {
            for (at, verb, facts) in list {
                let (kind, day) = (facts.kind, facts.day);
                let whole = Whole { kind, rows: Vec::new(), from: day, to: day, began: now, asked: now };
                let policy = policy.as_mut();
                let scope: &mut Scope = scope;
                let mut work = Work { tx, settings, policy, scope, whole: &whole, now, exact: None };
                work.rule((*at, *verb, facts), appended)?;
            }
            Ok(())
        })
    }
}

impl Work<'_, '_> {
    /// Obeys one decision.
    pub(super) fn rule(
        &mut self,
        (at, verb, facts): (Instant, Verb, &Facts),
        appended: &Appended,
    ) -> Result<(), Error> {
        if let Some(record) = self.tx.record_by_id(self.scope.id, &facts.id)? {
            return self.settle_ruled(record, (at, verb, facts), false);
        }
        if let Some(entry) = &facts.of
            && let Some(entry) = self.tx.record_by_id(self.scope.id, entry)?
        {
            self.take_back_growth(&entry, facts)?;
        }
        let (row, posted) = facts.listed();
        // Facts that a restored state has sealed: what remains due of them is sealed anew.
        self.dissolve_unsent(&posted)?;
        match facts.kind {
            // Until what it adds to is known it would cover nothing; a listing brings that.
            Kind::Expense if facts.excess && !self.has_base(&posted)? => return Ok(()),
            Kind::Expense => self.adopt_expense(&row, &posted)?,
            Kind::Entry => {
                self.exact = Some(facts.stretches.clone());
                self.adopt_alone(&row, &posted, appended)?;
                self.exact = None;
            }
        }
        match self.tx.record_by_id(self.scope.id, &facts.id)? {
            Some(record) => {
                self.cover_others(&record, facts)?;
                self.settle_ruled(record, (at, verb, facts), true)
            }
            None => Ok(()),
        }
    }

    /// The time of the other sessions of a day's entry.
    fn cover_others(&self, record: &RecordRow, facts: &Facts) -> Result<(), Error> {
        for (native, time) in &facts.others {
            let Some(session) = self.tx.find_session(facts.agent.as_str(), native.as_str())? else {
                continue;
            };
            let (covered, ..) = self.tx.covered(self.scope.id, session)?;
            let covered = stretches::union(covered);
            let rest: Vec<_> = time.iter().flat_map(|part| stretches::minus(*part, &covered)).collect();
            self.tx.cover(self.scope.id, session, record.id, None, &rest)?;
            self.tx.recheck(session)?;
        }
        Ok(())
    }

    /// `fresh`: made by this decision, so that no listing ever showed it.
    fn settle_ruled(
        &self,
        mut record: RecordRow,
        (at, verb, facts): (Instant, Verb, &Facts),
        fresh: bool,
    ) -> Result<(), Error> {
        // What is under way is found out first; a listing then tells the same again.
        if verb != Verb::Discard && self.tx.unfinished_of(record.id)?.is_some() {
            return Ok(());
        }
        if fresh {
            (record.new.remote, record.listed_at) = (facts.remote.clone(), None);
            record.answered_at = None;
        }
        match verb {
            Verb::Approve => return Ok(()),
            Verb::Discard => self.give_up(&mut record, at, facts)?,
            Verb::DeletedByPerson => record.state = RecordState::Deleted,
            Verb::ClosedByPerson if record.state == RecordState::Live => record.state = RecordState::Closed,
            Verb::ClosedByPerson => {}
        }
        if !fresh && record.new.kind == Kind::Entry && verb != Verb::Discard {
            self.catch_up(&mut record, facts)?;
        }
        self.tx.save_record(&record)?;
        self.recheck(&record)
    }

    fn give_up(&self, record: &mut RecordRow, at: Instant, facts: &Facts) -> Result<(), Error> {
        let reason = facts.reason.clone().unwrap_or_else(|| "given up".to_owned());
        let Some(mut write) = self.tx.latest_write(record.id)? else {
            record.state = RecordState::Closed;
            // One that a listing showed stands at Keito: its facts are held in any case.
            let there = record.listed_at.is_some();
            return if there { Ok(()) } else { self.tx.give_up(record.id, &reason, at) };
        };
        if matches!(write.state, WriteState::Done | WriteState::Discarded | WriteState::Sending) {
            return Ok(());
        }
        if matches!(write.state, WriteState::Pending | WriteState::Dead) {
            // It is not among what was sent: the next amounts must not make up for it.
            undo_tally(self.tx, self.scope, record)?;
        }
        write.state = WriteState::Discarded;
        (write.reason, write.ended_at) = (Some(reason), write.ended_at.or(Some(at)));
        self.tx.save_write(&write)?;
        record.state = RecordState::Closed;
        Ok(())
    }

    /// An older state knows less of the entry than was decided on: it holds the rest too.
    fn catch_up(&self, record: &mut RecordRow, facts: &Facts) -> Result<(), Error> {
        let Some(session) = record.new.session.filter(|_| facts.seconds > record.new.seconds) else {
            return Ok(());
        };
        let (covered, ..) = self.tx.covered(self.scope.id, session)?;
        let covered = stretches::union(covered);
        let rest = facts.stretches.iter().flat_map(|part| stretches::minus(*part, &covered));
        self.tx.cover(self.scope.id, session, record.id, None, &rest.collect::<Vec<_>>())?;
        record.new.seconds = facts.seconds;
        Ok(())
    }

    /// The entry's growth that is given up: its time goes to a record of its own, and the entry is as it was before.
    fn take_back_growth(&self, entry: &RecordRow, facts: &Facts) -> Result<(), Error> {
        let Some(write) = self.tx.latest_write(entry.id)? else { return Ok(()) };
        let open = matches!(write.state, WriteState::Pending | WriteState::Dead | WriteState::Conflict);
        let own = self.tx.stretches_of(entry.id, Some(write.id))? == facts.stretches;
        if write.patch && open && own && self.tx.stretches_beside(entry.id, Some(write.id))? == facts.others {
            self.tx.dissolve(&write)?;
        }
        Ok(())
    }
}

//! What an assignment does to records: those that certainly never arrived are taken back, open entries at Keito are
//! moved if that is wanted, and of all others it is said why they stay.

use super::assign::{Amounts, Moved, Where};
use super::assign_plan::{Hit, Plan, Room, Side, held_as};
use super::assigned::Target;
use super::listing::undo_tally;
use super::moves;
use crate::ledger::held::Held;
use crate::ledger::stretches::{self, Stretch, common, less};
use crate::model::{Kind, SessionRef};
use crate::store::{Error, RecordRow, RecordState, Tx, WriteRow, WriteState};

const AT_KEITO: &str = "at Keito already: --move takes open entries along";
const NO_EXPENSES: &str = "expenses at Keito: it has no way to move one";
const NOT_OPEN: &str = "entries at Keito that are locked, approved, edited or deleted";
const NOT_WHOLE: &str = "entries at Keito with time that is not selected";
const IN_DOUBT: &str = "on the wire, or in doubt whether they arrived: try again later";
const RIVALS: &str = "another record at Keito may hold the same: compare, then discard one";
const AT_KEITO_WHOLE: &str = "at Keito already: change it there";

impl Room<'_> {
    /// What becomes of a record with facts that are meant. Returns whether it is moved.
    pub(super) fn record(
        &mut self,
        tx: &Tx<'_>,
        session: SessionRef,
        record: RecordRow,
        hit: &Hit,
        (before, plan): (&mut Side, &mut Plan),
    ) -> Result<bool, Error> {
        let entry = record.new.kind == Kind::Entry;
        let own = if entry { tx.stretches_in(record.id, session, None)? } else { Vec::new() };
        let meant = match entry {
            true => !common(&own, &hit.time).is_empty(),
            false => tx.billed_by(record.id)?.iter().any(|request| hit.requests.contains(request)),
        };
        let write = tx.latest_write(record.id)?;
        let at_keito = match &write {
            None => true,
            Some(write) => write.state == WriteState::Done || write.patch,
        };
        if !meant || self.is_there(&record) && write.as_ref().is_none_or(|of| of.state == WriteState::Done) {
            return Ok(false);
        }
        if plan.found.moves.iter().any(|of| of.id == record.new.keitod_id) {
            return Ok(true);
        }
        let amounts = amounts_of(&record);
        match write {
            Some(write) if write.state == WriteState::Discarded => return Ok(false),
            Some(write) if write.state != WriteState::Done => {
                let free = write.attempts == 0 || !write.patch && held_as(&write).is_some();
                let dead = write.state == WriteState::Dead && !write.patch;
                if !(write.state == WriteState::Pending && free || dead) {
                    plan.stay(IN_DOUBT, &amounts);
                    return Ok(false);
                }
                if self.order.spent.is_some() && held_as(&write) != Some(Held::LockedPeriod) {
                    return Ok(false);
                }
                if moves::target(tx, &write)?.is_some() {
                    // An order to move it that nobody has tried yet: this one is newer.
                    tx.dissolve(&write)?;
                } else {
                    // While it was refused nobody asked whether a record that came meanwhile covers the same.
                    if write.attempts > 0 && !tx.rivals(&record)?.is_empty() {
                        plan.stay(RIVALS, &amounts);
                        return Ok(false);
                    }
                    self.take_back(tx, session, &record, &write, before)?;
                }
                if !at_keito {
                    return Ok(true);
                }
            }
            _ => {}
        }
        self.at_keito(tx, session, &record, (&own, hit), plan)
    }

    /// An entry that is where it is to go.
    fn is_there(&self, record: &RecordRow) -> bool {
        let entry = record.new.kind == Kind::Entry;
        match &self.order.target {
            Some(Target::Link(link, _)) if entry => record.new.link == *link,
            Some(Target::Link(link, _)) => record.new.link.project == link.project,
            Some(Target::Exclude) => false,
            None => true,
        }
    }

    fn take_back(
        &self,
        tx: &Tx<'_>,
        session: SessionRef,
        record: &RecordRow,
        write: &WriteRow,
        before: &mut Side,
    ) -> Result<(), Error> {
        let mut amounts = amounts_of(record);
        if write.patch {
            amounts.seconds = stretches::seconds(&tx.stretches_in(record.id, session, Some(write.id))?);
        }
        let link = &record.new.link;
        let place = Where {
            link: Some((link.project.as_str().to_owned(), link.task.as_str().to_owned())),
            held: held_as(write).map(Held::code),
            excluded: false,
        };
        before.entry((record.new.day, place)).or_default().add(&amounts);
        undo_tally(tx, self.scope, record)?;
        // Taking one back may take others of the same sum with it.
        match tx.write(write.id)? {
            Some((write, ..)) => tx.dissolve(&write),
            None => Ok(()),
        }
    }

    fn at_keito(
        &mut self,
        tx: &Tx<'_>,
        session: SessionRef,
        record: &RecordRow,
        (own, hit): (&[Stretch], &Hit),
        plan: &mut Plan,
    ) -> Result<bool, Error> {
        let Some(record) = tx.record(record.id)? else { return Ok(false) };
        let amounts = amounts_of(&record);
        let Some(Target::Link(to, _)) = self.order.target.as_ref().filter(|_| self.order.spent.is_none())
        else {
            plan.stay(AT_KEITO_WHOLE, &amounts);
            return Ok(false);
        };
        if record.new.link == *to {
            return Ok(false);
        }
        if record.new.kind == Kind::Expense {
            plan.stay(NO_EXPENSES, &amounts);
            return Ok(false);
        }
        if record.state != RecordState::Live || record.new.remote.is_none() {
            plan.stay(NOT_OPEN, &amounts);
            return Ok(false);
        }
        if !self.order.moves {
            plan.stay(AT_KEITO, &amounts);
            return Ok(false);
        }
        let mut whole = less(own, &hit.time).is_empty();
        for (other, _) in tx.sessions_on(record.id)? {
            whole = whole && (other == session || self.means_all_of(tx, other, &record)?);
        }
        if !whole {
            plan.stay(NOT_WHOLE, &amounts);
            return Ok(false);
        }
        moves::move_entry(tx, &record, to, self.now)?;
        let (id, day, from) = (record.new.keitod_id.clone(), record.new.day, record.new.link.clone());
        plan.found.moves.push(Moved { id, day, from, seconds: record.new.seconds });
        Ok(true)
    }

    /// Whether all that an entry holds of a session is selected.
    fn means_all_of(&mut self, tx: &Tx<'_>, session: SessionRef, record: &RecordRow) -> Result<bool, Error> {
        if !self.sessions(tx)?.is_ok_and(|selected| selected.contains(&session)) {
            return Ok(false);
        }
        let Some(loaded) = self.load(tx, session, self.scope)? else { return Ok(false) };
        let assignments = self.assignments(tx, &loaded, &[])?;
        let hit = self.hit(tx, &loaded, &assignments)?;
        let own = tx.stretches_in(record.id, session, None)?;
        Ok(less(&own, &hit.time).is_empty())
    }
}

fn amounts_of(record: &RecordRow) -> Amounts {
    let of = &record.new;
    let entry = of.kind == Kind::Entry;
    Amounts {
        entries: u64::from(entry),
        seconds: of.seconds,
        expenses: u64::from(!entry),
        requests: of.requests,
        usd: of.usd,
    }
}

//! What a whole listing changes: known records are confirmed, unknown ones adopted, lost writes settled.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Clerk, LineState, Policy, Scope, Settings, bit, currency, refused, slot};
use crate::coverage::{Listed, Posted};
use crate::deliver::{Freshness, PauseReason};
use crate::ledger::stretches::Stretch;
use crate::model::{Amount, Day, Instant, Kind};
use crate::store::{Error, Frozen, OwnState, RecordRow, RecordState, TallyOf, Tx, WriteRow, WriteState};

/// Reason of a probe that two readings lacked while no listing has proved itself.
pub(super) const UNPROVED: &str = "unproved_listing";

/// Reason of a PATCH that was refused as locked after an attempt whose outcome nobody knows.
pub(super) const LOCKED: &str = "locked";

/// One whole listing.
pub(super) struct Whole {
    pub(super) kind: Kind,
    pub(super) rows: Vec<Listed>,
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) began: Instant,
    /// When its last page was asked for.
    pub(super) asked: Instant,
}

impl Clerk {
    /// Works a whole listing into the store, in one transaction.
    pub(super) fn listed(&mut self, whole: &Whole, now: Instant) -> Result<(), Error> {
        let (calendar, _) = self.calendar();
        let Self { store, settings, policy, account, appended, lines, me_wanted, rulings, .. } = self;
        let Some(scope) = account.as_mut() else { return Ok(()) };
        let line = &mut lines[slot(whole.kind)];
        let before = scope.row.clone();
        let row = store.transact(|tx| {
            let mut work =
                Work { tx, settings, policy: policy.as_mut(), scope: &mut *scope, whole, now, exact: None };
            work.first_listing(rulings.has_earlier(&work.scope.of) && !tx.has_history(work.scope.id)?);
            let known = work.known()?;
            let unknown = work.confirm_known(line)?;
            work.adopt(unknown, appended)?;
            if whole.kind == Kind::Expense {
                let account = work.scope.of.clone();
                for decided in rulings.excess(&account) {
                    if tx.record_by_id(work.scope.id, &decided.2.id)?.is_none() {
                        work.rule(decided, appended)?;
                    }
                }
            }
            work.skill_entries(&calendar, appended)?;
            let present = work.presence(&known)?;
            // One that may be older than what it should tell of is believed in what it shows, not in what it lacks.
            if present.reading {
                work.settle_lost()?;
            }
            let (id, row) = (work.scope.id, work.scope.row.clone());
            tx.save_account(id, &row)?;
            rulings.note_closed(tx, &work.scope.of, now)?;
            Ok((row, present))
        });
        let present = match row {
            Ok((row, present)) => {
                scope.row = row;
                present
            }
            Err(error) => {
                scope.row = before;
                return Err(error);
            }
        };
        *me_wanted |= present.ask_user;
        if present.reading {
            let &Whole { from, to, began, asked, .. } = whole;
            line.fresh = Some(Freshness { from, to, began, asked });
        }
        // What a person deleted before any listing showed it is waited for no longer: the next record is the next probe.
        line.unlisted = store.view().unlisted_days(scope.id, whole.kind)?;
        let unproved = !line.unlisted.is_empty() && !scope.row.proved(whole.kind);
        let fruitless = unproved || !present.reading;
        line.fruitless = if fruitless { line.fruitless.saturating_add(1) } else { 0 };
        let wait = Duration::from_millis(250).saturating_mul(1 << line.fruitless.min(8));
        line.next_listing = if fruitless { now.plus(wait) } else { now };
        Ok(())
    }
}

/// A listing being worked in.
pub(super) struct Work<'a, 'tx> {
    pub(super) tx: &'a Tx<'tx>,
    pub(super) settings: &'a Settings,
    pub(super) policy: &'a mut (dyn Policy + Send),
    pub(super) scope: &'a mut Scope,
    pub(super) whole: &'a Whole,
    pub(super) now: Instant,
    /// The time that an entry holds, where a decision says so; else it is laid.
    pub(super) exact: Option<Vec<Stretch>>,
}

impl<'a> Work<'a, '_> {
    /// A database without history that meets records of its own machine was wiped or restored: what it sent before may
    /// still be on its way, so it posts only after a second look.
    /// `decided`: decisions of an earlier database are here.
    fn first_listing(&mut self, decided: bool) {
        let kind = self.whole.kind;
        if self.scope.row.listed_kinds & bit(kind) != 0 {
            return;
        }
        self.scope.row.listed_kinds |= bit(kind);
        // Commits of an earlier run may be missing: what it sent need not be listed yet.
        let mistrusted = self.scope.row.listed_kinds & (bit(kind) << 2) != 0;
        self.scope.row.listed_kinds &= !(bit(kind) << 2);
        let ours = self
            .whole
            .rows
            .iter()
            .any(|row| row.posted.as_ref().is_some_and(|posted| posted.machine == self.settings.machine));
        if ours || mistrusted || decided {
            let second = self.whole.began.plus(self.settings.grace);
            let known = self.scope.row.second_listing_at;
            self.scope.row.second_listing_at = Some(known.map_or(second, |at| at.max(second)));
        }
    }

    /// Confirms records that we know; returns those that we do not.
    fn confirm_known(&mut self, line: &mut LineState) -> Result<Vec<(&'a Listed, &'a Posted)>, Error> {
        let mut unknown: Vec<(&'a Listed, &'a Posted)> = Vec::new();
        let whole = self.whole;
        let mut twins: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for row in &whole.rows {
            let id = row.posted.as_ref().map(|posted| posted.keitod_id.as_str());
            id.into_iter().for_each(|id| twins.entry(id).or_default().push(row.id.as_str()));
        }
        for row in &whole.rows {
            let Some(posted) = &row.posted else { continue };
            let twins = twins.get(posted.keitod_id.as_str()).map(Vec::as_slice).unwrap_or_default();
            match self.tx.record_by_id(self.scope.id, &posted.keitod_id)? {
                None => unknown.push((row, posted)),
                Some(record) if twins.len() > 1 => self.twins(record, row, twins, line)?,
                Some(record) => match self.tx.unfinished_of(record.id)? {
                    // Sealed again after a loss of our state, never sent: what stands at Keito counts, with its
                    // seconds, its amount and its day.
                    Some(write) if !write.patch && write.attempts == 0 => {
                        undo_tally(self.tx, self.scope, &record)?;
                        self.tx.dissolve(&write)?;
                        unknown.push((row, posted));
                    }
                    None if self.has_late_time(&record, posted, line)? => {
                        self.tx.forget_entry(record.id)?;
                        unknown.push((row, posted));
                    }
                    _ => {
                        if self.whole.kind == Kind::Expense {
                            self.adopt_late_requests(row, posted, &record, line)?;
                            self.adopt_late_growth(&record, posted, line)?;
                        }
                        self.confirm(record, row, posted, line)?;
                    }
                },
            }
        }
        Ok(unknown)
    }

    fn confirm(
        &mut self,
        mut record: RecordRow,
        row: &Listed,
        posted: &Posted,
        line: &mut LineState,
    ) -> Result<(), Error> {
        let tx = self.tx;
        record.new.remote = Some(row.id.clone());
        // Dead without an answer, and there all the same.
        let dead = if record.answered_at.is_none() { tx.latest_write(record.id)? } else { None };
        let dead = dead.filter(|write| write.state == WriteState::Dead);
        record.listed_at = Some(self.now);
        record.answered_at = record.answered_at.or(Some(self.now));
        let unfinished = tx.unfinished_of(record.id)?;
        if let Some(mut write) = unfinished.clone().or(dead).filter(|write| !write.patch) {
            // It is there, whatever we knew of the sending.
            write.state = WriteState::Done;
            (write.reason, write.ended_at) = (None, Some(self.now));
            tx.save_write(&write)?;
            self.echo(&mut record, row)?;
        }
        let intact = match self.whole.kind {
            Kind::Entry => row.hours.is_some() && posted.seconds > 0,
            Kind::Expense => {
                row.amount.is_some() && row.amount == record.new.amount && posted.covers.is_some()
            }
        };
        if intact {
            self.prove(line, record.new.day);
        }
        if self.whole.kind == Kind::Entry {
            let patch = unfinished.filter(|write| write.patch);
            self.compare(&mut record, row, posted, patch)?;
        }
        tx.save_record(&record)
    }

    fn prove(&mut self, line: &mut LineState, day: Day) {
        match self.whole.kind {
            Kind::Entry => self.scope.row.proved_entry = true,
            Kind::Expense => self.scope.row.proved_expense = true,
        }
        line.unlisted.retain(|unlisted| *unlisted != day);
    }

    /// The amount that stands at Keito is what was sent.
    fn echo(&mut self, record: &mut RecordRow, row: &Listed) -> Result<(), Error> {
        if let (Some(listed), Some(sent)) = (row.amount, record.new.amount) {
            take_amount(self.tx, self.scope, record, sent, listed, self.now)?;
        }
        Ok(())
    }

    /// Is the entry still as we wrote it? (design section 7, "Updates go in rounds")
    fn compare(
        &mut self,
        record: &mut RecordRow,
        row: &Listed,
        posted: &Posted,
        patch: Option<WriteRow>,
    ) -> Result<(), Error> {
        let tx = self.tx;
        if record.state == RecordState::Closed
            && posted.seconds > record.new.seconds.max(tx.held_by(record.id)?)
        {
            // A PATCH of a state that was lost arrived late.
            self.lay_beyond(record, posted)?;
            return self.recheck(record);
        }
        if record.state != RecordState::Live {
            return Ok(());
        }
        let Some(hours) = row.hours else { return Ok(()) };
        let same = |own: &OwnState| own.hours.pico() == hours.pico() && own.seconds == posted.seconds;
        let known = record.ours.iter().position(same);
        // Workspaces that round store other hours than were sent: the first sight of our own seconds teaches them.
        let rounded = record
            .ours
            .iter()
            .position(|own| own.seconds == posted.seconds && own.hours.pico() != hours.pico());
        let first_sight = record.listed_at == Some(self.now) && record.ours.len() == 1 && rounded.is_some();
        match known {
            Some(at) => drop(record.ours.drain(..at)),
            None if first_sight && record.answered_at == Some(self.now) => {
                record.ours.insert(0, OwnState { hours, seconds: posted.seconds });
            }
            None => {
                // A person edited it: what stands there is what is billed; only time beyond goes to a new part.
                if !self.settle_patch(record, (row, posted), patch)? {
                    return Ok(());
                }
                record.state = RecordState::Closed;
                if posted.seconds > tx.held_by(record.id)? {
                    // Growth that a lost state of ours or another machine sent: what was sealed since may hold it too.
                    self.lay_beyond(record, posted)?;
                }
                let confirmed = record.ours.first().map_or(0, |own| own.seconds);
                record.new.seconds = posted.seconds.max(confirmed);
                return self.recheck(record);
            }
        }
        // Another user's entry is coverage: it is never written to.
        let foreign = row.user.is_some() && self.scope.row.user.is_some() && row.user != self.scope.row.user;
        let refused = patch.as_ref().is_some_and(|write| write.reason.as_deref() == Some(LOCKED));
        if row.frozen || foreign || refused {
            if self.settle_patch(record, (row, posted), patch)? {
                record.state = RecordState::Closed;
                record.new.seconds = posted.seconds;
            }
            return self.recheck(record);
        }
        if let Some(mut write) = patch {
            let arrived = self.arrived(&write, record, (row, posted))?;
            if self.is_overtaken(&write, record, row)? {
                tx.dissolve(&write)?;
                return self.recheck(record);
            }
            if arrived && write.state != WriteState::Sending {
                write.state = WriteState::Done;
                (write.reason, write.ended_at) = (None, Some(self.now));
                tx.save_write(&write)?;
                self.recheck(record)?;
            }
        }
        Ok(())
    }

    /// The PATCH of an entry that must not grow any more: done if it arrived, else taken back. `false` while it may
    /// still arrive.
    fn settle_patch(
        &self,
        record: &mut RecordRow,
        (row, posted): (&Listed, &Posted),
        patch: Option<WriteRow>,
    ) -> Result<bool, Error> {
        let Some(mut write) = patch else { return Ok(true) };
        let quiet = write.ended_at.map(|ended| ended.plus(self.settings.grace));
        if write.state == WriteState::Sending {
            return Ok(false);
        }
        if self.arrived(&write, record, (row, posted))? {
            write.state = WriteState::Done;
            (write.reason, write.ended_at) = (None, Some(self.now));
            self.tx.save_write(&write)?;
            return Ok(true);
        }
        if let Some(quiet) = quiet.filter(|quiet| self.whole.began < *quiet) {
            write.next_at = write.next_at.max(quiet);
            self.tx.save_write(&write)?;
            return Ok(false);
        }
        debug_assert_eq!(write.record, record.id);
        self.tx.dissolve(&write)?;
        Ok(true)
    }

    pub(super) fn recheck(&self, record: &RecordRow) -> Result<(), Error> {
        if self.settings.per_day {
            return self.tx.recheck_beside(record);
        }
        record.new.session.map_or(Ok(()), |session| self.tx.recheck(session))
    }

    /// Writes whose last attempt may have been applied, and that this listing does not show.
    fn settle_lost(&mut self) -> Result<(), Error> {
        for mut write in self.tx.unfinished(self.scope.id)? {
            let in_range = write.day >= self.whole.from && write.day <= self.whole.to;
            if write.kind != self.whole.kind || write.state != WriteState::Unknown || !in_range {
                continue;
            }
            let Some(ended) = write.ended_at.filter(|ended| self.whole.began >= *ended) else { continue };
            match write.absent_at {
                None => write.absent_at = Some(self.whole.began),
                Some(_) if self.whole.began < ended.plus(self.settings.grace) => continue,
                // Two readings lack it, the second after the grace time: the same bytes may leave again, if listings
                // are known to show what was sent.
                Some(_) if self.scope.row.proved(write.kind) => {
                    write.absent_at = None;
                    (write.state, write.reason) = refused::after_absence(write.reason.take());
                }
                Some(_) => write.reason = Some(UNPROVED.to_owned()),
            }
            self.tx.save_write(&write)?;
        }
        Ok(())
    }
}

/// Takes back what a write that never left added to the running sums. Others of the same sums that never left either were
/// rounded with it: they are dissolved, to be sealed anew without it.
pub(super) fn undo_tally(tx: &Tx<'_>, scope: &Scope, record: &RecordRow) -> Result<(), Error> {
    if record.new.kind != Kind::Expense {
        return Ok(());
    }
    subtract(tx, scope, record)?;
    let currency = tx.frozen(record.id)?.currency;
    for write in tx.unfinished(scope.id)? {
        let unsent = write.kind == Kind::Expense && !write.patch && write.attempts == 0;
        if !unsent || write.record == record.id || write.day != record.new.day {
            continue;
        }
        let Some(other) = tx.record(write.record)? else { continue };
        let same = other.new.link == record.new.link && other.new.model == record.new.model;
        if same && tx.frozen(other.id)?.currency == currency {
            subtract(tx, scope, &other)?;
            tx.dissolve(&write)?;
        }
    }
    Ok(())
}

fn subtract(tx: &Tx<'_>, scope: &Scope, record: &RecordRow) -> Result<(), Error> {
    let Some(amount) = record.new.amount else { return Ok(()) };
    let frozen = tx.frozen(record.id)?;
    let of = tally_of(scope, record, &frozen);
    let (exact, sent) = tx.tally(of)?;
    tx.save_tally(of, (exact - frozen.exact, sent - amount.pico()))
}

fn tally_of<'a>(scope: &Scope, record: &'a RecordRow, frozen: &'a Frozen) -> TallyOf<'a> {
    let (link, day, model) = (&record.new.link, record.new.day, record.new.model.as_str());
    TallyOf { account: scope.id, link, day, model, currency: &frozen.currency }
}

/// What Keito stored counts as sent. Fewer decimals than ours are learned; anything else pauses.
pub(super) fn take_amount(
    tx: &Tx<'_>,
    scope: &mut Scope,
    record: &mut RecordRow,
    sent: Amount,
    stored: Amount,
    now: Instant,
) -> Result<(), Error> {
    if stored.pico() == sent.pico() {
        scope.kept = scope.kept.max(currency::needed(sent));
        return Ok(());
    }
    let fits = |decimals: &u32| currency::is_cut(sent, stored, *decimals);
    match (0..=3_u32).rev().find(fits) {
        Some(decimals) => {
            currency::learn(tx, scope, decimals)?;
            scope.kept = (0..decimals).find(fits).unwrap_or(decimals);
        }
        None => scope.desk.pause(PauseReason::AmountMismatch, now),
    }
    let frozen = tx.frozen(record.id)?;
    let of = tally_of(scope, record, &frozen);
    let (exact, all) = tx.tally(of)?;
    tx.save_tally(of, (exact, all - sent.pico() + stored.pico()))?;
    record.new.amount = Some(stored);
    Ok(())
}

//! What the outcome of a request changes.

use std::time::Duration;

use super::effect::{Answer, Echoed, Effect, ListPage, MeFound};
use super::given::Asked;
use super::listing::{LOCKED, Whole, take_amount};
use super::{Clerk, Paging, currency, moves, newcomer, refused, slot};
use crate::deliver::{Judged, Outcome, PauseReason, Unsent, Verdict, judge, verdict};
use crate::model::{CategoryId, Day, Instant, Kind, WriteRef};
use crate::store::{Error, OwnState, RecordState, WriteState};

/// So often in a row the categories' own address may fail before it is left alone for a day.
const CATEGORY_TRIES: u32 = 4;

impl Clerk {
    /// Brings the outcome of an effect. `random` is uniform.
    ///
    /// # Errors
    /// Of the database.
    pub fn answer(&mut self, answer: Answer, now: Instant, random: u32) -> Result<Vec<Effect>, Error> {
        let of = Asked::of(&answer);
        match answer {
            Answer::Me(outcome) => self.me(outcome, now, random)?,
            Answer::Category { from, to, page, outcome } => {
                self.found_category((from, to, page), outcome, now, random)?;
            }
            Answer::Projects { active, outcome } => self.found_projects(active, outcome, now, random)?,
            Answer::List { kind, outcome } => self.page(kind, outcome, now, random)?,
            Answer::Send { write, outcome } => self.sent(write, outcome, now, random)?,
            Answer::Broken { write } => self.broken(write, now)?,
        }
        // Not before: if the above fails, it has not come back, and if it panics, this is what it was about.
        self.given.answered(of);
        Ok(Vec::new())
    }

    fn me(&mut self, outcome: Outcome<MeFound>, now: Instant, random: u32) -> Result<(), Error> {
        (self.me_asked, self.me_wanted) = (false, false);
        self.note(&outcome, now, random);
        let Some(scope) = &mut self.account else { return Ok(()) };
        match outcome {
            Outcome::Applied(me) if me.read_only => scope.desk.pause(PauseReason::Auth, now),
            Outcome::Applied(me) => {
                if scope.row.user.is_some() && scope.row.user != me.user {
                    let (id, user) = (scope.id, me.user.clone());
                    newcomer::arrive(&mut scope.row);
                    self.store.transact(|tx| newcomer::leave_alone(tx, id, user.as_ref(), now))?;
                    self.lines = <_>::default();
                }
                let Some(scope) = &mut self.account else { return Ok(()) };
                scope.row.user = me.user;
                self.store.transact(|tx| currency::change(tx, scope, me.currency))?;
                (scope.row.workspace_zone, scope.row.me_at) = (me.zone, Some(now));
                scope.desk.lift();
                self.save_account()?;
                return self.recheck_all();
            }
            ref other => match verdict(other, false) {
                Verdict::PauseAll(reason) => scope.desk.pause(reason, now),
                Verdict::Dead { .. } | Verdict::ProjectClosed | Verdict::Locked => {
                    scope.desk.pause(PauseReason::Auth, now);
                }
                Verdict::Limited { .. } => self.me_wanted = true,
                _ => {
                    // Asked again with the breaker's rhythm.
                    self.me_wanted = true;
                    let wait = Duration::from_secs(2).saturating_mul(1 << scope.desk.failures.min(8));
                    scope.desk.leave_alone(now, wait.min(self.settings.backoff.max));
                }
            },
        }
        self.save_account()
    }

    /// What an outcome says of the line itself.
    pub(super) fn note<T>(&mut self, outcome: &Outcome<T>, now: Instant, random: u32) {
        let (longest, per_minute) = (self.settings.backoff.max, self.settings.per_minute);
        let Some(scope) = &mut self.account else { return };
        match outcome {
            Outcome::Applied(_) | Outcome::AppliedUnread { .. } => scope.desk.succeeded(),
            Outcome::Refused(refusal) if refusal.status == 429 => {
                scope.desk.limited(now, refusal.retry_after, per_minute, random);
            }
            Outcome::Refused(refusal) if refusal.status < 500 => scope.desk.succeeded(),
            Outcome::NotSent(Unsent::Certificate(_)) => {}
            Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown { .. } => {
                scope.desk.failed(now, longest);
            }
        }
        let asked = match outcome {
            Outcome::Unknown { retry_after, .. } => *retry_after,
            Outcome::Refused(refusal) if refusal.status >= 500 => refusal.retry_after,
            _ => None,
        };
        if let Some(wait) = asked {
            scope.desk.leave_alone(now, wait);
        }
    }

    fn found_category(
        &mut self,
        (from, to, page): (Day, Day, u32),
        outcome: Outcome<(Option<CategoryId>, bool)>,
        now: Instant,
        random: u32,
    ) -> Result<(), Error> {
        self.category_asked = false;
        self.note(&outcome, now, random);
        let Some(scope) = &mut self.account else { return Ok(()) };
        let (mut next, again) = (None, self.category_again.take().map_or(0, |(_, times)| times));
        match outcome {
            Outcome::Applied((Some(category), _)) => {
                scope.row.category = Some(category);
                scope.row.category_looked_at = Some(now);
            }
            Outcome::Applied((None, true)) => next = Some(page + 1),
            Outcome::Applied((None, false)) if page > 0 => next = Some(0),
            // That says nothing of categories: a day would be long to wait for it.
            ref other if on_the_way(other, page, again) => {
                next = Some(page);
                let wait = Duration::from_secs(1).saturating_mul(1 << again.min(8));
                self.category_again = Some((now.plus(wait), again.saturating_add(1)));
            }
            // The categories' own address is a guess: 404, 403 and 405 of it mean nothing.
            _ => scope.row.category_looked_at = Some(now),
        }
        self.category_page = next.map(|page| (from, to, page));
        let found = scope.row.category.is_some();
        self.save_account()?;
        if found { self.recheck_all() } else { Ok(()) }
    }

    fn page(
        &mut self,
        kind: Kind,
        outcome: Outcome<ListPage>,
        now: Instant,
        random: u32,
    ) -> Result<(), Error> {
        self.note(&outcome, now, random);
        let line = &mut self.lines[slot(kind)];
        if std::mem::take(&mut line.stale) {
            return self.save_account();
        }
        let Some(mut paging) = line.paging.take() else { return Ok(()) };
        match outcome {
            Outcome::Applied(page) => {
                paging.reading.rows.extend(page.rows);
                paging.reading.totals.extend(page.total);
                paging.reading.unreadable += page.unreadable;
                if page.more {
                    (paging.page, paging.asked) = (paging.page + 1, None);
                    line.paging = Some(paging);
                    return self.save_account();
                }
            }
            ref other => {
                line.fruitless = line.fruitless.saturating_add(1);
                line.next_listing =
                    now.plus(Duration::from_secs(1).saturating_mul(1 << line.fruitless.min(8)));
                if let (Verdict::PauseAll(reason), Some(scope)) = (verdict(other, true), &mut self.account) {
                    scope.desk.pause(reason, now);
                }
                return self.save_account();
            }
        }
        let asked = paging.asked.unwrap_or(paging.began);
        let judged = judge(&paging.reading, paging.from, paging.to);
        let line = &mut self.lines[slot(kind)];
        if let Judged::Whole(rows) = judged {
            let (from, to) = paging.wanted;
            if rows.iter().all(|row| (from..=to).contains(&row.day)) {
                line.widened = None;
            }
            if self.surveys() {
                self.surveyed(kind, &rows, now)?;
                return self.save_account();
            }
            let Paging { from, to, began, .. } = paging;
            self.listed(&Whole { kind, rows, from, to, began, asked }, now)?;
        } else {
            if let Judged::Beyond(first, last) = judged {
                tracing::warn!(%first, %last, "Keito listed more than it was asked for: asking for all of that");
                line.widened = Some((first, last));
            }
            // Rows moved between pages, or a filter did not hold: it proves nothing, look again.
            line.fruitless = line.fruitless.saturating_add(1);
            line.next_listing = now.plus(Duration::from_secs(1).saturating_mul(1 << line.fruitless.min(8)));
        }
        self.save_account()
    }

    fn sent(
        &mut self,
        id: WriteRef,
        outcome: Outcome<Echoed>,
        now: Instant,
        random: u32,
    ) -> Result<(), Error> {
        self.note(&outcome, now, random);
        let Self { store, settings, account, lines, me_wanted, rulings, .. } = self;
        let Some(scope) = account.as_mut() else { return Ok(()) };
        store.transact(|tx| {
            let Some((mut write, _, _)) = tx.write(id)? else { return Ok(()) };
            if write.state != WriteState::Sending {
                // A listing that came meanwhile has settled it.
                return Ok(());
            }
            let before = write.ended_at.replace(now);
            let Some(mut record) = tx.record(write.record)? else { return Ok(()) };
            let verdict = verdict(&outcome, write.patch);
            if write.patch && certainly_not_applied(&outcome) {
                // Nothing of it can arrive late: what was listed before this attempt may still be believed.
                write.ended_at = before;
            }
            if matches!(outcome, Outcome::Applied(_) | Outcome::AppliedUnread { .. }) {
                refused::delivered(tx, scope, &write)?;
            }
            match &verdict {
                Verdict::Done => {
                    write.state = WriteState::Done;
                    write.reason = None;
                    record.answered_at = Some(now);
                    moves::moved(tx, &write, &mut record)?;
                    if let Outcome::Applied(echo) = &outcome {
                        record.new.remote = Some(echo.id.clone());
                        if let (Some(stored), Some(sent)) = (echo.amount, record.new.amount) {
                            take_amount(tx, scope, &mut record, sent, stored, now)?;
                        }
                        if let (Some(hours), Kind::Entry) = (echo.hours, write.kind) {
                            record.ours.push(OwnState { hours, seconds: write.seconds });
                        }
                    }
                    if !write.patch && !scope.row.proved(write.kind) {
                        lines[slot(write.kind)].unlisted.push(write.day);
                    }
                    if settings.per_day {
                        tx.recheck_beside(&record)?;
                    } else if let Some(session) = write.session {
                        tx.recheck(session)?;
                    }
                }
                Verdict::Reconcile => (write.state, write.absent_at) = (WriteState::Unknown, None),
                Verdict::Retry { counted, after } => {
                    write.state = WriteState::Pending;
                    if !counted {
                        write.attempts = write.attempts.saturating_sub(1);
                    }
                    let wait = crate::deliver::delay(settings.backoff, write.attempts, random);
                    write.next_at = now.plus(after.map_or(wait, |after| after.max(wait)));
                }
                Verdict::Limited { .. } => {
                    write.state = WriteState::Pending;
                    (write.attempts, write.next_at) = (write.attempts.saturating_sub(1), now);
                }
                Verdict::PauseAll(reason) => {
                    scope.desk.pause_for(*reason, refused::probe_of(*reason, write.kind), now);
                    write.state = WriteState::Pending;
                    (write.attempts, write.next_at) = (write.attempts.saturating_sub(1), now);
                }
                // The attempt's end is what the next listing must come after.
                Verdict::Reread if write.attempts < refused::CHANGING => {
                    write.state = WriteState::Pending;
                    write.next_at = now.plus(crate::deliver::delay(settings.backoff, write.attempts, random));
                }
                Verdict::Reread => {
                    write.state = WriteState::Dead;
                    write.reason = Some(described("precondition", &outcome));
                }
                Verdict::Dead { .. } | Verdict::ProjectClosed | Verdict::Trim | Verdict::Contradicted
                    if moves::target(tx, &write)?.is_some() =>
                {
                    // The entry stays where it is, and grows on there.
                    tracing::warn!(id = %record.new.keitod_id, "{}", described("Keito does not move it", &outcome));
                    return tx.dissolve(&write);
                }
                Verdict::Contradicted => refused::contradicted(&mut write, &outcome, settings, now, random),
                Verdict::Trim if refused::trim(tx, &mut write, now)? => {}
                Verdict::Dead { .. } | Verdict::ProjectClosed | Verdict::Trim => {
                    if let Outcome::Refused(refusal) = &outcome {
                        refused::refuse(tx, scope, &mut write, &verdict, refusal, now)?;
                        // A key that may do nothing at all is told by `/users/me`.
                        *me_wanted |= refusal.status == 403;
                    }
                }
                Verdict::Locked if write.patch && write.attempts > 1 => {
                    // An earlier attempt may have arrived before the lock: a listing after the grace time tells.
                    (write.state, write.reason) = (WriteState::Unknown, Some(LOCKED.to_owned()));
                }
                Verdict::Locked if write.patch => {
                    record.state = RecordState::Closed;
                    tx.save_record(&record)?;
                    tx.dissolve(&write)?;
                    return rulings.note_closed(tx, &scope.of, now);
                }
                Verdict::Locked => {
                    write.state = WriteState::Pending;
                    write.reason = Some(described("locked_period", &outcome));
                    write.next_at = now.plus(Duration::from_secs(3600));
                }
                Verdict::Deleted => {
                    // What was on it stays billed; what the PATCH would have added is due again, though an earlier
                    // attempt may have put it there: deleted time cannot be billed twice, only lost.
                    record.state = RecordState::Deleted;
                    tx.save_record(&record)?;
                    tx.dissolve(&write)?;
                    return rulings.note_closed(tx, &scope.of, now);
                }
            }
            if let (Outcome::Refused(refusal), Some(_)) = (&outcome, scope.desk.probe_with)
                && !matches!(verdict, Verdict::PauseAll(_))
                && refusal.status != 429
            {
                scope.desk.prolong(now);
            }
            tx.save_record(&record)?;
            tx.save_write(&write)?;
            scope.row.desk = scope.desk.to_text();
            tx.save_account(scope.id, &scope.row)
        })?;
        Ok(())
    }
}

/// The search for the category was not answered. A failure of the address of all expenses, which is known to be there,
/// says no more than that; one of the categories' own address may be its answer, if it stays.
fn on_the_way<T>(outcome: &Outcome<T>, page: u32, again: u32) -> bool {
    let busy = page > 0 || again < CATEGORY_TRIES;
    match outcome {
        Outcome::NotSent(Unsent::Unreachable(_)) | Outcome::Unknown { status: None, .. } => true,
        Outcome::Unknown { .. } => busy,
        Outcome::Refused(refusal) => refusal.status == 429 || busy && refusal.status == 503,
        _ => false,
    }
}

/// The attempt left no trace and none will come.
fn certainly_not_applied<T>(outcome: &Outcome<T>) -> bool {
    match outcome {
        Outcome::NotSent(Unsent::Unreachable(_)) => true,
        Outcome::Refused(refusal) => matches!(refusal.status, 425 | 429 | 503),
        _ => false,
    }
}

pub(super) fn described<T>(reason: &str, outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Refused(refusal) if !refusal.message.is_empty() => {
            format!("{reason}: {} {}", refusal.status, refusal.message)
        }
        Outcome::Refused(refusal) => format!("{reason}: {}", refusal.status),
        _ => reason.to_owned(),
    }
}

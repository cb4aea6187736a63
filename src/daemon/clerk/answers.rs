//! What the outcome of a request changes.

use std::time::Duration;

use super::effect::{Answer, Echoed, Effect, ListPage, MeFound};
use super::given::Asked;
use super::listing::{Whole, take_amount};
use super::{Clerk, slot};
use crate::deliver::{Outcome, PauseReason, Unsent, Verdict, judge, verdict};
use crate::model::{CategoryId, Instant, Kind, WriteRef};
use crate::store::{Error, OwnState, RecordRow, RecordState, WriteRow, WriteState};

impl Clerk {
    /// Brings the outcome of an effect. `random` is uniform.
    ///
    /// # Errors
    /// Of the database.
    pub fn answer(&mut self, answer: Answer, now: Instant, random: u32) -> Result<Vec<Effect>, Error> {
        let mut more = Vec::new();
        let of = Asked::of(&answer);
        match answer {
            Answer::Me(outcome) => self.me(outcome, now)?,
            Answer::Category { from, to, page, outcome } => {
                more = self.found_category(from, to, page, outcome, now)?;
            }
            Answer::List { kind, outcome } => self.page(kind, outcome, now)?,
            Answer::Send { write, outcome } => self.sent(write, outcome, now, random)?,
        }
        self.given.answered(of);
        self.given.note(&more);
        Ok(more)
    }

    fn me(&mut self, outcome: Outcome<MeFound>, now: Instant) -> Result<(), Error> {
        self.me_asked = false;
        self.note(&outcome, now);
        let Some(scope) = &mut self.account else { return Ok(()) };
        match outcome {
            Outcome::Applied(me) if me.read_only => scope.desk.pause(PauseReason::Auth, now),
            Outcome::Applied(me) => {
                let changed = scope.row.user.is_some() && scope.row.user != me.user;
                if changed {
                    // Another user: his listings show other records, and nothing is proved for him.
                    (scope.row.proved_entry, scope.row.proved_expense) = (false, false);
                    scope.row.listed_kinds &= !3;
                }
                (scope.row.user, scope.row.currency) = (me.user, me.currency);
                (scope.row.workspace_zone, scope.row.me_at) = (me.zone, Some(now));
                let probe = |reason| !matches!(reason, PauseReason::User | PauseReason::AmountMismatch);
                scope.desk.pause = scope.desk.pause.filter(|pause| !probe(pause.reason));
                self.save_account()?;
                return self.recheck_all();
            }
            ref other => match verdict(other, false) {
                Verdict::PauseAll(reason) => scope.desk.pause(reason, now),
                Verdict::Dead { .. } | Verdict::ProjectClosed => scope.desk.pause(PauseReason::Auth, now),
                _ => {
                    // Ask again with the breaker's rhythm.
                    let wait = Duration::from_secs(2).saturating_mul(1 << scope.desk.failures.min(8));
                    scope.desk.quiet_until =
                        scope.desk.quiet_until.max(Some(now.plus(wait.min(self.settings.backoff.max))));
                }
            },
        }
        self.save_account()
    }

    /// What an outcome says of the line itself.
    fn note<T>(&mut self, outcome: &Outcome<T>, now: Instant) {
        let (longest, per_minute) = (self.settings.backoff.max, self.settings.per_minute);
        let Some(scope) = &mut self.account else { return };
        match outcome {
            Outcome::Applied(_) | Outcome::AppliedUnread { .. } => scope.desk.succeeded(),
            Outcome::Refused(refusal) if refusal.status == 429 => {
                scope.desk.limited(now, refusal.retry_after, per_minute);
            }
            Outcome::Refused(refusal) if refusal.status < 500 => scope.desk.succeeded(),
            Outcome::NotSent(Unsent::Certificate(_)) => {}
            Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown { .. } => {
                scope.desk.failed(now, longest)
            }
        }
    }

    fn found_category(
        &mut self,
        from: crate::model::Day,
        to: crate::model::Day,
        page: u32,
        outcome: Outcome<(Option<CategoryId>, bool)>,
        now: Instant,
    ) -> Result<Vec<Effect>, Error> {
        self.note(&outcome, now);
        let Some(scope) = &mut self.account else { return Ok(Vec::new()) };
        let mut next = None;
        match outcome {
            Outcome::Applied((Some(category), _)) => {
                scope.row.category = Some(category);
                scope.row.category_looked_at = Some(now);
            }
            Outcome::Applied((None, true)) => next = Some(page + 1),
            Outcome::Applied((None, false)) if page > 0 => next = Some(0),
            // The categories' own address is a guess: 404, 403 and 405 of it mean nothing.
            _ => scope.row.category_looked_at = Some(now),
        }
        if let Some(page) = next {
            scope.desk.spend(now);
            self.save_account()?;
            return Ok(vec![Effect::Category { from, to, page }]);
        }
        self.category_asked = false;
        let found = scope.row.category.is_some();
        self.save_account()?;
        if found {
            self.recheck_all()?;
        }
        Ok(Vec::new())
    }

    fn page(&mut self, kind: Kind, outcome: Outcome<ListPage>, now: Instant) -> Result<(), Error> {
        self.note(&outcome, now);
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
                    (paging.page, paging.asked) = (paging.page + 1, false);
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
        let whole = judge(&paging.reading, paging.from, paging.to);
        if let Some(rows) = whole {
            let whole = Whole { kind, rows, from: paging.from, to: paging.to, began: paging.began };
            self.listed(&whole, now)?;
        } else {
            // Rows moved between pages, or a filter did not hold: it proves nothing, look again.
            let line = &mut self.lines[slot(kind)];
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
        self.note(&outcome, now);
        let Self { store, settings, account, lines, .. } = self;
        let Some(scope) = account.as_mut() else { return Ok(()) };
        store.transact(|tx| {
            let Some((mut write, _, _)) = tx.write(id)? else { return Ok(()) };
            if write.state != WriteState::Sending {
                // A listing that came meanwhile has settled it.
                return Ok(());
            }
            write.ended_at = Some(now);
            let Some(mut record) = tx.record(write.record)? else { return Ok(()) };
            let verdict = verdict(&outcome, write.patch);
            match &verdict {
                Verdict::Done => {
                    write.state = WriteState::Done;
                    write.reason = None;
                    record.answered_at = Some(now);
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
                    if let Some(session) = write.session {
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
                    scope.desk.pause(*reason, now);
                    write.state = WriteState::Pending;
                    (write.attempts, write.next_at) = (write.attempts.saturating_sub(1), now);
                }
                Verdict::Reread => (write.state, write.next_at) = (WriteState::Pending, now),
                Verdict::Dead { reason } => {
                    write.state = WriteState::Dead;
                    write.reason = Some(described(reason, &outcome));
                }
                Verdict::ProjectClosed => {
                    // Refused for its project: an hour later Keito may know it again.
                    write.state = WriteState::Pending;
                    write.reason = Some(described("project_closed", &outcome));
                    write.next_at = now.plus(Duration::from_secs(3600));
                }
                Verdict::Locked if write.patch => {
                    record.state = RecordState::Closed;
                    record.new.seconds = before(&record, &write);
                    tx.save_record(&record)?;
                    return tx.dissolve(&write);
                }
                Verdict::Locked => {
                    write.state = WriteState::Pending;
                    write.reason = Some(described("locked_period", &outcome));
                    write.next_at = now.plus(Duration::from_secs(3600));
                }
                Verdict::Deleted => {
                    // What was on it stays billed; what the PATCH would have added is due again.
                    record.state = RecordState::Deleted;
                    record.new.seconds = before(&record, &write);
                    tx.save_record(&record)?;
                    return tx.dissolve(&write);
                }
            }
            tx.save_record(&record)?;
            tx.save_write(&write)?;
            scope.row.desk = scope.desk.to_text();
            tx.save_account(scope.id, &scope.row)
        })?;
        Ok(())
    }
}

/// The seconds of an entry without those of an unfinished PATCH.
fn before(record: &RecordRow, write: &WriteRow) -> u64 {
    let earlier = record.ours.iter().map(|own| own.seconds).filter(|seconds| *seconds != write.seconds);
    earlier.max().unwrap_or(record.new.seconds)
}

fn described<T>(reason: &str, outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Refused(refusal) if !refusal.message.is_empty() => {
            format!("{reason}: {} {}", refusal.status, refusal.message)
        }
        Outcome::Refused(refusal) => format!("{reason}: {}", refusal.status),
        _ => reason.to_owned(),
    }
}

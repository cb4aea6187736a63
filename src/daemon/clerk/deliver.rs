//! Which requests leave now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Clerk, Effect, Paging, Polled, bit, listing, newcomer, refused, slot, wake};
use crate::deliver::{Gate, Line, Need, Park, Reading};
use crate::model::{CategoryId, Day, Instant, Kind, WriteRef};
use crate::store::{Error, WriteRow, WriteState};

impl Clerk {
    /// What may leave now, in the order of what it depends on: pause, user, category, listings, writes.
    pub(super) fn deliver(&mut self, now: Instant, random: u32, polled: &mut Polled) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let desk = &scope.desk;
        let only = match desk.gate(now) {
            Gate::Open => None,
            Gate::Closed(at) => {
                at.into_iter().for_each(|at| wake(polled, at, false));
                return Ok(());
            }
            Gate::Me => {
                self.me_wanted = true;
                None
            }
            // Nothing of it is left to probe with: `/users/me` has to do.
            Gate::Write(kind) if !self.has_pending(kind)? => {
                self.me_wanted = true;
                None
            }
            Gate::Write(kind) => Some(kind),
        };
        let Some(scope) = &self.account else { return Ok(()) };
        let stale = scope.row.me_at.is_none_or(|at| now.since(at) >= Duration::from_secs(24 * 3600));
        if self.me_wanted || stale {
            if !self.me_asked && self.spend(now, false, polled)? {
                self.me_asked = true;
                polled.effects.push(Effect::Me);
            }
            return Ok(());
        }
        if !self.caught_up || !self.rulings.obeyed {
            return Ok(());
        }
        if self.surveys() {
            self.survey(Kind::Entry, now, polled)?;
            return self.survey(Kind::Expense, now, polled);
        }
        if let Some(kind) = only {
            return self.deliver_kind(kind, 1, now, random, polled);
        }
        self.find_projects(now, polled)?;
        self.find_category(now, polled)?;
        let expenses = self.account.as_ref().is_some_and(|scope| scope.desk.pause.is_none());
        self.deliver_kind(Kind::Entry, self.settings.in_flight, now, random, polled)?;
        if expenses {
            self.deliver_kind(Kind::Expense, self.settings.in_flight, now, random, polled)?;
        }
        Ok(())
    }

    /// Whether a write of this kind could probe a pause.
    fn has_pending(&mut self, kind: Kind) -> Result<bool, Error> {
        let Some(scope) = &self.account else { return Ok(false) };
        let writes = self.store.unfinished(scope.id)?;
        let could = |write: &&WriteRow| write.reason.as_deref() != Some(listing::UNPROVED);
        Ok(writes.values().filter(could).any(|write| write.kind == kind))
    }

    fn find_category(&mut self, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let day = Duration::from_secs(24 * 3600);
        let next = scope.row.category_looked_at.map(|at| at.plus(day));
        if self.category().is_some() || self.category_asked {
            return Ok(());
        }
        if let Some(at) = next.filter(|at| *at > now) {
            wake(polled, at, false);
            return Ok(());
        }
        if let Some((at, _)) = self.category_again.filter(|(at, _)| *at > now) {
            wake(polled, at, false);
            return Ok(());
        }
        if self.spend(now, false, polled)? {
            self.category_asked = true;
            let today = self.calendar().0.day_of(now);
            let from = today.checked_sub(jiff::Span::new().days(400)).unwrap_or(today);
            let (from, to, page) = self.category_page.take().unwrap_or((from, today, 1));
            polled.effects.push(Effect::Category { from, to, page });
        }
        Ok(())
    }

    /// The expense category: configured, else found.
    pub(super) fn category(&self) -> Option<CategoryId> {
        let found = || self.account.as_ref().and_then(|scope| scope.row.category.clone());
        self.settings.category.clone().or_else(found)
    }

    /// The writes that may be on a plan: one of each parked project that is to be tried again, and all others.
    fn needs(
        &mut self,
        kind: Kind,
        writes: &BTreeMap<i64, WriteRow>,
        now: Instant,
    ) -> Result<Vec<Need>, Error> {
        let Some(scope) = &self.account else { return Ok(Vec::new()) };
        let (refusals, proved) = (&scope.desk.refusals, scope.row.proved(kind));
        let unproved = |write: &WriteRow| !proved && write.reason.as_deref() == Some(listing::UNPROVED);
        // An excess part without what it adds to would prove nothing to whoever finds it.
        let baseless = |write: &WriteRow| {
            let base = |other: &WriteRow| other.session == write.session && unproved(other);
            write.excess && writes.values().any(base)
        };
        let park =
            |write: &WriteRow| refusals.parked(kind, write.link.project.as_str(), write.link.task.as_str());
        let mut tried: Vec<&Park> = Vec::new();
        let under_way =
            writes.values().filter(|write| write.kind == kind && write.state != WriteState::Pending);
        tried.extend(under_way.filter_map(park));
        let (mut needs, mut unmarked): (Vec<Need>, Vec<Park>) = (Vec::new(), Vec::new());
        let shifted = scope.assigned.iter().any(|of| of.spent.is_some());

        for write in writes.values().filter(|write| write.kind == kind) {
            // A probe that no listing ever showed stays until another one has proved the listing.
            if unproved(write) || baseless(write) {
                continue;
            }
            let mut next_at = write.next_at;
            let mut held = write.reason.as_deref().is_some_and(|reason| reason.starts_with("locked_period"));
            if let Some(park) = park(write).filter(|_| write.state == WriteState::Pending) {
                if write.reason.is_none() && !unmarked.contains(park) {
                    unmarked.push(park.clone());
                }
                if park.until > now {
                    (next_at, held) = (next_at.max(park.until), true);
                } else if tried.contains(&park) {
                    continue;
                } else {
                    tried.push(park);
                }
            }
            let own = if shifted { self.own_days(write)? } else { None };
            needs.push(Need {
                write: write.id,
                session: write.session,
                day: write.day,
                own,
                // An unknown PATCH is listed before it is repeated: a person may have edited the entry since.
                sealed_at: write.ended_at.filter(|_| write.patch).unwrap_or(write.sealed_at),
                next_at,
                unknown_since: (write.state == WriteState::Unknown).then(|| write.ended_at.unwrap_or(now)),
                absent_once: write.absent_at.is_some(),
                sending: write.state == WriteState::Sending,
                held,
            });
        }
        if !unmarked.is_empty() {
            let account = scope.id;
            self.store
                .transact(|tx| unmarked.iter().try_for_each(|park| refused::mark(tx, account, park)))?;
        }
        Ok(needs)
    }

    /// The days on which facts of a record may stand, where its session has some that were sent on another date than
    /// their own: a lost state may have sent the same on any of them, and a listing of one alone would not show it.
    fn own_days(&self, write: &WriteRow) -> Result<Option<(Day, Day)>, Error> {
        let (view, (calendar, _)) = (self.store.view(), self.calendar());
        let (Some(scope), Some(session)) = (&self.account, write.session) else { return Ok(None) };
        let (Some(head), Some(record)) = (view.session_head(session)?, view.record(write.record)?) else {
            return Ok(None);
        };
        let of_session =
            scope.assigned.iter().filter(|of| of.agent == head.agent && of.session == head.native);
        let dates: Vec<Day> = of_session.filter_map(|of| of.spent).collect();
        if dates.is_empty() {
            return Ok(None);
        }
        let own = [record.new.first_at, record.new.last_at].map(|at| calendar.day_of(at));
        let all = || own.iter().chain(&dates).copied();
        Ok(all().min().zip(all().max()))
    }

    fn deliver_kind(
        &mut self,
        kind: Kind,
        in_flight: usize,
        now: Instant,
        random: u32,
        polled: &mut Polled,
    ) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let proved = scope.row.proved(kind);
        let open = kind == Kind::Expense && super::currency::is_open(scope, &self.settings);
        let in_flight = if open { in_flight.min(1) } else { in_flight };
        let writes = self.store.unfinished(scope.id)?;
        let needs = self.needs(kind, &writes, now)?;
        // What the limiter held up has not begun: by now it may have to serve more.
        let state = &mut self.lines[slot(kind)];
        state.paging.take_if(|paging| paging.page == 1 && paging.asked.is_none());
        let Some(scope) = &self.account else { return Ok(()) };
        let state = &self.lines[slot(kind)];
        let line = Line {
            now,
            listing: state.fresh,
            listing_now: state.paging.is_some() || state.stale,
            next_listing: state.next_listing,
            proved,
            unlisted: if proved { &[] } else { &state.unlisted },
            in_flight,
            grace: self.settings.grace,
            // Before the first listing of its kind nothing is posted anyway, and that one need not wait.
            second_listing_at: scope
                .row
                .second_listing_at
                .filter(|_| scope.row.listed_kinds & bit(kind) != 0 || state.fresh.is_some()),
        };
        let plan = crate::deliver::plan(&needs, &line);
        if let Some(at) = plan.wake {
            wake(polled, at, false);
        }
        if let Some(wanted) = plan.list {
            let (from, to) =
                state.widened.map_or(wanted, |(from, to)| (from.min(wanted.0), to.max(wanted.1)));
            let user = scope.row.user.clone().filter(|_| newcomer::may_filter(&scope.row, kind));
            let reading = Reading { rows: Vec::new(), totals: Vec::new(), unreadable: 0 };
            let paging = Paging { from, to, wanted, user, began: now, page: 1, asked: None, reading };
            self.lines[slot(kind)].paging = Some(paging);
        }
        self.next_page(kind, now, polled)?;
        for id in plan.send {
            let update = writes.get(&id.0).is_some_and(|write| write.patch);
            if !self.spend(now, update, polled)? {
                // Updates have a share of their own: what is new may still leave.
                if update {
                    continue;
                }
                break;
            }
            self.send(id, kind, now, random, polled)?;
        }
        Ok(())
    }

    fn survey(&mut self, kind: Kind, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        let Some(range) = self.survey_of(kind, now) else { return Ok(()) };
        let state = &self.lines[slot(kind)];
        if state.paging.is_none() && !state.stale {
            if state.next_listing > now {
                wake(polled, state.next_listing, false);
                return Ok(());
            }
            let (from, to) = state.widened.unwrap_or(range);
            let reading = Reading { rows: Vec::new(), totals: Vec::new(), unreadable: 0 };
            let paging =
                Paging { from, to, wanted: range, user: None, began: now, page: 1, asked: None, reading };
            self.lines[slot(kind)].paging = Some(paging);
        }
        self.next_page(kind, now, polled)
    }

    fn next_page(&mut self, kind: Kind, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        let waiting = self.lines[slot(kind)].paging.as_ref().is_some_and(|paging| paging.asked.is_none());
        if !waiting || !self.spend(now, false, polled)? {
            return Ok(());
        }
        if let Some(paging) = &mut self.lines[slot(kind)].paging {
            paging.asked = Some(now);
            let (from, to, page) = (paging.from, paging.to, paging.page);
            polled.effects.push(Effect::List { kind, from, to, user: paging.user.clone(), page });
        }
        Ok(())
    }

    /// Stores the intent before the first byte leaves.
    fn send(
        &mut self,
        id: WriteRef,
        kind: Kind,
        now: Instant,
        random: u32,
        polled: &mut Polled,
    ) -> Result<(), Error> {
        let backoff = self.settings.backoff;
        let loaded = self.store.transact(|tx| {
            let Some((mut write, body, idempotency)) = tx.write(id)? else { return Ok(None) };
            write.state = WriteState::Sending;
            write.attempts = write.attempts.saturating_add(1);
            // Stored before anybody sleeps: after a crash the next attempt is not earlier than this.
            write.next_at = now.plus(crate::deliver::delay(backoff, write.attempts, random));
            tx.save_write(&write)?;
            tx.set_sent(id, now)?;
            Ok(Some((write, body, idempotency)))
        })?;
        if let Some((write, body, idempotency)) = loaded {
            let patch = write.patch.then_some(write.remote).flatten();
            polled.effects.push(Effect::Send { write: id, kind, patch, body: Arc::from(body), idempotency });
        }
        Ok(())
    }

    /// Takes a token of the limiter for one request; the spending is stored before the request leaves.
    pub(super) fn spend(&mut self, now: Instant, update: bool, polled: &mut Polled) -> Result<bool, Error> {
        let (per_minute, longest) = (self.settings.per_minute, self.settings.backoff.max);
        let Some(scope) = &mut self.account else { return Ok(false) };
        if let Some(until) = scope.desk.shut_until(now) {
            // A pass waits for the limiter, but not for a server that asked for quiet or stays away.
            wake(polled, until, false);
            return Ok(false);
        }
        let share = if update { scope.desk.may_update(now, per_minute) } else { Ok(()) };
        if let Err(at) = share.and_then(|()| scope.desk.may_send(now, per_minute)) {
            wake(polled, at, true);
            return Ok(false);
        }
        scope.desk.spend(now, longest);
        if update {
            scope.desk.spend_update(now);
        }
        self.save_account()?;
        Ok(true)
    }
}

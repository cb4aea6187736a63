//! The clerk: store, ledger, coverage and delivery rules put together, in one thread, without a clock of its own.
//!
//! [`Clerk::poll`] says which requests should leave now; somebody else carries them out and brings the outcome to
//! [`Clerk::answer`]. So the daemon drives it with real HTTP, and a simulation with a model of the server and a crash
//! between any two calls. Each call commits what it decided before it returns.

mod adopting;
mod answers;
mod bodies;
mod effect;
mod given;
mod listing;
mod policy;
mod pretend;
mod remap;
mod seal;
mod session;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::deliver::{Desk, Freshness, Line, Need, PauseReason, Reading};
use crate::ledger::days::Calendar;
use crate::ledger::due::CLOCK_AHEAD;
use crate::model::{AccountRef, CategoryId, Day, Instant, Kind, SessionRef, WriteRef};
use crate::store::{self, Account, AccountRow, Error, Ingested, Store, WriteState};

pub use effect::{Answer, Echoed, Effect, ListPage, MeFound};
pub use policy::{Detail, Factor, NoteFor, Policy, Spot};
pub use settings::Settings;

/// The clerk.
pub struct Clerk {
    store: Store,
    settings: Settings,
    policy: Box<dyn Policy + Send>,
    account: Option<Scope>,
    /// One full scan has been read to its end: before that nothing is sealed.
    caught_up: bool,
    /// The first and the last append that the running daemon saw, per session.
    appended: HashMap<SessionRef, (Instant, Instant)>,
    lines: [LineState; 2],
    me_asked: bool,
    category_asked: bool,
    given: given::Given,
    /// `false`: the disk is too full to record what would come back.
    sends: bool,
    /// `flush`: what counts as settled.
    settled: Settled,
}

impl std::fmt::Debug for Clerk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Clerk").field("account", &self.account).finish_non_exhaustive()
    }
}

/// What a flush declares settled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Time.
    pub time: bool,
    /// Expenses too.
    pub expenses: bool,
}

#[derive(Debug, Clone)]
struct Scope {
    id: AccountRef,
    row: AccountRow,
    desk: Desk,
}

/// Listings of one kind of record.
#[derive(Debug, Default)]
struct LineState {
    fresh: Option<Freshness>,
    paging: Option<Paging>,
    next_listing: Instant,
    fruitless: u32,
    /// Days of records that were answered and not listed yet, while the kind is not proved.
    unlisted: Vec<Day>,
    /// A page of a listing that was given up is still to come.
    stale: bool,
}

/// A listing on its way.
#[derive(Debug)]
struct Paging {
    from: Day,
    to: Day,
    began: Instant,
    page: u32,
    asked: bool,
    reading: Reading,
}

/// Why the clerk wants to be polled again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When.
    pub at: Instant,
    /// Only the limiter holds it up.
    pub limiter: bool,
}

/// What a poll decided.
#[derive(Debug, Default)]
pub struct Polled {
    /// Requests to carry out now.
    pub effects: Vec<Effect>,
    /// Poll again then, if nothing happens before.
    pub wake: Option<Wake>,
    /// More work on facts is left: poll again at once.
    pub more: bool,
}

fn slot(kind: Kind) -> usize {
    match kind {
        Kind::Entry => 0,
        Kind::Expense => 1,
    }
}

/// Sessions that are computed in one transaction.
const BATCH: usize = 64;

impl Clerk {
    /// Takes over a store. Writes that were being sent when the last process ended may have been applied.
    ///
    /// # Errors
    /// Of the database.
    pub fn new(
        mut store: Store,
        settings: Settings,
        policy: Box<dyn Policy + Send>,
        now: Instant,
    ) -> Result<Self, Error> {
        store.transact(|tx| {
            tx.recover_sending(now)?;
            // Config, prices or mapping may be others than at the last run.
            tx.recheck_all()
        })?;
        Ok(Self {
            store,
            settings,
            policy,
            account: None,
            caught_up: false,
            appended: HashMap::new(),
            lines: [LineState::default(), LineState::default()],
            me_asked: false,
            category_asked: false,
            given: given::Given::default(),
            sends: true,
            settled: Settled::default(),
        })
    }

    /// The store, for reading.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Gives the store back: the process is ending, or a simulation kills it here.
    pub fn into_store(self) -> Store {
        self.store
    }

    /// Which account to deliver to; `None`: there are no credentials, everything stays queued.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_account(&mut self, account: Option<&Account>, now: Instant) -> Result<(), Error> {
        let Some(account) = account else {
            self.account = None;
            return Ok(());
        };
        let (id, row) = self.store.transact(|tx| {
            let found = tx.account(account)?;
            tx.recheck_all()?;
            Ok(found)
        })?;
        let desk = Desk::from_text(&row.desk, now);
        self.account = Some(Scope { id, row, desk });
        self.lines = [LineState::default(), LineState::default()];
        let (unlisted, _) = self.answered_unlisted(id)?;
        self.lines[slot(Kind::Entry)].unlisted = unlisted[0].clone();
        self.lines[slot(Kind::Expense)].unlisted = unlisted[1].clone();
        (self.me_asked, self.category_asked) = (false, false);
        Ok(())
    }

    fn answered_unlisted(&self, account: AccountRef) -> Result<([Vec<Day>; 2], ()), Error> {
        let view = self.store.view();
        Ok(([view.unlisted_days(account, Kind::Entry)?, view.unlisted_days(account, Kind::Expense)?], ()))
    }

    /// The account's row and line, for status.
    #[must_use]
    pub fn line(&self) -> Option<(AccountRef, &AccountRow, &Desk)> {
        self.account.as_ref().map(|scope| (scope.id, &scope.row, &scope.desk))
    }

    /// Writes what was read from files. `live`: the running daemon saw the appends.
    ///
    /// # Errors
    /// Of the database.
    pub fn ingest(&mut self, reads: &[store::Read<'_>], live: bool, now: Instant) -> Result<Ingested, Error> {
        let done = self.store.transact(|tx| {
            let mut all = Ingested::default();
            for read in reads {
                all.sessions.extend(tx.ingest(read)?.sessions);
            }
            Ok(all)
        })?;
        if live {
            for session in &done.sessions {
                self.appended.entry(*session).or_insert((now, now)).1 = now;
            }
        }
        Ok(done)
    }

    /// One full scan has been read to its end (or a new root is being read for the first time).
    pub fn set_caught_up(&mut self, caught_up: bool) {
        self.caught_up = caught_up;
    }

    /// Has everything computed again: config, prices or mapping changed.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck_all(&mut self) -> Result<(), Error> {
        self.store.transact(|tx| tx.recheck_all())
    }

    /// Declares time, or expenses too, settled for the polls that follow.
    ///
    /// # Errors
    /// Of the database.
    pub fn settle(&mut self, settled: Settled) -> Result<(), Error> {
        self.settled = settled;
        if settled.time { self.recheck_all() } else { Ok(()) }
    }

    /// The calendar in force: the pinned zone, else the configured, the workspace's, the system's. The second value
    /// says whether it may be pinned.
    #[must_use]
    pub fn calendar(&self) -> (Calendar, bool) {
        let named = |name: &Option<String>| name.as_deref().and_then(|name| TimeZone::get(name).ok());
        let row = self.account.as_ref().map(|scope| &scope.row);
        if let Some(zone) = row.and_then(|row| named(&row.zone)) {
            return (Calendar::new(zone), true);
        }
        if let Some(zone) = &self.settings.zone {
            return (Calendar::new(zone.clone()), true);
        }
        if let Some(zone) = row.and_then(|row| named(&row.workspace_zone)) {
            return (Calendar::new(zone), true);
        }
        (Calendar::new(self.settings.system_zone.clone()), row.is_some_and(|row| row.me_at.is_some()))
    }

    /// Does what can be done now and says which requests should leave. `random` is uniform.
    ///
    /// # Errors
    /// Of the database.
    pub fn poll(&mut self, now: Instant, random: u32) -> Result<Polled, Error> {
        let mut polled = Polled::default();
        let (gaps, horizon) = (self.settings.gaps, now.plus(CLOCK_AHEAD));
        let settled = self.store.transact(|tx| tx.settle_dirty(gaps, horizon, BATCH))?;
        let checked = self.check_sessions(now)?;
        polled.more = settled.len() >= BATCH || checked >= BATCH;
        if let Some(at) = self.store.view().next_ready()? {
            wake(&mut polled, at, false);
        }
        if self.sends {
            self.deliver(now, random, &mut polled)?;
        }
        // Only what is returned leaves: an error above takes everything back with it.
        self.given.note(&polled.effects);
        Ok(polled)
    }

    fn deliver(&mut self, now: Instant, random: u32, polled: &mut Polled) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        // These two end by a person's word alone: asking the server would change nothing.
        let by_person = |reason| matches!(reason, PauseReason::User | PauseReason::AmountMismatch);
        let pause = scope.desk.pause;
        let closed = pause.filter(|pause| !by_person(pause.reason) && pause.probe_at > now);
        if let Some(pause) = closed {
            wake(polled, pause.probe_at, false);
            return Ok(());
        }
        if pause.is_some_and(|pause| pause.reason == PauseReason::User) {
            return Ok(());
        }
        let probing = pause.is_some_and(|pause| !by_person(pause.reason));
        let stale = scope.row.me_at.is_none_or(|at| now.since(at) >= Duration::from_secs(24 * 3600));
        if probing || stale {
            if !self.me_asked && self.spend(now, polled)? {
                self.me_asked = true;
                polled.effects.push(Effect::Me);
            }
            return Ok(());
        }
        if !self.caught_up {
            return Ok(());
        }
        self.find_category(now, polled)?;
        for kind in [Kind::Entry, Kind::Expense] {
            if kind == Kind::Expense && pause.is_some() {
                continue;
            }
            self.deliver_kind(kind, now, random, polled)?;
        }
        Ok(())
    }

    fn find_category(&mut self, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let day = Duration::from_secs(24 * 3600);
        let due = scope.row.category_looked_at.is_none_or(|at| now.since(at) >= day);
        if self.category().is_some() || self.category_asked || !due {
            return Ok(());
        }
        if self.spend(now, polled)? {
            self.category_asked = true;
            let today = self.calendar().0.day_of(now);
            let from = today.checked_sub(jiff::Span::new().days(400)).unwrap_or(today);
            polled.effects.push(Effect::Category { from, to: today, page: 1 });
        }
        Ok(())
    }

    /// The expense category: configured, else found.
    fn category(&self) -> Option<CategoryId> {
        let found = || self.account.as_ref().and_then(|scope| scope.row.category.clone());
        self.settings.category.clone().or_else(found)
    }

    fn deliver_kind(
        &mut self,
        kind: Kind,
        now: Instant,
        random: u32,
        polled: &mut Polled,
    ) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let writes = self.store.view().unfinished(scope.id)?;
        let proved = scope.row.proved(kind);
        let needs: Vec<Need> = writes
            .iter()
            .filter(|write| write.kind == kind)
            // A probe that no listing ever showed stays until another one has proved the listing.
            .filter(|write| proved || write.reason.as_deref() != Some(listing::UNPROVED))
            .map(|write| Need {
                write: write.id,
                session: write.session,
                day: write.day,
                // An unknown PATCH is listed before it is repeated: a person may have edited the entry since.
                sealed_at: write.ended_at.filter(|_| write.patch).unwrap_or(write.sealed_at),
                next_at: write.next_at,
                unknown_since: (write.state == WriteState::Unknown).then(|| write.ended_at.unwrap_or(now)),
                absent_once: write.absent_at.is_some(),
                sending: write.state == WriteState::Sending,
            })
            .collect();
        let state = &self.lines[slot(kind)];
        let line = Line {
            now,
            listing: state.fresh,
            listing_now: state.paging.is_some() || state.stale,
            next_listing: state.next_listing,
            proved,
            unlisted: if proved { &[] } else { &state.unlisted },
            in_flight: self.settings.in_flight,
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
        if let Some((from, to)) = plan.list {
            let reading = Reading { rows: Vec::new(), totals: Vec::new(), unreadable: 0 };
            let paging = Paging { from, to, began: now, page: 1, asked: false, reading };
            self.lines[slot(kind)].paging = Some(paging);
        }
        self.next_page(kind, now, polled)?;
        for write in plan.send {
            if !self.spend(now, polled)? {
                break;
            }
            self.send(write, kind, now, random, polled)?;
        }
        Ok(())
    }

    fn next_page(&mut self, kind: Kind, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        let waiting = self.lines[slot(kind)].paging.as_ref().is_some_and(|paging| !paging.asked);
        if !waiting || !self.spend(now, polled)? {
            return Ok(());
        }
        let user = self.account.as_ref().filter(|scope| scope.row.listed_kinds & bit(kind) != 0);
        let user = user.and_then(|scope| scope.row.user.clone());
        if let Some(paging) = &mut self.lines[slot(kind)].paging {
            paging.asked = true;
            polled.effects.push(Effect::List {
                kind,
                from: paging.from,
                to: paging.to,
                user,
                page: paging.page,
            });
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
    fn spend(&mut self, now: Instant, polled: &mut Polled) -> Result<bool, Error> {
        let per_minute = self.settings.per_minute;
        let Some(scope) = &mut self.account else { return Ok(false) };
        if let Err(at) = scope.desk.may_send(now, per_minute) {
            // A pass waits for the limiter, but not for a server that asked for quiet or stays away.
            let quiet =
                scope.desk.quiet_until.into_iter().chain(scope.desk.open_until).any(|until| until > now);
            wake(polled, at, !quiet);
            return Ok(false);
        }
        scope.desk.spend(now);
        self.save_account()?;
        Ok(true)
    }

    fn save_account(&mut self) -> Result<(), Error> {
        let Some(scope) = &mut self.account else { return Ok(()) };
        scope.row.desk = scope.desk.to_text();
        let (id, row) = (scope.id, scope.row.clone());
        self.store.transact(|tx| tx.save_account(id, &row))
    }
}

fn bit(kind: Kind) -> u8 {
    1 << slot(kind)
}

fn wake(polled: &mut Polled, at: Instant, limiter: bool) {
    match &mut polled.wake {
        Some(known) if known.at <= at => {}
        other => *other = Some(Wake { at, limiter }),
    }
}

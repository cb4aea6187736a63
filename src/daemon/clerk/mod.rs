//! The clerk: store, ledger, coverage and delivery rules put together, in one thread, without a clock of its own.
//!
//! [`Clerk::poll`] says which requests should leave now; somebody else carries them out and brings the outcome to
//! [`Clerk::answer`]. So the daemon drives it with real HTTP, and a simulation with a model of the server and a crash
//! between any two calls. Each call commits what it decided before it returns.

mod acts;
mod adopting;
mod adopting_day;
mod answers;
mod assign;
mod assign_plan;
mod assign_records;
pub mod assigned;
mod audit;
mod bench;
mod bodies;
mod books;
mod clock;
mod currency;
mod days;
pub mod decision;
mod deliver;
mod earlier;
mod effect;
mod foresee;
mod formats;
mod given;
mod kept;
mod late;
mod laying;
mod listing;
mod moves;
mod newcomer;
mod onlooker;
mod poison;
mod policy;
mod presence;
mod pretend;
mod reform;
mod refused;
mod remap;
mod room;
mod ruled;
mod rulings;
mod seal;
mod session;
mod settings;
mod shares;
mod skill;
pub(in crate::daemon) mod survey;
mod twins;
mod zone;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;

use self::assigned::Assignment;
use crate::deliver::{Desk, Freshness, Reading};
use crate::ledger::admitted::Earlier;
use crate::ledger::days::Calendar;
use crate::ledger::due::CLOCK_AHEAD;
use crate::model::{AccountRef, Day, Instant, Kind, RecordRef, SessionRef, UserId};
use crate::store::{self, Account, AccountRow, Error, Ingested, Store};

pub use acts::{ActError, Acted, Refused};
pub use assign::{Amounts, AssignOrder, Assigned, Moved, Selector, Where};
pub use audit::{Asked, Ticket};
pub use clock::{Noticed, heed_clocks};
pub use decision::{Decision, Journal};
pub use earlier::{Range, RangeError, Wanted};
pub use effect::{Answer, Echoed, Effect, ListPage, MeFound, ProjectPage};
pub use foresee::{Foreseen, Seen, Sent, Waits};
pub use formats::Finding;
pub use onlooker::{Onlooker, Sight};
pub use policy::{Detail, Factor, NoteFor, Policy, Spot};
pub use pretend::Presumed;
pub use settings::Settings;
pub use zone::ZoneChange;

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
    /// `/users/me` is to be asked before anything else leaves: another key, or a doubt.
    me_wanted: bool,
    category_asked: bool,
    /// The page of the search for the category that comes next.
    category_page: Option<(Day, Day, u32)>,
    /// The search failed on the way: it goes on then, and so often it has failed in a row.
    category_again: Option<(Instant, u32)>,
    given: given::Given,
    /// `false`: the disk is too full to record what would come back.
    sends: bool,
    /// `flush`: what counts as settled.
    settled: Settled,
    clock: clock::Clock,
    rulings: rulings::Rulings,
    shares: shares::Shares,
    formats: formats::Formats,
    books: books::Books,
    survey: survey::Survey,
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
    of: Account,
    row: AccountRow,
    desk: Desk,
    /// What of before the cut-off was admitted for it.
    earlier: Vec<Earlier>,
    /// Keito was seen to keep at least so many decimals of an amount, by this process.
    kept: u32,
    /// What was mapped after the fact.
    assigned: Arc<Vec<Assignment>>,
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
    /// The server listed more than it was asked for: this is asked for too.
    widened: Option<(Day, Day)>,
    /// A page of a listing that was given up is still to come.
    stale: bool,
    /// How many logs or requests of late were tried on an adopted record.
    late: BTreeMap<RecordRef, usize>,
}

impl LineState {
    /// Whether there is more to try on a record than the last time.
    fn is_more(&mut self, record: RecordRef, found: usize) -> bool {
        found > self.late.get(&record).copied().unwrap_or(0) && self.late.insert(record, found) != Some(found)
    }
}

/// A listing on its way.
#[derive(Debug)]
struct Paging {
    from: Day,
    to: Day,
    began: Instant,
    /// What had to be listed; `from` and `to` may be wider.
    wanted: (Day, Day),
    /// Only this user's.
    user: Option<UserId>,
    page: u32,
    /// When this page was asked for.
    asked: Option<Instant>,
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
            poison::quarantine(tx, now)?;
            tx.recover_sending(now)?;
            // Config, prices or mapping may be others than at the last run.
            tx.recheck_all()
        })?;
        let mut clerk = Self {
            store,
            settings,
            policy,
            account: None,
            caught_up: false,
            appended: HashMap::new(),
            lines: [LineState::default(), LineState::default()],
            me_asked: false,
            me_wanted: false,
            category_asked: false,
            category_page: None,
            category_again: None,
            given: given::Given::default(),
            sends: true,
            settled: Settled::default(),
            clock: clock::Clock::default(),
            rulings: rulings::Rulings::default(),
            shares: shares::Shares::default(),
            formats: formats::Formats::default(),
            books: books::Books::default(),
            survey: survey::Survey::default(),
        };
        clerk.find_ahead(now)?;
        Ok(clerk)
    }

    /// With the decisions found, and where to write those to come.
    #[must_use]
    pub fn deciding(mut self, found: Vec<Decision>, journal: Box<dyn Journal + Send>) -> Self {
        self.rulings = rulings::Rulings::new(found, journal);
        self
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
        self.shares.clear();
        self.policy.deliver_to(account);
        let Some(account) = account else {
            self.account = None;
            return Ok(());
        };
        let zone = self.rulings.zone(account);
        self.rulings.obeyed = self.rulings.coverage(account).is_empty();
        let (id, row) = self.store.transact(|tx| {
            let (id, mut row) = tx.account(account)?;
            tx.recheck_all()?;
            // Days that were sealed in a zone stay in it, though the database that knew is gone.
            if row.zone.is_none() && zone.is_some() {
                row.zone = zone;
                tx.save_account(id, &row)?;
            }
            Ok((id, row))
        })?;
        let mut desk = Desk::from_text(&row.desk, now);
        // Config or credentials may be others than before: what was refused is tried at once.
        desk.probe_now(now);
        desk.refusals.try_now(now);
        let assigned = Arc::new(self.rulings.assignments(account));
        let earlier = self.rulings.admitted(account);
        self.account = Some(Scope { id, of: account.clone(), row, desk, earlier, kept: 0, assigned });
        self.lines = [LineState::default(), LineState::default()];
        let (unlisted, _) = self.answered_unlisted(id)?;
        self.lines[slot(Kind::Entry)].unlisted = unlisted[0].clone();
        self.lines[slot(Kind::Expense)].unlisted = unlisted[1].clone();
        (self.me_asked, self.category_asked) = (false, false);
        (self.category_page, self.category_again) = (None, None);
        self.open_books()
    }

    /// Tries at once what waits because it was refused: a pause that a probe can end, and parked projects.
    ///
    /// # Errors
    /// Of the database.
    pub fn try_now(&mut self, now: Instant) -> Result<(), Error> {
        if let Some(scope) = &mut self.account {
            scope.desk.probe_now(now);
            scope.desk.refusals.try_now(now);
        }
        self.save_account()
    }

    /// Which key is used, as a hash. Another one may be another user's: he is asked for before anything leaves.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_key(&mut self, print: u64) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let (name, print) = (format!("key of account {}", scope.id.0), format!("{print:016x}"));
        let known = self.store.view().meta(&name)?;
        if known.as_ref() != Some(&print) {
            self.store.transact(|tx| tx.set_meta(&name, &print))?;
            self.me_wanted |= known.is_some();
        }
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
        let formats = &self.formats;
        let (done, noted) =
            self.store.transact(|tx| Ok((tx.ingest_all(reads)?, formats.noted(tx, reads)?)))?;
        self.formats.keep(noted);
        if live {
            for session in &done.sessions {
                self.appended.entry(*session).or_insert((now, now)).1 = now;
            }
        }
        Ok(done)
    }

    /// One full scan has been read to its end (or a new root is being read for the first time).
    ///
    /// # Errors
    /// Of the database.
    pub fn set_caught_up(&mut self, caught_up: bool) -> Result<(), Error> {
        // What was ready before could not be sealed then, and nothing else would have it computed again.
        if caught_up && !self.caught_up {
            self.recheck_all()?;
        }
        self.caught_up = caught_up;
        Ok(())
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
        if settled.time {
            self.want_books_if_held()?;
            self.recheck_all()
        } else {
            Ok(())
        }
    }

    /// The calendar in force: the pinned zone, else the configured, the workspace's, the system's. The second value
    /// says whether it may be pinned.
    #[must_use]
    pub fn calendar(&self) -> (Calendar, bool) {
        let named = |name: &Option<String>| name.as_deref().and_then(|name| TimeZone::get(name).ok());
        let row = self.account.as_ref().map(|scope| &scope.row);
        let pinned = row.and_then(|row| row.zone.as_deref()).and_then(Calendar::parse);
        if let Some(pinned) = pinned {
            return (pinned, true);
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
        if let Some(at) = self.arrived(now)? {
            wake(&mut polled, at, false);
        }
        let settled = self.store.transact(|tx| tx.settle_dirty(gaps, horizon, BATCH))?;
        self.note_ahead(settled.iter().copied(), horizon)?;
        if settled.len() < BATCH {
            self.obey(now)?;
        }
        if let Some(at) = self.check_formats(now)? {
            wake(&mut polled, at, false);
        }
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

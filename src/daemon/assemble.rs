//! From a configuration to the running parts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::clerk::decision::Forget;
use super::clerk::survey::SURVEY;
use super::clerk::{Clerk, Journal, Onlooker, Settings, heed_clocks};
use super::decisions::Decisions;
use super::delivery::Courier;
use super::desk::ClerkHandle;
use super::intake::{Backlog, Health, Intake, Reading, Watched};
use super::policy::ConfigPolicy;
use super::pulse::Pulse;
use super::storage::Storage;
use super::{Error, hooks, machine, time};
use crate::config::{
    BacklogPriority, Config, CredentialError, Credentials, CustomSource, EntryPer, Env, Skill, Watcher,
};
use crate::deliver::Backoff;
use crate::keito;
use crate::ledger::days::Calendar;
use crate::ledger::spans::Gaps;
use crate::model::{AccountId, Agent, CategoryId, Instant, hash64};
use crate::prices::Table;
use crate::sources::{self, Environment as _};
use crate::store::{Account, Store, Whereabouts};
use crate::tail::Mode;

/// What everything is made from.
#[derive(Clone)]
pub struct Setup {
    /// Variables and home.
    pub env: Env,
    /// The configuration.
    pub config: Arc<Config>,
    /// Where the database is.
    pub state_dir: PathBuf,
    /// Where decisions are.
    pub data_dir: PathBuf,
    /// Deliver to the embedded Keito at this origin instead.
    pub sandbox: Option<Sandboxed>,
}

/// The embedded Keito that is delivered to.
#[derive(Debug, Clone)]
pub struct Sandboxed {
    /// Its origin.
    pub origin: String,
    /// Its company.
    pub account: String,
    /// Its key.
    pub key: String,
    /// Its category for LLM expenses.
    pub category: String,
}

/// What the clerk goes by.
pub(super) struct Terms {
    pub(super) settings: Settings,
    pub(super) policy: ConfigPolicy,
    /// Agents whose logs hold usage.
    pub(super) logging: Vec<Agent>,
}

/// The parts of a running keitod.
pub struct Parts {
    /// Asks the clerk.
    pub clerk: ClerkHandle,
    /// Ends when all handles are gone.
    pub thread: JoinHandle<()>,
    /// Reads; not started yet.
    pub intake: Intake,
    /// What reading reports.
    pub health: Arc<Mutex<Health>>,
    /// The price table.
    pub table: Arc<Table>,
    /// The cut-off.
    pub since: Option<Instant>,
    /// The database file.
    pub database: PathBuf,
    /// Ends a pass when it is cancelled; the clerk's end cancels it too.
    pub stop: CancellationToken,
    /// Steps of reader, clerk and sender.
    pub pulse: Pulse,
}

/// 2026-01-01: no keitod was started before.
const NO_EARLIER: Instant = Instant::from_seconds(1_767_225_600);

impl Setup {
    /// Opens the store and makes the parts. `remember`: write the cut-off at the first start.
    ///
    /// # Errors
    /// If the state cannot be used.
    pub fn assemble(&self, remember: bool) -> Result<Parts, Error> {
        let watched = self.watched();
        let (clerk, storage, table, since) = self.open_clerk(remember, &watched)?;
        let database = self.state_dir.join("keitod.db");
        let (pulse, stop) = (Pulse::default(), CancellationToken::new());
        let (clerk, thread) = ClerkHandle::start(clerk, Arc::new(storage), pulse.clone(), stop.clone())?;
        let health = Arc::new(Mutex::new(Health::default()));
        let intake = Intake::new(watched, self.reading(), clerk.clone(), Arc::clone(&health))?
            .beating(pulse.clone())
            .seeing_branches(self.env.home());
        let intake = match hooks::power() {
            Some(supplies) => intake.powered_by(&supplies),
            None => intake,
        };
        Ok(Parts { clerk, thread, intake, health, table, since, database, stop, pulse })
    }

    /// The clerk in this thread, for one action while no daemon runs.
    ///
    /// # Errors
    /// If the state cannot be used.
    pub fn clerk_alone(&self) -> Result<Clerk, Error> {
        self.open_clerk(true, &self.watched()).map(|(clerk, ..)| clerk)
    }

    /// A clerk over a copy of the state, which obeys what was decided and decides nothing.
    ///
    /// # Errors
    /// If the copy cannot be used.
    pub fn clerk_of_copy(&self) -> Result<Clerk, Error> {
        self.open_clerk(false, &self.watched()).map(|(clerk, ..)| clerk)
    }

    fn open_clerk(
        &self,
        remember: bool,
        watched: &[Watched],
    ) -> Result<(Clerk, Storage, Arc<Table>, Option<Instant>), Error> {
        let clocks = time::clocks();
        let now = clocks.wall;
        let decisions = Decisions::new(&self.data_dir);
        let failed = |source| Error::Decisions { path: self.data_dir.clone(), source };
        // Before this run writes its own.
        let found = decisions.read().map_err(failed)?;
        let database = self.state_dir.join("keitod.db");
        // A copy for a rehearsal has no past of its own, and no disk to mind.
        let (mut store, storage) =
            if remember { self.open(&database, now)? } else { (Store::open(&database)?, Storage::default()) };
        let since = self.since(now, remember.then_some(&mut store))?;
        let table = Arc::new(super::prices::table(&self.config, &self.state_dir, now)?);
        let Terms { settings, policy, logging } = self.terms(watched, Arc::clone(&table), since);
        let step = heed_clocks(&mut store, clocks, settings.backoff)?;
        let mut clerk = Clerk::new(store, settings, Box::new(policy), now)?;
        // A rehearsal obeys what was decided, and decides nothing.
        let journal: Box<dyn Journal + Send> = if remember { Box::new(decisions) } else { Box::new(Forget) };
        clerk = clerk.deciding(found, journal).surveying()?;
        clerk = clerk.watching_formats(logging)?;
        step.into_iter().for_each(|step| clerk.tell_step(step, clocks));
        Ok((clerk, storage, table, since))
    }

    /// What a clerk goes by under this configuration.
    pub(super) fn terms(&self, watched: &[Watched], table: Arc<Table>, since: Option<Instant>) -> Terms {
        let machine = machine::machine();
        let settings = self.settings(since, machine.clone());
        let held = watched.iter().filter(|watched| self.config.agent(&watched.agent).skill == Skill::Hold);
        let hooked = held.map(|watched| (watched.agent.clone(), watched.roots.clone())).collect();
        let (home, account) = (self.env.home().to_path_buf(), self.config.keito.account.clone());
        let policy = ConfigPolicy::new(Arc::clone(&self.config), table, home, machine, account);
        let logging = watched.iter().filter(|watched| watched.source.misses_usage());
        Terms {
            settings,
            policy: policy.looking_for_hooks(hooked),
            logging: logging.map(|watched| watched.agent.clone()).collect(),
        }
    }

    /// The same under another configuration; what the embedded Keito wants stays.
    #[must_use]
    pub fn under(&self, mut config: Config) -> Self {
        if let Some(sandbox) = &self.sandbox {
            config.keito.account = Some(AccountId::new(&sandbox.account));
            config.keito.expense_category_id = Some(CategoryId::new(&sandbox.category));
        }
        Self { config: Arc::new(config), ..self.clone() }
    }

    /// Sees what the clerk would, in a database that it may only read.
    ///
    /// # Errors
    /// If decisions cannot be read.
    pub fn onlooker(&self, table: Arc<Table>, calendar: Calendar, now: Instant) -> Result<Onlooker, Error> {
        let failed = |source| Error::Decisions { path: self.data_dir.clone(), source };
        let found = Decisions::new(&self.data_dir).read().map_err(failed)?;
        let machine = machine::machine();
        let settings = self.settings(self.since(now, None)?, machine.clone());
        let held = self.watched().into_iter();
        let held = held.filter(|watched| self.config.agent(&watched.agent).skill == Skill::Hold);
        let hooked: Vec<_> = held.map(|watched| (watched.agent, watched.roots)).collect();
        let home = self.env.home().to_path_buf();
        let account = self.config.keito.account.clone();
        let policy = ConfigPolicy::new(Arc::clone(&self.config), table, home, machine, account);
        Ok(Onlooker::new(settings, Box::new(policy.remembering(&hooked)), found, calendar, now))
    }

    fn open(&self, database: &Path, now: Instant) -> Result<(Store, Storage), Error> {
        let storage = Storage::new(&self.state_dir);
        let failed = |source| Error::Decisions { path: self.data_dir.clone(), source };
        let decided = Decisions::new(&self.data_dir).since().map_err(failed)?.is_some();
        let mark = self.data_dir.join("last-run");
        let run = format!("{:x}-{:08x}", now.millis(), time::random());
        let (store, found) = Store::start(Whereabouts { database, mark: &mark, run: &run, decided }, now)?;
        storage.set_found(&found);
        Ok((store, storage))
    }

    /// The cut-off: the config's, else the one written before, else midnight of today.
    fn since(&self, now: Instant, remember: Option<&mut Store>) -> Result<Option<Instant>, Error> {
        if self.config.since.is_some() {
            return Ok(self.config.since);
        }
        let decisions = Decisions::new(&self.data_dir);
        let failed = |source| Error::Decisions { path: self.data_dir.clone(), source };
        if let Some(since) = decisions.since().map_err(failed)? {
            return Ok(Some(since));
        }
        if now < NO_EARLIER {
            // Machines without a clock of their own begin in 1970: with that as cut-off all of history would be billed.
            return Err(Error::NoTime { now });
        }
        let zone = self.config.zone.clone().unwrap_or_else(TimeZone::system);
        let midnight = now.timestamp().to_zoned(zone).start_of_day();
        let since = midnight.map_or(now, |start| Instant::from_millis(start.timestamp().as_millisecond()));
        if let Some(store) = remember {
            // First, so that a start that ends here asks again.
            store.transact(|tx| tx.set_meta(SURVEY, "wanted"))?;
            decisions.write_since(now, since).map_err(failed)?;
        }
        Ok(Some(since))
    }

    fn settings(&self, since: Option<Instant>, machine: String) -> Settings {
        let config = &self.config;
        let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Settings {
            since,
            zone: config.zone.clone(),
            system_zone: TimeZone::system(),
            gaps: Gaps { idle_ms: millis(config.time.idle_gap), tool_ms: millis(config.time.tool_gap) },
            min_seconds: config.time.min_seconds,
            max_seconds: config.time.max_seconds,
            shares: config.shares_time(),
            per_day: config.time.entry == EntryPer::Day,
            time_settle: config.delivery.time_settle,
            time_update: config.delivery.time_update,
            expense_settle: config.delivery.expense_settle,
            grace: config.delivery.reconcile_grace,
            backoff: Backoff { base: config.delivery.backoff_base, max: config.delivery.backoff_max },
            per_minute: config.delivery.requests_per_minute,
            in_flight: config.delivery.in_flight as usize,
            review: config.delivery.review,
            decimals: config.money.cost_decimals,
            category: config.keito.expense_category_id.clone(),
            checks_links: true,
            machine,
        }
    }

    /// The agents that are watched, and where their logs are.
    #[must_use]
    pub fn watched(&self) -> Vec<Watched> {
        let declared = self.config.custom_sources.iter().map(CustomSource::declared);
        let agents = sources::readers(declared).into_iter().map(|source| {
            let agent = source.agent();
            let settings = self.config.agent(&agent);
            let (roots, registry) = match &settings.roots {
                Some(homes) => (source.below(homes), None),
                None => (source.roots(&self.env), source.registry(&self.env)),
            };
            let mut watched = Watched { source, agent, roots, registry };
            watched.enroll();
            (settings.enabled, watched)
        });
        agents.filter(|(enabled, _)| *enabled).map(|(_, watched)| watched).collect()
    }

    /// How files are read.
    #[must_use]
    pub fn reading(&self) -> Reading {
        let tail = &self.config.tail;
        Reading {
            max_line: usize::try_from(tail.max_line).unwrap_or(usize::MAX),
            mode: match tail.watcher {
                Watcher::Auto => Mode::Auto,
                Watcher::Native => Mode::Native,
                Watcher::Poll => Mode::Poll,
                Watcher::Off => Mode::Off,
            },
            scan: tail.scan,
            scan_max: tail.scan_max,
            debounce: tail.debounce,
            backlog: Backlog {
                idle: tail.backlog_priority == BacklogPriority::Idle,
                percent: tail.backlog_cpu_percent,
            },
        }
    }

    /// Where to deliver to and as whom; `Ok(None)`: there are no credentials.
    ///
    /// # Errors
    /// If there are some that cannot be used.
    pub fn credentials(&self) -> Result<Option<(Account, Courier)>, Error> {
        let (key, account, origin, sandbox) = match &self.sandbox {
            Some(sandbox) => {
                let key = secrecy::SecretString::from(sandbox.key.clone());
                (key, Some(AccountId::new(&sandbox.account)), sandbox.origin.clone(), true)
            }
            None => match Credentials::find(&self.env, &self.config.keito) {
                Ok(found) => (found.key, found.account, found.origin.as_str().to_owned(), false),
                Err(CredentialError::Missing) => return Ok(None),
                Err(error) => return Err(Error::Credentials(error)),
            },
        };
        let keito = &self.config.keito;
        let proxy = keito.proxy.as_ref().map(|proxy| secrecy::ExposeSecret::expose_secret(proxy).to_owned());
        let print = hash64(&[b"key", secrecy::ExposeSecret::expose_secret(&key).as_bytes()]);
        let client = keito::Client::new(&keito::Settings {
            origin: origin.clone(),
            account: account.as_ref().map(|account| account.as_str().to_owned()),
            key,
            request_timeout: keito.request_timeout,
            connect_timeout: keito.connect_timeout,
            proxy,
        })
        .map_err(Error::Client)?;
        let account = Account {
            origin: client.origin(),
            account: account.unwrap_or_else(|| AccountId::new("")),
            sandbox,
        };
        Ok(Some((account, Courier { client, category: Arc::from(keito.expense_category.as_str()), print })))
    }
}

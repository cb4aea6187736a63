//! The documents that are answered from the database: over the socket while the daemon runs, by the commands themselves
//! while it does not.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::time;
use crate::config::Config;
use crate::ledger::days::Calendar;
use crate::mapping::{self, DirView, Mapped};
use crate::model::{DirRef, Instant, SessionRef, Usd};
use crate::prices::{Request, Table};
use crate::repo;
use crate::report::{Filter, Place, Report, RequestRow, Rows, Rules};
use crate::server::{self, Code, Failure, Question, ReportQuery};
use crate::status::{self, Compared, Drift, Live, QueueFilter, QueueState, Status, Today};
use crate::store::{AccountView, Branches, Error, ListedRow, Reader};

/// Answers questions from the database.
#[derive(Clone)]
pub struct Documents {
    /// The database file.
    pub database: PathBuf,
    /// Mapping and limits.
    pub config: Arc<Config>,
    /// Prices.
    pub table: Arc<Table>,
}

/// Sessions that are listed without a limit of the asker.
const SESSIONS: usize = 100;
/// Records that are listed without a limit of the asker.
const RECORDS: usize = 200;
/// Requests whose log names a cost are compared with our list for so long.
const DRIFT: Duration = Duration::from_secs(30 * 86_400);

impl Documents {
    /// Answers a question; `live` is what only the running daemon knows.
    ///
    /// # Errors
    /// If there is no such record, or the database cannot be read.
    pub fn answer(&self, question: &Question, live: Live) -> Result<Vec<u8>, Failure> {
        match question {
            Question::Status => self.status(live),
            Question::Sessions(query) => self.sessions(query),
            Question::Queue(query) => self.queue(query),
            Question::Record(id) => self.record(id),
            Question::Report(query) => self.report(query),
            Question::Audit(_) => {
                Err(Failure::new(Code::Internal, "an audit asks Keito: the database alone cannot answer it"))
            }
        }
    }

    fn reader(&self) -> Result<Reader, Failure> {
        Reader::open(&self.database).map_err(internal)
    }

    /// The calendar of the pinned zone, else the configured, the workspace's, the system's.
    fn calendar(&self, account: &AccountView) -> Calendar {
        let named = |name: &Option<String>| name.as_deref().and_then(|name| TimeZone::get(name).ok());
        if let Some(pinned) = account.zone.as_deref().and_then(Calendar::parse) {
            return pinned;
        }
        let zone = self.config.zone.clone().or_else(|| named(&account.workspace_zone));
        Calendar::new(zone.unwrap_or_else(TimeZone::system))
    }

    fn report(&self, query: &ReportQuery) -> Result<Vec<u8>, Failure> {
        let reader = self.reader()?;
        let calendar = self.calendar(&reader.account_view().map_err(internal)?);
        let filter = Filter { from: query.from(), to: query.to() };
        let rows = reader.report_rows(filter.range(&calendar)).map_err(internal)?;
        let report = self
            .with_rules(&reader, &rows, &calendar, |rules| Report::build(&rows, query.by(), filter, rules))?;
        document(&report)
    }

    fn status(&self, mut live: Live) -> Result<Vec<u8>, Failure> {
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?;
        let calendar = self.calendar(&account);
        let now = time::now();
        let counts = reader.status_counts(account.id, now).map_err(internal)?;
        let filter = Filter::only(calendar.day_of(now));
        let rows = reader.report_rows(filter.range(&calendar)).map_err(internal)?;
        let today = self.with_rules(&reader, &rows, &calendar, |rules| {
            Today::build(&rows, calendar.day_of(now), rules)
        })?;
        live.now = now;
        live.last_audit = reader.last_audit(account.id).map_err(internal)?;
        live.timezone = calendar.name().map(str::to_owned);
        live.keito.cost_decimals = account.decimals;
        live.prices_unused = self.table.unused().to_vec();
        live.price_drift = self.drift(&reader.listed_costs(now.minus(DRIFT)).map_err(internal)?);
        document(&Status::build(live, counts, today))
    }

    fn sessions(&self, query: &server::SessionsQuery) -> Result<Vec<u8>, Failure> {
        let limit = query.limit.map_or(SESSIONS, |limit| limit as usize);
        let mut list = self.reader()?.sessions(limit, false).map_err(internal)?;
        if let Some(agent) = &query.agent {
            list.sessions.retain(|session| session.agent == *agent);
        }
        document(&list)
    }

    fn queue(&self, query: &server::QueueQuery) -> Result<Vec<u8>, Failure> {
        let mut filter =
            QueueFilter { states: Vec::new(), limit: query.limit.map_or(RECORDS, |limit| limit as usize) };
        if let Some(word) = &query.state {
            let unknown = || {
                let words: Vec<&str> = QueueState::ALL.iter().map(|state| state.word()).collect();
                Failure::new(Code::InvalidInput, format!("`{word}` is no state: use {}", words.join(", ")))
            };
            filter.states.push(QueueState::parse(word).ok_or_else(unknown)?);
        }
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?.id;
        document(&reader.queue(account, &filter, time::now()).map_err(internal)?)
    }

    fn record(&self, id: &str) -> Result<Vec<u8>, Failure> {
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?.id;
        let none = || Failure::new(Code::NotFound, format!("no record {id}: see `keitod queue list`"));
        document(&reader.queue_item(account, id).map_err(internal)?.ok_or_else(none)?)
    }

    fn with_rules<R>(
        &self,
        reader: &Reader,
        rows: &Rows,
        calendar: &Calendar,
        work: impl FnOnce(&Rules<'_>) -> R,
    ) -> Result<R, Failure> {
        let places = Places::new(reader, &self.config, rows).map_err(internal)?;
        let price = |row: &RequestRow| self.price(rows, row);
        let place_of = |dir: Option<DirRef>, session: SessionRef, at: Instant| places.place(dir, session, at);
        let project_name = |id: &str| places.names.borrow().get(id).cloned();
        Ok(work(&Rules {
            calendar,
            min_seconds: self.config.time.min_seconds,
            max_seconds: self.config.time.max_seconds,
            price: &price,
            place_of: &place_of,
            project_name: &project_name,
        }))
    }

    fn drift(&self, rows: &[ListedRow]) -> Vec<Drift> {
        let compared = rows.iter().filter_map(|row| {
            let (platform, model) = (row.provider.as_deref(), row.model.as_str());
            let of = Request { platform, model, at: row.at, tokens: &row.tokens, terms: &row.terms };
            let list = self.table.usd(&of).ok()?;
            Some(Compared { agent: &row.agent, model, list, reported: row.reported })
        });
        status::drift(compared)
    }

    fn price(&self, rows: &Rows, row: &RequestRow) -> Option<Usd> {
        let model = rows.names.model(row.model);
        let platform = row.provider.as_deref();
        let of = Request { platform, model, at: row.at, tokens: &row.tokens, terms: &row.terms };
        self.table.usd(&of).ok()
    }
}

/// A directory on a branch.
type OnBranch = (DirRef, Option<Arc<str>>);

/// Where directories lead, for reports: the mapping in force over what was remembered of each directory.
struct Places<'a> {
    config: &'a Config,
    dirs: HashMap<DirRef, (String, Option<String>)>,
    own: RefCell<HashMap<OnBranch, Option<Place>>>,
    /// Empty if no rule asks for branches.
    branches: Branches,
    names: RefCell<HashMap<String, String>>,
    /// Per session its facts' directories in order of time.
    trails: HashMap<SessionRef, Vec<(Instant, DirRef)>>,
}

impl<'a> Places<'a> {
    fn new(reader: &Reader, config: &'a Config, rows: &Rows) -> Result<Self, Error> {
        let mut trails: HashMap<SessionRef, Vec<(Instant, DirRef)>> = HashMap::new();
        let requests = rows.requests.iter().map(|row| (row.session, row.at, row.dir));
        let spans = rows.spans.iter().map(|row| (row.session, Instant::from_seconds(row.end), row.dir));
        for (session, at, dir) in requests.chain(spans) {
            if let Some(dir) = dir {
                let trail = trails.entry(session).or_default();
                // Runs of one directory need only their first instant.
                if trail.last().is_none_or(|(_, last)| *last != dir) {
                    trail.push((at, dir));
                }
            }
        }
        trails.values_mut().for_each(|trail| trail.sort_unstable());
        let (own, names) = (RefCell::default(), RefCell::default());
        let branches = if config.rules.ask_branches() { reader.branches()? } else { Branches::new() };
        Ok(Self { config, dirs: reader.dirs()?, own, branches, names, trails })
    }

    /// As the ledger maps a fact: by its directory, else where the session was last, then where it began, then
    /// `[default]`.
    fn place(&self, dir: Option<DirRef>, session: SessionRef, at: Instant) -> Place {
        let own = |dir: DirRef, at: Instant| self.own(dir, self.branch(session, dir, at));
        if let Some(place) = dir.and_then(|dir| own(dir, at)) {
            return place;
        }
        let trail = self.trails.get(&session).map_or(&[][..], Vec::as_slice);
        let before = trail
            .iter()
            .take_while(|(then, _)| *then <= at)
            .filter_map(|(then, dir)| own(*dir, *then))
            .last();
        let default = || {
            let link = self.config.rules.default.as_ref()?;
            let linked = trail.iter().any(|(then, dir)| own(*dir, *then).is_some());
            (!linked).then(|| Place { project: Some(link.project.as_str().into()), ..Place::default() })
        };
        before
            .or_else(|| trail.first().and_then(|(then, dir)| own(*dir, *then)))
            .or_else(default)
            .unwrap_or_default()
    }

    /// The branch that was named last, else first.
    fn branch(&self, session: SessionRef, dir: DirRef, at: Instant) -> Option<Arc<str>> {
        let line = self.branches.get(&(session, dir))?;
        let before = line.partition_point(|(then, _)| *then <= at);
        line.get(before.saturating_sub(1)).map(|(_, branch)| Arc::clone(branch))
    }

    fn own(&self, dir: DirRef, branch: Option<Arc<str>>) -> Option<Place> {
        let key = (dir, branch);
        if let Some(known) = self.own.borrow().get(&key) {
            return known.clone();
        }
        let place = self.look(dir, key.1.as_deref());
        self.own.borrow_mut().insert(key, place.clone());
        place
    }

    fn look(&self, dir: DirRef, branch: Option<&str>) -> Option<Place> {
        let (path, facts) = self.dirs.get(&dir)?;
        let facts = facts.as_deref().and_then(repo::from_json).unwrap_or_default();
        let view = DirView { path: Path::new(path), facts: &facts, log_branch: branch, head_branch: None };
        match mapping::link_of(&self.config.rules, &view) {
            Mapped::Linked(link) => {
                let project = link.link.project.as_str();
                if let Some(name) = &link.names.project {
                    self.names.borrow_mut().insert(project.to_owned(), name.clone());
                }
                let (min_seconds, max_seconds) = (link.min_seconds, link.max_seconds);
                Some(Place { project: Some(project.into()), min_seconds, max_seconds })
            }
            // Excluded and broken directories lead nowhere, and what follows them does not fall back to an older link.
            Mapped::Excluded(_) | Mapped::Error(_) => Some(Place::default()),
            Mapped::Unmapped => None,
        }
    }
}

fn document(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::new(Code::Internal, error.to_string()))
}

fn internal(error: Error) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

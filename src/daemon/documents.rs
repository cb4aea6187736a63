//! The documents that are answered from the database: over the socket while the daemon runs, by the commands themselves
//! while it does not.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::assemble::Setup;
use super::clerk::assigned::{Assignment, Target};
use super::clerk::decision::Ruling;
use super::decisions::Decisions;
use super::{explain, time};
use crate::config::Config;
use crate::ledger::days::Calendar;
use crate::ledger::held::Held;
use crate::mapping::{self, Catalogue, DirView, Mapped};
use crate::model::{AccountRef, Agent, DirRef, Instant, ProjectId, SessionId, SessionRef, TaskId, Usd};
use crate::prices::{Request, Table};
use crate::repo;
use crate::report::{Filter, KeptDay, Place, Report, RequestRow, Rows, Rules};
use crate::server::{self, Code, Failure, Question, ReportQuery};
use crate::status::{Live, Queue, QueueFilter, QueueItem, QueueState};
use crate::store::{Account, AccountView, Branches, Days, Error, Reader};

/// Answers questions from the database.
#[derive(Clone)]
pub struct Documents {
    /// The database file.
    pub database: PathBuf,
    /// Where decisions are.
    pub data_dir: PathBuf,
    /// Mapping and limits.
    pub config: Arc<Config>,
    /// Prices.
    pub table: Arc<Table>,
    /// Where logs and decisions are, for explanations.
    pub setup: Arc<Setup>,
}

/// Sessions that are listed without a limit of the asker.
const SESSIONS: usize = 100;
/// Records that are listed without a limit of the asker.
const RECORDS: usize = 200;

impl Documents {
    /// Answers a question; `live` is what only the running daemon knows.
    ///
    /// # Errors
    /// If there is no such record, or the database cannot be read.
    pub fn answer(&self, question: &Question, live: Live) -> Result<Vec<u8>, Failure> {
        match question {
            Question::Status => self.status(live),
            Question::Statusline(query) => document(&self.glance(&self.standing(None)?, &live, query)?),
            Question::Sessions(query) => self.sessions(query),
            Question::Queue(query) => self.queue(query),
            Question::Record(id) => self.record(id),
            Question::Explain(id) => explain::explain(self, id),
            Question::Report(query) => self.report(query),
            Question::Audit(_) => {
                Err(Failure::new(Code::Internal, "an audit asks Keito: the database alone cannot answer it"))
            }
        }
    }

    pub(super) fn reader(&self) -> Result<Reader, Failure> {
        Reader::open(&self.database).map_err(internal)
    }

    /// The calendar of the pinned zone, else the configured, the workspace's, the system's.
    pub(super) fn calendar(&self, account: &AccountView) -> Calendar {
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
        if KeptDay::serve(query.by())
            && let Some(made_from) = self.made_from(&reader, &calendar)?
        {
            let Days { kept, rows, filter } =
                reader.report_days(filter, &calendar, &made_from).map_err(internal)?;
            let report = self.with_plain_rules(&rows, &calendar, |rules| {
                Report::with_kept(&kept, &rows, query.by(), filter, rules)
            });
            return document(&report);
        }
        let rows = reader.report_rows(filter.range(&calendar)).map_err(internal)?;
        let report = self
            .with_rules(&reader, &rows, &calendar, |rules| Report::build(&rows, query.by(), filter, rules))?;
        document(&report)
    }

    fn status(&self, live: Live) -> Result<Vec<u8>, Failure> {
        document(&self.standing(None)?.status(live))
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
        document(&self.listed(&filter)?)
    }

    /// The newest of these states.
    pub(super) fn newest(&self, states: &[QueueState]) -> Result<Queue, Failure> {
        self.listed(&QueueFilter { states: states.to_vec(), limit: RECORDS })
    }

    fn listed(&self, filter: &QueueFilter) -> Result<Queue, Failure> {
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?.id;
        let mut queue = reader.queue(account, filter, time::now()).map_err(internal)?;
        if let Some(catalogue) = catalogue(&reader, account)? {
            queue.items.iter_mut().for_each(|item| name(item, &catalogue));
        }
        Ok(queue)
    }

    fn record(&self, id: &str) -> Result<Vec<u8>, Failure> {
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?.id;
        let none = || Failure::new(Code::NotFound, format!("no record {id}: see `keitod queue list`"));
        let mut found = reader.queue_item(account, id).map_err(internal)?.ok_or_else(none)?;
        if let Some(catalogue) = catalogue(&reader, account)? {
            name(&mut found.item, &catalogue);
        }
        document(&found)
    }

    pub(super) fn with_rules<R>(
        &self,
        reader: &Reader,
        rows: &Rows,
        calendar: &Calendar,
        work: impl FnOnce(&Rules<'_>) -> R,
    ) -> Result<R, Failure> {
        let assigned = self.assigned(reader, rows).map_err(internal)?;
        let places = Places::new(reader, &self.config, rows, assigned).map_err(internal)?;
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

    /// Rules for what no mapping has a part in: no row tells of projects, and no repository has limits of its own.
    pub(super) fn with_plain_rules<R>(
        &self,
        rows: &Rows,
        calendar: &Calendar,
        work: impl FnOnce(&Rules<'_>) -> R,
    ) -> R {
        work(&Rules {
            calendar,
            min_seconds: self.config.time.min_seconds,
            max_seconds: self.config.time.max_seconds,
            price: &|row: &RequestRow| self.price(rows, row),
            place_of: &|_, _, _| Place::default(),
            project_name: &|_| None,
        })
    }

    /// What was mapped after the fact, by session.
    fn assigned(&self, reader: &Reader, rows: &Rows) -> Result<ByPerson, Error> {
        // A file that cannot be read is the daemon's to tell; a report shows the mapping without it.
        let decided = Decisions::new(&self.data_dir).read().unwrap_or_default();
        let account = reader.last_account()?;
        let ours = |of: &Account| {
            account.as_ref().is_some_and(|own| own.origin == of.origin && own.account == of.account)
        };
        let mut found: HashMap<(Agent, SessionId), Vec<Assignment>> = HashMap::new();
        for decision in decided.into_iter().filter(|of| of.account.as_ref().is_some_and(ours)) {
            if let Ruling::Assign(of) = decision.ruling {
                found.entry((of.agent.clone(), of.session.clone())).or_default().push(*of);
            }
        }
        let mut by_session = ByPerson::new();
        if !found.is_empty() {
            for (session, name) in &rows.names.sessions {
                let Some(agent) = rows.names.agent(*session) else { continue };
                if let Some(of) = found.remove(&(agent.clone(), SessionId::new(name.native.clone()))) {
                    by_session.insert(*session, of);
                }
            }
        }
        Ok(by_session)
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
/// What was mapped after the fact, by session.
type ByPerson = HashMap<SessionRef, Vec<Assignment>>;

/// Where directories lead, for reports: the mapping in force over what was remembered of each directory.
struct Places<'a> {
    config: &'a Config,
    dirs: HashMap<DirRef, (String, Option<String>)>,
    own: RefCell<HashMap<OnBranch, Option<Place>>>,
    /// Those that lead nowhere by the user's will.
    excluded: RefCell<HashSet<OnBranch>>,
    /// Empty if no rule asks for branches.
    branches: Branches,
    assigned: ByPerson,
    names: RefCell<HashMap<String, String>>,
    /// Per session its facts' directories in order of time.
    trails: HashMap<SessionRef, Vec<(Instant, DirRef)>>,
}

impl<'a> Places<'a> {
    fn new(reader: &Reader, config: &'a Config, rows: &Rows, assigned: ByPerson) -> Result<Self, Error> {
        let mut trails: HashMap<SessionRef, Vec<(Instant, DirRef)>> = HashMap::new();
        let requests = rows.requests.iter().map(|row| (row.session, row.at, row.dir));
        let spans = rows.spans.iter().map(|row| (row.session, Instant::from_seconds(row.end), row.dir));
        let around = rows.around.iter().map(|(session, at, dir)| (*session, *at, Some(*dir)));
        for (session, at, dir) in requests.chain(spans).chain(around) {
            if let Some(dir) = dir {
                let trail = trails.entry(session).or_default();
                // Runs of one directory need only their first instant.
                if trail.last().is_none_or(|(then, last)| *last != dir || *then > at) {
                    trail.push((at, dir));
                }
            }
        }
        trails.values_mut().for_each(|trail| trail.sort_unstable());
        let (own, names, excluded) = (RefCell::default(), RefCell::default(), RefCell::default());
        let branches = if config.rules.ask_branches() { reader.branches()? } else { Branches::new() };
        Ok(Self { config, dirs: reader.dirs()?, own, excluded, branches, assigned, names, trails })
    }

    /// As the ledger maps a fact: by its directory, else where the session was last, then where it began, then
    /// `[default]`; and what a person assigned goes there, but for what is excluded.
    fn place(&self, dir: Option<DirRef>, session: SessionRef, at: Instant) -> Place {
        let Some(of) = self.assigned.get(&session) else { return self.mapped(dir, session, at) };
        let trail = self.trails.get(&session).map_or(&[][..], Vec::as_slice);
        let own = |dir: DirRef, at: Instant| self.own(dir, self.branch(session, dir, at));
        let last = trail
            .iter()
            .take_while(|(then, _)| *then <= at)
            .filter(|(then, dir)| own(*dir, *then).is_some())
            .last();
        let here = dir.filter(|dir| own(*dir, at).is_some()).map(|dir| (at, dir));
        let by = here.or(last.copied()).or(trail.first().copied());
        let excluded = |(then, dir): (Instant, DirRef)| {
            own(dir, then);
            self.excluded.borrow().contains(&(dir, self.branch(session, dir, then)))
        };
        if by.is_some_and(excluded) {
            return Place::default();
        }
        let path = dir.and_then(|dir| self.dirs.get(&dir)).map(|(path, _)| path.as_str());
        // Time is known here by the second at which it ends.
        let until = at.minus(Duration::from_millis(1));
        let means = |of: &&Assignment| of.target.is_some() && of.means(until, path);
        let follows = |of: &&Assignment| {
            let ended = of.to.filter(|to| of.onward && *to <= until);
            ended.is_some_and(|ended| here.is_none() && last.is_none_or(|(then, _)| *then <= ended))
        };
        let found = of.iter().rev().find(means).or_else(|| of.iter().rev().find(follows));
        match found.and_then(|of| of.target.as_ref()) {
            None => self.mapped(dir, session, at),
            Some(Target::Exclude) => Place::default(),
            Some(Target::Link(link, [_, name, _])) => {
                let project = link.project.as_str();
                if !name.is_empty() {
                    self.names.borrow_mut().insert(project.to_owned(), name.clone());
                }
                Place { project: Some(project.into()), ..Place::default() }
            }
        }
    }

    fn mapped(&self, dir: Option<DirRef>, session: SessionRef, at: Instant) -> Place {
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
            Mapped::Excluded(_) => {
                self.excluded.borrow_mut().insert((dir, branch.map(Arc::from)));
                Some(Place::default())
            }
            Mapped::Error(_) => Some(Place::default()),
            Mapped::Unmapped => None,
        }
    }
}

pub(super) fn catalogue(reader: &Reader, account: Option<AccountRef>) -> Result<Option<Catalogue>, Failure> {
    let text = reader.books(account).map_err(internal)?;
    Ok(text.and_then(|text| serde_json::from_str::<(i64, Catalogue)>(&text).ok()).map(|(_, known)| known))
}

/// The names of an item's project and task, and what is wrong with them if it is held for that.
pub(super) fn name(item: &mut QueueItem, catalogue: &Catalogue) {
    let Some(project) = item.project.as_deref() else { return };
    let known = |name: &String| !name.is_empty();
    item.project_name = catalogue.project(project).map(|of| of.name.clone()).filter(known);
    let task = item.task.as_deref().filter(|_| item.kind == "entry");
    item.task_name =
        task.and_then(|task| catalogue.task(project, task)).map(|of| of.name.clone()).filter(known);
    let code = item.reason.as_deref().map(|reason| reason.split(':').next().unwrap_or(reason));
    if code == Some(Held::ProjectClosed.code()) {
        let closed = catalogue.check(&ProjectId::new(project), task.map(TaskId::new).as_ref());
        item.detail = closed.err().map(|closed| closed.to_string());
    }
}

pub(super) fn document(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value).map_err(|error| Failure::new(Code::Internal, error.to_string()))
}

pub(super) fn internal(error: Error) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

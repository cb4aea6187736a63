//! The company's rows and the rules that hold between them.

use super::id::Ids;
use super::idempotency::Remembered;
use super::refusal::Refusal;
use super::rows::{Approval, Category, Client, Entry, Expense, Person, Project, Task};
use super::settings::Settings;
use crate::model::{Day, Instant};
use std::collections::VecDeque;
use std::time::Duration;

/// Earlier states of entries that are kept for stale lists.
const PAST: usize = 10_000;

pub(super) struct Workspace {
    pub(super) settings: Settings,
    pub(super) entries: Vec<Entry>,
    pub(super) expenses: Vec<Expense>,
    pub(super) remembered: Remembered,
    /// Instants of the requests of the last minute.
    pub(super) recent: VecDeque<Instant>,
    /// Counts changes of rows; the page asks for news by it.
    pub(super) version: u64,
    past: VecDeque<Past>,
    ids: Ids,
}

/// A state that an entry no longer has.
struct Past {
    until: Instant,
    entry: Entry,
}

impl Workspace {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            ids: Ids::seeded(settings.seed),
            settings,
            entries: Vec::new(),
            expenses: Vec::new(),
            remembered: Remembered::default(),
            recent: VecDeque::new(),
            version: 0,
            past: VecDeque::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.settings.clock.now()
    }

    /// The company's calendar day.
    pub(super) fn today(&self) -> Day {
        self.now().timestamp().to_zoned(self.settings.zone.clone()).date()
    }

    pub(super) fn fresh_id(&mut self) -> String {
        self.ids.fresh()
    }

    pub(super) fn person(&self, id: &str) -> Option<&Person> {
        self.settings.people.iter().find(|person| person.id == id)
    }

    pub(super) fn client(&self, id: &str) -> Option<&Client> {
        self.settings.clients.iter().find(|client| client.id == id)
    }

    pub(super) fn project(&self, id: &str) -> Option<&Project> {
        self.settings.projects.iter().find(|project| project.id == id)
    }

    pub(super) fn task(&self, id: &str) -> Option<&Task> {
        self.settings.tasks.iter().find(|task| task.id == id)
    }

    pub(super) fn category(&self, id: &str) -> Option<&Category> {
        self.settings.categories.iter().find(|category| category.id == id)
    }

    /// The project if `person` may log on it: in the company and theirs (404), open (a field error).
    pub(super) fn open_project(&self, id: &str, person: &Person) -> Result<&Project, Refusal> {
        let project = self.project(id).filter(|project| project.seen_by(person));
        let project = project.ok_or_else(|| Refusal::new(404, "Project not found"))?;
        match project.is_active {
            true => Ok(project),
            false => Err(Refusal::invalid("Project is archived")),
        }
    }

    /// Both exist and the task is assigned to the project.
    pub(super) fn pair(&self, project: &str, task: &str, person: &Person) -> Result<&Task, Refusal> {
        let project = self.open_project(project, person)?;
        let task = self.task(task).ok_or_else(|| Refusal::new(404, "Task not found"))?;
        match task.is_active && project.tasks.contains(&task.id) {
            true => Ok(task),
            false => Err(Refusal::invalid("Task is not assigned to this project")),
        }
    }

    pub(super) fn changed(&mut self) {
        self.version += 1;
    }

    /// Changes an entry and remembers what it was; `None` if there is no such entry.
    pub(super) fn revise(&mut self, id: &str, change: impl FnOnce(&mut Entry)) -> Option<&Entry> {
        let now = self.now();
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        self.remember_past(now, self.entries[at].clone());
        change(&mut self.entries[at]);
        self.entries[at].updated_at = now;
        self.changed();
        self.entries.get(at)
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.id == id)?;
        let entry = self.entries.remove(at);
        self.remember_past(self.now(), entry.clone());
        self.changed();
        Some(entry)
    }

    fn remember_past(&mut self, until: Instant, entry: Entry) {
        if self.past.len() == PAST {
            self.past.pop_front();
        }
        self.past.push_back(Past { until, entry });
    }

    /// The entries as they were `lag` ago: what a lagging replica lists.
    pub(super) fn entries_at(&self, lag: Duration) -> impl Iterator<Item = &Entry> {
        let at = self.now().minus(lag);
        let shown = move |entry: &Entry| lag.is_zero() || entry.updated_at <= at;
        let live = self.entries.iter().filter(move |entry| shown(entry));
        let past = self.past.iter().filter(move |past| past.until > at && past.entry.updated_at <= at);
        live.chain(past.filter(move |_| !lag.is_zero()).map(|past| &past.entry))
    }

    /// 403 for what is locked or invoiced, 409 for what is approved.
    pub(super) fn writable(&self, entry: &Entry) -> Result<(), Refusal> {
        if entry.is_locked || entry.is_billed {
            return Err(Refusal::new(403, "Time entry is locked"));
        }
        self.unlocked_day(entry.spent_date)?;
        match entry.approval {
            Approval::Approved => Err(Refusal::new(409, "Time entry is approved")),
            Approval::Unsubmitted => Ok(()),
        }
    }

    /// 403 for a day that the workspace has locked by age.
    pub(super) fn unlocked_day(&self, day: Day) -> Result<(), Refusal> {
        let Some(limit) = self.settings.lock_after_days else { return Ok(()) };
        let age = day.until(self.today()).map_or(0, |span| i64::from(span.get_days()));
        match age > i64::from(limit) {
            true => Err(Refusal::new(403, format!("Time older than {limit} days is locked"))),
            false => Ok(()),
        }
    }
}

impl Project {
    /// Administrators see every project, members those they are assigned to.
    pub(super) fn seen_by(&self, person: &Person) -> bool {
        person.role == super::rows::Role::Admin
            || self.people.as_ref().is_none_or(|people| people.contains(&person.id))
    }
}

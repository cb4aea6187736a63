//! What the server, the tests and the demo share.

use super::faults::Faults;
use super::journal::{Journal, Request};
use super::rows::{Entry, Expense, Metadata};
use super::settings::Settings;
use super::workspace::Workspace;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// A handle on a sandbox's state; clones share it.
#[derive(Clone)]
pub struct State(Arc<Inner>);

struct Inner {
    workspace: Mutex<Workspace>,
    journal: Mutex<Journal>,
    faults: Faults,
    changes: watch::Sender<u64>,
    nonce: String,
}

impl State {
    pub(super) fn new(settings: Settings) -> Self {
        let faults = Faults::seeded(settings.seed);
        let journal = Mutex::new(Journal::of(settings.journal));
        let workspace = Mutex::new(Workspace::new(settings));
        let nonce = super::id::Ids::seeded(fastrand::u64(..)).fresh();
        Self(Arc::new(Inner { workspace, journal, faults, changes: watch::Sender::new(0), nonce }))
    }

    /// Runs `work` alone on the rows. A panic in between cannot leave them half changed for long: a row is built
    /// before it is stored, so a poisoned lock is taken over.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut workspace = self.0.workspace.lock().unwrap_or_else(PoisonError::into_inner);
        let before = workspace.version;
        let result = work(&mut workspace);
        let changed = workspace.version != before;
        drop(workspace);
        if changed {
            self.announce();
        }
        result
    }

    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.0.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn announce(&self) {
        self.0.changes.send_modify(|count| *count += 1);
    }

    /// What the page's script and style carry so that the browser runs no other.
    pub(super) fn nonce(&self) -> &str {
        &self.0.nonce
    }

    /// The fault plan; rules added to it hold at once.
    #[must_use]
    pub fn faults(&self) -> Faults {
        self.0.faults.clone()
    }

    /// All time entries, in order of creation.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        self.with(|workspace| workspace.entries.clone())
    }

    /// All expenses, in order of creation.
    #[must_use]
    pub fn expenses(&self) -> Vec<Expense> {
        self.with(|workspace| workspace.expenses.clone())
    }

    /// The requests received so far, oldest first, as far back as the journal goes.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.journal().snapshot()
    }

    /// Empties the journal.
    pub fn forget_requests(&self) {
        self.journal().clear();
    }

    /// A copy of the settings now in force.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.with(|workspace| workspace.settings.clone())
    }

    /// Changes the settings in mid-run: a key revoked, another status, other rounding. The port and the size of the
    /// journal are fixed at the start.
    pub fn change(&self, change: impl FnOnce(&mut Settings)) {
        self.with(|workspace| {
            change(&mut workspace.settings);
            workspace.changed();
        });
    }

    /// Stores rows as they are, without any rule: what others logged before the test begins.
    pub fn plant(&self, entries: Vec<Entry>, expenses: Vec<Expense>) {
        self.with(|workspace| {
            workspace.entries.extend(entries);
            workspace.expenses.extend(expenses);
            workspace.changed();
        });
    }

    /// Rises whenever a row changes or a request ends; for waiting without sleeping.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Waits until `done` says so, asking again after each change. Bound it with a timeout of your own.
    pub async fn until(&self, done: impl Fn(&Self) -> bool) {
        let mut changes = self.changes();
        while !done(self) && changes.changed().await.is_ok() {}
    }
}

impl Metadata {
    /// Reads a JSON object; `None` if the text is something else.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}

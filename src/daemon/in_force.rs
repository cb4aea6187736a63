//! The configuration and the prices in force, which may become others while the daemon runs.

use std::sync::{Arc, PoisonError, RwLock};

use super::assemble::Setup;
use crate::prices::Table;
use crate::status::Alert;

/// What holds now.
#[derive(Clone)]
pub struct InForce {
    /// How everything is set up.
    pub setup: Arc<Setup>,
    /// The price table.
    pub table: Arc<Table>,
    /// Why the file does not hold: where it is wrong.
    pub broken: Option<String>,
    /// Keys that the file says otherwise, and that only a start can change.
    pub waiting: Vec<String>,
}

/// The same for all who ask.
#[derive(Clone)]
pub struct Force(Arc<RwLock<InForce>>);

impl Force {
    /// As it is at the start.
    #[must_use]
    pub fn new(setup: Arc<Setup>, table: Arc<Table>) -> Self {
        Self(Arc::new(RwLock::new(InForce { setup, table, broken: None, waiting: Vec::new() })))
    }

    /// What holds now.
    #[must_use]
    pub fn now(&self) -> InForce {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what holds.
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut InForce) -> R) -> R {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// What status tells of it.
    pub(super) fn alerts(&self) -> impl Iterator<Item = Alert> {
        let InForce { broken, waiting, .. } = self.now();
        let waiting = (!waiting.is_empty()).then_some(Alert::ConfigWaits { keys: waiting });
        broken.map(|message| Alert::ConfigBroken { message }).into_iter().chain(waiting)
    }
}

//! Other agents, other roots or another way of reading come into force while the daemon runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Intake, Reading, Watched};
use crate::daemon::Error;

/// What is to be read from now on. It lies here until the reading thread takes it, which [`super::Message::Reread`] wakes.
#[derive(Clone, Default)]
pub struct Rereading(Arc<Mutex<Option<Others>>>);

/// Who is read, and how.
type Others = (Vec<Watched>, Reading);

impl Rereading {
    /// Wants these read. What was wanted before and not begun yet is forgotten.
    pub fn want(&self, watched: Vec<Watched>, reading: Reading) {
        *self.slot() = Some((watched, reading));
    }

    pub(super) fn is_wanted(&self) -> bool {
        self.slot().is_some()
    }

    fn slot(&self) -> MutexGuard<'_, Option<Others>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intake {
    /// Where others say what is to be read.
    #[must_use]
    pub fn rereading(&self) -> Rereading {
        self.rereading.clone()
    }

    /// Begins anew with what is wanted, from where the cursors stand. Until all of it is read nothing is sealed: a new
    /// root may hold the originals of what is known, or copies.
    ///
    /// # Errors
    /// Of the database: then it is still wanted.
    pub(super) fn read_others(&mut self) -> Result<(), Error> {
        let Some(others) = self.rereading.slot().take() else { return Ok(()) };
        let begun = self.begin_with(others.clone());
        if begun.is_err() {
            // Unless something newer is wanted by now.
            self.rereading.slot().get_or_insert(others);
        }
        begun
    }

    fn begin_with(&mut self, (watched, reading): Others) -> Result<(), Error> {
        self.with_health(|health| health.caught_up = false);
        self.clerk.call_blocking(|clerk| clerk.set_caught_up(false))??;
        let (clerk, health) = (self.clerk.clone(), Arc::clone(&self.health));
        let mut anew =
            Self::new(watched, reading, clerk, health)?.until(self.stop.clone()).beating(self.pulse.clone());
        anew.pace.powered_by(self.pace.supplies());
        (anew.home, anew.rereading) = (self.home.take(), self.rereading.clone());
        *self = anew;
        Ok(())
    }
}

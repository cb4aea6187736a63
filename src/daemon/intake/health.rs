//! What status wants to know of reading.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::Intake;

/// What status wants to know of reading.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Per agent.
    pub agents: Vec<AgentHealth>,
    /// The first full scan has been read to its end.
    pub caught_up: bool,
    /// Bytes read of the backlog, and all of it.
    pub progress: (u64, u64),
    /// Files and directories that cannot be read, with the reason; a sample.
    pub problems: Vec<(PathBuf, String)>,
    /// How many there are.
    pub problem_count: u64,
}

/// One agent's logs.
#[derive(Debug, Clone, Default)]
pub struct AgentHealth {
    /// The agent's name.
    pub agent: String,
    /// Its roots.
    pub roots: Vec<PathBuf>,
    /// Files known.
    pub files: u64,
    /// Bytes not read yet.
    pub lag_bytes: u64,
    /// `native`, `poll` or `off`.
    pub watcher: &'static str,
}

impl Intake {
    pub(super) fn problem(&self, path: &Path, reason: &str) {
        self.with_health(|health| {
            health.problem_count += 1;
            if health.problems.len() < 100 {
                health.problems.push((path.to_path_buf(), reason.to_owned()));
            }
        });
    }

    pub(super) fn settle_health(&self, caught_up: bool) {
        self.with_health(|health| {
            health.caught_up |= caught_up;
            for agent in &mut health.agents {
                agent.lag_bytes = 0;
            }
        });
    }

    pub(super) fn with_health(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

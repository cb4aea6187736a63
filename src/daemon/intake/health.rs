//! What status wants to know of reading.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::Intake;
use crate::sources::Shape;

/// Problems of an agent that are kept with their reasons; of more, only the number.
const SAMPLE: usize = 100;

/// What status wants to know of reading.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Per agent.
    pub agents: Vec<AgentHealth>,
    /// The first full scan has been read to its end.
    pub caught_up: bool,
    /// Bytes read of the backlog, and all of it.
    pub progress: (u64, u64),
    /// Between full scans, as things stand; `None`: none is through.
    pub scan: Option<std::time::Duration>,
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
    /// Bytes not read yet, of files that are known to have them.
    pub lag_bytes: u64,
    /// `native`, `poll` or `off`.
    pub watcher: &'static str,
    /// What of it cannot be read.
    pub problems: Problems,
}

/// Files and directories that cannot be read.
#[derive(Debug, Clone, Default)]
pub struct Problems {
    /// A sample, with the reasons.
    pub reasons: BTreeMap<PathBuf, String>,
    /// How many there are besides.
    pub more: u64,
}

impl Health {
    /// Whether the first full scan was read to its end, and so is every file that is known.
    #[must_use]
    pub fn is_read_to_the_end(&self) -> bool {
        self.caught_up && self.agents.iter().all(|agent| agent.lag_bytes == 0)
    }
}

impl Problems {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.reasons.len() as u64 + self.more
    }

    pub(super) fn add(&mut self, path: &Path, reason: String) {
        if self.reasons.len() < SAMPLE || self.reasons.contains_key(path) {
            // The last reason counts: a file that fails again is one problem.
            self.reasons.insert(path.to_path_buf(), reason);
        } else {
            self.more += 1;
        }
    }
}

impl Intake {
    pub(super) fn problem(&self, watched: usize, path: &Path, reason: &str) {
        self.with_health(|health| {
            if let Some(agent) = health.agents.get_mut(watched) {
                agent.problems.add(path, reason.to_owned());
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

    /// Shows what is left to be read, by agent and in all of `total`; without one it is all of it. Returns how much it is.
    pub(super) fn show_left(&self, total: Option<u64>) -> u64 {
        let mut lags = vec![0; self.watched.len()];
        for job in &self.backlog {
            // Of a database that is known, what is new cannot be told without reading it.
            let known = self.known.contains(&job.found.path);
            let rows = self.watched[job.watched].source.shape(job.found.relative()) == Shape::Database;
            if !(known && rows) {
                lags[job.watched] += self.unread(job);
            }
        }
        let left: u64 = lags.iter().sum();
        self.with_health(|health| {
            let total = total.unwrap_or(left);
            health.progress = (total.saturating_sub(left), total);
            for (agent, lag) in health.agents.iter_mut().zip(lags) {
                agent.lag_bytes = lag;
            }
        });
        left
    }

    pub(super) fn with_health(&self, change: impl FnOnce(&mut Health)) {
        change(&mut self.health.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

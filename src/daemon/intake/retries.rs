//! Files that were being written when they were looked at: they are looked at again shortly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
/// Doublings; after the last one the file waits for an event or the scan.
const MOST: u32 = 6;

/// Each with the tries so far and the time of the next.
#[derive(Debug, Default)]
pub(super) struct Retries {
    files: BTreeMap<PathBuf, (u32, Option<Instant>)>,
}

impl Retries {
    /// It was not whole. Returns whether it is tried again: 100 ms later, then each time after twice as long.
    pub(super) fn failed(&mut self, path: &Path) -> bool {
        let (tries, next) = self.files.entry(path.to_owned()).or_default();
        let again = *tries < MOST;
        *next = again.then(|| Instant::now() + FIRST * 2_u32.pow(*tries));
        *tries = tries.saturating_add(1).min(MOST);
        again
    }

    /// It was whole.
    pub(super) fn settled(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// What is to be looked at now.
    pub(super) fn due(&mut self) -> Vec<PathBuf> {
        let now = Instant::now();
        let due = self.files.iter_mut().filter(|(_, (_, next))| next.is_some_and(|next| next <= now));
        due.map(|(path, (_, next))| {
            *next = None;
            path.clone()
        })
        .collect()
    }

    /// Whether it is to be looked at again later.
    pub(super) fn waits(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|(_, next)| next.is_some_and(|next| next > Instant::now()))
    }

    /// How long until the next is due.
    pub(super) fn wait(&self) -> Option<Duration> {
        let next = self.files.values().filter_map(|(_, next)| *next).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

//! Files that were being written when they were looked at: they are looked at again shortly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(100);
/// Doublings; after the last one the file waits for an event or the scan.
const MOST: u32 = 6;

/// A database's log of changes is written before what it holds can be read, and the second is told by nothing.
const SETTLE: Duration = Duration::from_secs(1);

/// What is known of a file that is looked at again.
#[derive(Debug, Default)]
struct Waiting {
    tries: u32,
    next: Option<Instant>,
    /// What the file looked like.
    seen: u64,
}

/// The files that are looked at again.
#[derive(Debug, Default)]
pub(super) struct Retries {
    files: BTreeMap<PathBuf, Waiting>,
}

impl Retries {
    /// It was not whole, and looked like `seen`. Returns whether it is tried again: 100 ms later, then each time after
    /// twice as long.
    pub(super) fn failed(&mut self, path: &Path, seen: u64) -> bool {
        let file = self.files.entry(path.to_owned()).or_default();
        let again = file.tries < MOST;
        file.next = again.then(|| Instant::now() + FIRST * 2_u32.pow(file.tries));
        file.tries = file.tries.saturating_add(1).min(MOST);
        file.seen = seen;
        again
    }

    /// It was read so soon after a change that not all of it may have shown yet.
    pub(super) fn later(&mut self, path: &Path, seen: u64) {
        let file = Waiting { tries: 0, next: Some(Instant::now() + SETTLE), seen };
        self.files.insert(path.to_owned(), file);
    }

    /// It was whole.
    pub(super) fn settled(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// What is to be looked at now.
    pub(super) fn due(&mut self) -> Vec<PathBuf> {
        let now = Instant::now();
        let due = self.files.iter_mut().filter(|(_, file)| file.next.is_some_and(|next| next <= now));
        due.map(|(path, file)| {
            file.next = None;
            path.clone()
        })
        .collect()
    }

    /// Whether it still looks like that and is to be looked at again later.
    pub(super) fn waits(&self, path: &Path, seen: u64) -> bool {
        let waits = |file: &Waiting| file.seen == seen && file.next.is_some_and(|next| next > Instant::now());
        self.files.get(path).is_some_and(waits)
    }

    /// How long until the next is due.
    pub(super) fn wait(&self) -> Option<Duration> {
        let next = self.files.values().filter_map(|file| file.next).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }
}

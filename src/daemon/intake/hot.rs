//! Files that change while a backlog is read: they do not wait for its end.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use crate::tail::Event;

/// More names than this are left to the events themselves, which are looked at after the backlog.
const MOST: usize = 1024;

/// What the watcher has named since somebody asked. Filled only while a backlog is read, beside the ordinary way of an
/// event: looking at a file twice costs a `stat`.
#[derive(Debug)]
pub(super) struct Hot {
    debounce: u64,
    open: AtomicBool,
    paths: Mutex<(BTreeSet<PathBuf>, Option<u64>)>,
    /// Is told of each one.
    waiting: Mutex<Option<Thread>>,
}

impl Hot {
    pub(super) fn new(debounce: Duration) -> Self {
        let debounce = u64::try_from(debounce.as_millis()).unwrap_or(u64::MAX);
        Self { debounce, open: AtomicBool::new(false), paths: Mutex::default(), waiting: Mutex::default() }
    }

    /// A backlog is begun, or at its end.
    pub(super) fn set_open(&self, open: bool) {
        self.open.store(open, Ordering::Release);
    }

    /// Has this thread, which parks, go on whenever a file changes; `None`: nobody.
    pub(super) fn wake(&self, waiting: Option<Thread>) {
        *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = waiting;
    }

    /// From the watcher's thread.
    pub(super) fn note(&self, event: &Event) {
        if let Event::Changed(path) = event
            && self.open.load(Ordering::Acquire)
        {
            let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
            if paths.0.len() < MOST {
                paths.0.insert(path.clone());
            }
            drop(paths);
            if let Some(waiting) = &*self.waiting.lock().unwrap_or_else(PoisonError::into_inner) {
                waiting.unpark();
            }
        }
    }

    /// Whether [`Hot::take`] would give something.
    pub(super) fn waits(&self, now: u64) -> bool {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        !paths.0.is_empty() && paths.1.is_none_or(|last| now.saturating_sub(last) >= self.debounce)
    }

    /// What changed; nothing before the debounce has passed since it was last asked. `now` is monotonic milliseconds.
    pub(super) fn take(&self, now: u64) -> BTreeSet<PathBuf> {
        let mut paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if paths.0.is_empty() || paths.1.is_some_and(|last| now.saturating_sub(last) < self.debounce) {
            return BTreeSet::new();
        }
        paths.1 = Some(now);
        std::mem::take(&mut paths.0)
    }
}

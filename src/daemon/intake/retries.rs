//! Files that were being written when they were looked at: they are looked at again shortly. Pure; `now` is monotonic
//! milliseconds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FIRST: u64 = 100;
/// Doublings; after the last one the file waits for an event or the scan.
const MOST: u32 = 6;

/// A database's log of changes is written before what it holds can be read, and the second is told by nothing.
const SETTLE: u64 = 1000;

/// What is known of a file that is looked at again.
#[derive(Debug, Default)]
struct Waiting {
    tries: u32,
    next: Option<u64>,
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
    pub(super) fn failed(&mut self, path: &Path, seen: u64, now: u64) -> bool {
        let file = self.files.entry(path.to_owned()).or_default();
        let again = file.tries < MOST;
        file.next = again.then(|| now.saturating_add(FIRST << file.tries));
        file.tries = file.tries.saturating_add(1).min(MOST);
        file.seen = seen;
        again
    }

    /// It was read so soon after a change that not all of it may have shown yet.
    pub(super) fn later(&mut self, path: &Path, seen: u64, now: u64) {
        let file = Waiting { tries: 0, next: Some(now.saturating_add(SETTLE)), seen };
        self.files.insert(path.to_owned(), file);
    }

    /// It was whole.
    pub(super) fn settled(&mut self, path: &Path) {
        self.files.remove(path);
    }

    /// What is to be looked at now.
    pub(super) fn due(&mut self, now: u64) -> Vec<PathBuf> {
        let due = self.files.iter_mut().filter(|(_, file)| file.next.is_some_and(|next| next <= now));
        due.map(|(path, file)| {
            file.next = None;
            path.clone()
        })
        .collect()
    }

    /// Whether it still looks like that and is to be looked at again later.
    pub(super) fn waits(&self, path: &Path, seen: u64, now: u64) -> bool {
        let waits = |file: &Waiting| file.seen == seen && file.next.is_some_and(|next| next > now);
        self.files.get(path).is_some_and(waits)
    }

    /// When the next is due.
    pub(super) fn next_wake(&self) -> Option<u64> {
        self.files.values().filter_map(|file| file.next).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_waits_twice_as_long_and_the_last_one_is_left_to_the_scan() {
        let (mut retries, path) = (Retries::default(), Path::new("/a"));
        let (mut now, mut waits) = (0, Vec::new());
        while retries.failed(path, 7, now) {
            assert!(
                retries.waits(path, 7, now) && !retries.waits(path, 8, now),
                "another state is looked at"
            );
            let next = retries.next_wake().unwrap();
            assert!(retries.due(next - 1).is_empty());
            assert_eq!(retries.due(next), [path]);
            waits.push(next - now);
            now = next;
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200]);
        assert_eq!(retries.next_wake(), None);
        retries.settled(path);
        assert!(retries.failed(path, 7, now), "whole meanwhile: it begins anew");
    }
}

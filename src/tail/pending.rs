//! When a changed file is read. Pure; `now` is monotonic milliseconds, from any beginning.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// However large the configured debounce, no event waits longer.
const LONGEST: u64 = 2000;

/// Files that events named and that have not been read since. The first event of a file is due at once; after a read
/// its events are gathered until one debounce has passed. It only bounds repeats, it never moves when more events
/// come, so a file that is written to without pause is read every debounce.
#[derive(Debug)]
pub struct Pending {
    debounce: u64,
    files: BTreeMap<PathBuf, State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// To be read at this time.
    Due(u64),
    /// Read at this time, and nothing heard since.
    Read(u64),
}

impl Pending {
    /// Nothing pending. A debounce over 2 s counts as 2 s.
    #[must_use]
    pub fn new(debounce: Duration) -> Self {
        let debounce = u64::try_from(debounce.as_millis()).unwrap_or(LONGEST).min(LONGEST);
        Self { debounce, files: BTreeMap::new() }
    }

    /// An event named this path.
    pub fn note(&mut self, path: impl Into<PathBuf>, now: u64) {
        let debounce = self.debounce;
        self.files
            .entry(path.into())
            .and_modify(|state| {
                if let State::Read(at) = *state {
                    *state = State::Due(at.saturating_add(debounce).max(now));
                }
            })
            .or_insert(State::Due(now));
    }

    /// The path was read at `now` for another reason, a scan for instance: what was pending is settled, and the
    /// debounce begins. Call it with the time before the read.
    pub fn read(&mut self, path: &Path, now: u64) {
        self.files.insert(path.to_owned(), State::Read(now));
    }

    /// What is to be read now, longest due first. It counts as read from here on.
    pub fn due(&mut self, now: u64) -> Vec<PathBuf> {
        self.files.retain(|_, state| match *state {
            State::Due(_) => true,
            State::Read(at) => at.saturating_add(self.debounce) > now,
        });
        let mut due: Vec<(u64, PathBuf)> = Vec::new();
        for (path, state) in &mut self.files {
            if let State::Due(at) = *state
                && at <= now
            {
                *state = State::Read(now);
                due.push((at, path.clone()));
            }
        }
        due.sort();
        due.into_iter().map(|(_, path)| path).collect()
    }

    /// Everything that is pending, whether due or not: a file that nobody knew may hold copies of lines that are still
    /// pending elsewhere, and those must be read before it. It counts as read from here on.
    pub fn all(&mut self, now: u64) -> Vec<PathBuf> {
        let pending = self.files.iter_mut().filter(|(_, state)| matches!(state, State::Due(_)));
        pending
            .map(|(path, state)| {
                *state = State::Read(now);
                path.clone()
            })
            .collect()
    }

    /// When the next path is due; `None` if none is pending.
    #[must_use]
    pub fn next_wake(&self) -> Option<u64> {
        let due = |state: &State| match *state {
            State::Due(at) => Some(at),
            State::Read(_) => None,
        };
        self.files.values().filter_map(due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        Pending::new(Duration::from_millis(200))
    }

    #[test]
    fn the_first_event_is_due_at_once_and_repeats_after_a_debounce() {
        let mut pending = pending();
        pending.note("/a", 1000);
        assert_eq!(pending.next_wake(), Some(1000));
        assert_eq!(pending.due(1000), [PathBuf::from("/a")]);
        assert_eq!(pending.next_wake(), None);
        for now in [1001, 1050, 1199] {
            pending.note("/a", now);
            assert_eq!(pending.next_wake(), Some(1200));
            assert!(pending.due(now).is_empty());
        }
        assert_eq!(pending.due(1200), [PathBuf::from("/a")]);
        pending.note("/a", 1400);
        assert_eq!(pending.due(1400), [PathBuf::from("/a")]);
    }

    #[test]
    fn a_file_written_without_pause_is_read_every_debounce() {
        let mut pending = pending();
        let mut reads = Vec::new();
        for now in 0..1000 {
            pending.note("/a", now);
            reads.extend(pending.due(now).iter().map(|_| now));
        }
        assert_eq!(reads, [0, 200, 400, 600, 800]);
    }

    #[test]
    fn files_do_not_wait_for_each_other_and_the_longest_due_comes_first() {
        let mut pending = pending();
        pending.note("/b", 10);
        pending.note("/a", 20);
        assert_eq!(pending.due(30), [PathBuf::from("/b"), PathBuf::from("/a")]);
    }

    #[test]
    fn no_debounce_holds_an_event_longer_than_two_seconds() {
        let mut pending = Pending::new(Duration::from_secs(60));
        pending.note("/a", 0);
        pending.due(0);
        pending.note("/a", 1);
        assert_eq!(pending.next_wake(), Some(2000));
    }

    #[test]
    fn what_a_scan_read_is_settled_and_nothing_is_remembered_for_good() {
        let mut pending = pending();
        pending.note("/a", 0);
        pending.read(Path::new("/a"), 5);
        assert_eq!(pending.next_wake(), None);
        assert!(pending.due(300).is_empty());
        assert!(pending.files.is_empty());
    }
}

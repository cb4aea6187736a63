//! Files that were read lately, kept open: what is written between the last read and a rename, a replacement or a
//! deletion can be read through the old handle alone.

use std::collections::VecDeque;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::stat::Stat;

/// A handle is closed when its file was not read for so long: it keeps the blocks of a deleted file, and a file system
/// from being unmounted.
const IDLE: u64 = 600_000;

/// A few open files, the latest ones. `now` is monotonic milliseconds, from any beginning.
#[derive(Debug)]
pub struct Handles {
    most: usize,
    open: VecDeque<(PathBuf, File, u64)>,
}

impl Handles {
    /// Keeps at most so many.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { most, open: VecDeque::new() }
    }

    /// Keeps at most so many, and a sixteenth of what the process may have open: reading and sending come first.
    #[must_use]
    pub fn within_limits(most: usize) -> Self {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        Self::new(limit.map_or(most, |limit| most.min(usize::try_from(limit / 16).unwrap_or(most))))
    }

    /// The file at `path` was read through this handle. If it is `live`, the one that was not read for the longest
    /// time makes room for it.
    pub fn keep(&mut self, path: &Path, file: File, live: bool, now: u64) {
        self.open.retain(|(known, _, _)| known != path);
        if live && self.open.len() >= self.most {
            self.open.pop_front();
        }
        if self.open.len() < self.most {
            self.open.push_back((path.to_owned(), file, now));
        }
    }

    /// The handle of what was at `path`, if the file there now is another one.
    pub fn other_than(&mut self, path: &Path, now: &Stat) -> Option<File> {
        let other = |(known, file, _): &(PathBuf, File, u64)| {
            known == path && file.metadata().is_ok_and(|held| (held.dev(), held.ino()) != (now.dev, now.ino))
        };
        let at = self.open.iter().position(other)?;
        self.open.remove(at).map(|(_, file, _)| file)
    }

    /// Those that are no longer what their path names: renamed, replaced or deleted. They are given away.
    pub fn orphans(&mut self, now: u64) -> Vec<(PathBuf, File)> {
        let mut orphans = Vec::new();
        for at in (0..self.open.len()).rev() {
            if self.open.get(at).is_some_and(|(path, file, _)| !is_at(file, path)) {
                orphans.extend(self.open.remove(at).map(|(path, file, _)| (path, file)));
            }
        }
        orphans.reverse();
        self.open.retain(|(_, _, read)| now.saturating_sub(*read) < IDLE);
        orphans
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(held), Ok(there)) = (file.metadata(), path.symlink_metadata()) else { return false };
    (held.dev(), held.ino()) == (there.dev(), there.ino())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Read as _;

    use super::*;

    #[test]
    fn what_is_renamed_replaced_or_deleted_is_given_away_with_what_was_written_last() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let mut handles = Handles::new(4);
        for name in ["stays", "renamed", "replaced", "deleted"] {
            fs::write(at(name), name).unwrap();
            handles.keep(&at(name), File::open(at(name)).unwrap(), true, 0);
        }
        assert!(handles.orphans(0).is_empty());
        fs::rename(at("renamed"), at("other")).unwrap();
        fs::write(at("other"), "written after").unwrap();
        fs::write(at("tmp"), "new").unwrap();
        fs::rename(at("tmp"), at("replaced")).unwrap();
        fs::remove_file(at("deleted")).unwrap();
        let told: Vec<_> = handles
            .orphans(0)
            .into_iter()
            .map(|(path, mut file)| {
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                (path, text)
            })
            .collect();
        let expected = [("renamed", "written after"), ("replaced", "replaced"), ("deleted", "deleted")];
        assert_eq!(told, expected.map(|(name, text)| (at(name), text.to_owned())));
        assert!(handles.orphans(0).is_empty(), "given once");
    }

    #[test]
    fn no_more_than_a_few_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut handles = Handles::new(2);
        for name in ["a", "b", "a", "c", "d"] {
            let path = dir.path().join(name);
            fs::write(&path, name).unwrap();
            handles.keep(&path, File::open(&path).unwrap(), name != "d", 0);
        }
        let kept: Vec<_> = handles.open.iter().map(|(path, _, _)| path.file_name().unwrap()).collect();
        assert_eq!(kept, ["a", "c"]);
    }
}

//! The walk of a root: every log that is there now. This is the truth; events only make it seldom needed.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode};
use rustix::io::Errno;

use super::open::{Root, Skip, directory, readable};
use super::stat::Stat;

/// More problems than this are only counted: a broken disk must not fill the memory.
const PROBLEMS: usize = 1000;

/// A log, as `stat` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Absolute, the root resolved.
    pub path: PathBuf,
    /// Its state before any read.
    pub stat: Stat,
    /// Length of the relative part at the end of `path`; a second path for each of 100,000 files would cost more.
    relative: usize,
}

impl Found {
    /// The path below the root.
    #[must_use]
    pub fn relative(&self) -> &Path {
        let bytes = self.path.as_os_str().as_bytes();
        Path::new(OsStr::from_bytes(&bytes[bytes.len().saturating_sub(self.relative)..]))
    }
}

/// Something that should have been read and is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Absolute.
    pub path: PathBuf,
    /// Why.
    pub reason: Skip,
}

/// How much a scan looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanLimits {
    /// Components of a path below the root.
    pub depth: usize,
    /// Files kept, the newest ones.
    pub files: usize,
}

impl Default for ScanLimits {
    /// 8 deep, 100,000 files.
    fn default() -> Self {
        Self { depth: 8, files: 100_000 }
    }
}

/// What a scan has seen. One value can take in several roots; the limits hold for all of them together.
#[derive(Debug, Default)]
pub struct Scan {
    /// The logs, newest modification first.
    pub found: Vec<Found>,
    /// What was not read, at most 1000 of them.
    pub problems: Vec<Problem>,
    /// Problems beyond those.
    pub more_problems: u64,
    /// Roots that do not exist. Not a problem: the agent is not installed.
    pub absent: Vec<PathBuf>,
    /// Logs beyond the limit, the oldest ones; to be shown.
    pub beyond_files: u64,
    /// Directories not entered because they lie too deep; to be shown.
    pub beyond_depth: u64,
    limits: ScanLimits,
}

impl Scan {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(limits: ScanLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    fn problem(&mut self, path: PathBuf, reason: Skip) {
        match reason {
            // It was there a moment ago: no more than a file deleted before we came.
            Skip::Gone => {}
            _ if self.problems.len() < PROBLEMS => self.problems.push(Problem { path, reason }),
            _ => self.more_problems += 1,
        }
    }

    fn keep(&mut self, found: Found) {
        self.found.push(found);
        // Twice the limit before the oldest half goes, so the cost stays linear.
        if self.found.len() >= self.limits.files.saturating_mul(2).max(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.found
            .sort_unstable_by(|a, b| b.stat.mtime_ns.cmp(&a.stat.mtime_ns).then_with(|| a.path.cmp(&b.path)));
        self.beyond_files += self.found.len().saturating_sub(self.limits.files) as u64;
        self.found.truncate(self.limits.files);
    }
}

/// Walks a root. `claim` gets the path below the root and says whether the file is a log; only those are looked at
/// further. Directories behind symbolic links are not entered, files behind them not read; both are reported.
pub fn scan(root: &Path, claim: &dyn Fn(&Path) -> bool, out: &mut Scan) {
    match Root::open(root) {
        Ok(root) => scan_below(&root, Path::new(""), claim, out),
        Err(Skip::Gone) => out.absent.push(root.to_owned()),
        Err(reason) => out.problem(root.to_owned(), reason),
    }
}

/// Looks at one path below a root, as an event names it: a directory with all below it, or a single file. An empty
/// path is the root.
pub fn scan_below(root: &Root, below: &Path, claim: &dyn Fn(&Path) -> bool, out: &mut Scan) {
    let mut walk = Walk { root: root.path(), relative: below.to_owned(), claim, out };
    let depth = below.components().count();
    match root.open_directory(below) {
        Ok(handle) if depth < walk.out.limits.depth => walk.directory(handle, depth),
        Ok(_) => walk.out.beyond_depth += 1,
        Err(Skip::Unreadable(std::io::ErrorKind::NotADirectory) | Skip::Symlink) => {
            walk.one_file(root, depth)
        }
        Err(reason) => walk.problem(reason),
    }
    out.cut();
}

struct Walk<'a> {
    root: &'a Path,
    relative: PathBuf,
    claim: &'a dyn Fn(&Path) -> bool,
    out: &'a mut Scan,
}

impl Walk<'_> {
    /// One open handle a level; names are not collected, so a directory of a million files costs no memory.
    fn directory(&mut self, handle: OwnedFd, depth: usize) {
        let mut entries = match Dir::new(handle) {
            Ok(entries) => entries,
            Err(errno) => return self.problem(errno.into()),
        };
        while let Some(entry) = entries.read() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(errno) => return self.problem(errno.into()),
            };
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.relative.push(OsStr::from_bytes(name.to_bytes()));
            if let Err(errno) = self.entry(&entries, name, entry.file_type(), depth + 1) {
                self.problem(errno.into());
            }
            self.relative.pop();
        }
    }

    fn entry(
        &mut self,
        entries: &Dir,
        name: &std::ffi::CStr,
        kind: FileType,
        depth: usize,
    ) -> Result<(), Errno> {
        let parent = entries.fd()?;
        let stat = || rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
        let kind = match kind {
            // Some file systems do not say it in the directory.
            FileType::Unknown => FileType::from_raw_mode(stat()?.st_mode),
            known => known,
        };
        if kind == FileType::Directory {
            if depth < self.out.limits.depth {
                self.directory(rustix::fs::openat(parent, name, directory(), Mode::empty())?, depth);
            } else {
                self.out.beyond_depth += 1;
            }
        } else if (self.claim)(&self.relative) {
            self.file(&stat()?);
        } else if kind == FileType::Symlink {
            // A linked directory may hold logs, and nobody would know that they are not read.
            let target = rustix::fs::statat(parent, name, AtFlags::empty())?;
            if FileType::from_raw_mode(target.st_mode) == FileType::Directory {
                match depth < self.out.limits.depth {
                    true => self.problem(Skip::Symlink),
                    false => self.out.beyond_depth += 1,
                }
            }
        }
        Ok(())
    }

    /// A path that an event named and that is no directory.
    fn one_file(&mut self, root: &Root, depth: usize) {
        if depth > self.out.limits.depth || !(self.claim)(&self.relative) {
            return;
        }
        match root.stat_file(&self.relative) {
            Ok(stat) => self.file(&stat),
            Err(reason) => self.problem(reason),
        }
    }

    fn file(&mut self, stat: &rustix::fs::Stat) {
        match readable(stat) {
            Ok(()) => {
                let path = self.path();
                let relative = self.relative.as_os_str().len();
                self.out.keep(Found { path, stat: Stat::from(stat), relative });
            }
            Err(reason) => self.problem(reason),
        }
    }

    fn problem(&mut self, reason: Skip) {
        let path = self.path();
        self.out.problem(path, reason);
    }

    fn path(&self) -> PathBuf {
        // `join` would leave a slash at the end of the root itself.
        if self.relative.as_os_str().is_empty() {
            self.root.to_owned()
        } else {
            self.root.join(&self.relative)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, SystemTime};

    use super::*;

    fn jsonl(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "jsonl")
    }

    fn write(path: &Path, age: u64) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a\n").unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age)).unwrap();
    }

    fn relatives(out: &Scan) -> Vec<&str> {
        out.found.iter().map(|found| found.relative().to_str().unwrap()).collect()
    }

    #[test]
    fn logs_are_found_newest_first_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("p/old.jsonl"), 30);
        write(&dir.path().join("p/s/deep/new.jsonl"), 10);
        write(&dir.path().join("mid.jsonl"), 20);
        write(&dir.path().join("p/notes.txt"), 1);
        let mut out = Scan::default();
        scan(dir.path(), &jsonl, &mut out);
        assert_eq!(relatives(&out), ["p/s/deep/new.jsonl", "mid.jsonl", "p/old.jsonl"]);
        assert_eq!(out.found[1].path, dir.path().canonicalize().unwrap().join("mid.jsonl"));
        assert_eq!(out.found[1].stat.size, 2);
        assert_eq!(out.found[1].stat.mtime_ns, 999_980_000_000_000);
        assert!(out.problems.is_empty() && out.absent.is_empty());
        assert_eq!((out.beyond_files, out.beyond_depth), (0, 0));
    }

    #[test]
    fn what_is_not_read_is_reported() {
        let outside = tempfile::tempdir().unwrap();
        write(&outside.path().join("x.jsonl"), 1);
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().canonicalize().unwrap().join(name);
        symlink(outside.path(), at("linked-dir")).unwrap();
        symlink(outside.path().join("x.jsonl"), at("link.jsonl")).unwrap();
        symlink(".", at("loop")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(at("fifo.jsonl")).status().unwrap();
        assert!(made.success());
        let _socket = UnixListener::bind(at("socket.jsonl")).unwrap();
        fs::create_dir(at("dir.jsonl")).unwrap();
        let mut out = Scan::default();
        scan(dir.path(), &jsonl, &mut out);
        let mut seen: Vec<_> = out.problems.iter().map(|p| (p.path.clone(), p.reason)).collect();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            seen,
            [
                (at("fifo.jsonl"), Skip::NotRegular),
                (at("link.jsonl"), Skip::Symlink),
                (at("linked-dir"), Skip::Symlink),
                (at("loop"), Skip::Symlink),
                (at("socket.jsonl"), Skip::NotRegular),
            ]
        );
        assert!(out.found.is_empty());
    }

    #[test]
    fn a_missing_root_is_absent_and_a_file_in_its_place_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let mut out = Scan::default();
        scan(&dir.path().join("none/below"), &jsonl, &mut out);
        scan(&file, &jsonl, &mut out);
        assert_eq!(out.absent, [dir.path().join("none/below")]);
        assert_eq!(
            out.problems,
            [Problem { path: file, reason: Skip::Unreadable(io::ErrorKind::NotADirectory) }]
        );
    }

    #[test]
    fn the_limits_are_visible_and_the_newest_files_stay() {
        let dir = tempfile::tempdir().unwrap();
        for age in 0..20 {
            write(&dir.path().join(format!("{age:02}.jsonl")), age);
        }
        write(&dir.path().join("a/b/ok.jsonl"), 100);
        write(&dir.path().join("a/b/c/deep.jsonl"), 0);
        let mut out = Scan::new(ScanLimits { depth: 3, files: 3 });
        scan(dir.path(), &jsonl, &mut out);
        assert_eq!(relatives(&out), ["00.jsonl", "01.jsonl", "02.jsonl"]);
        assert_eq!((out.beyond_files, out.beyond_depth), (18, 1));
    }

    #[test]
    fn an_event_is_followed_by_a_look_at_its_path_alone() {
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("p/a.jsonl"), 1);
        write(&dir.path().join("p/q/b.jsonl"), 2);
        write(&dir.path().join("other.jsonl"), 3);
        symlink("other.jsonl", dir.path().join("link.jsonl")).unwrap();
        let root = Root::open(dir.path()).unwrap();
        let look = |below: &str| {
            let mut out = Scan::default();
            scan_below(&root, Path::new(below), &jsonl, &mut out);
            (relatives(&out).join(" "), out.problems.len())
        };
        assert_eq!(look("p"), ("p/a.jsonl p/q/b.jsonl".into(), 0));
        assert_eq!(look("p/q/b.jsonl"), ("p/q/b.jsonl".into(), 0));
        assert_eq!(look("gone.jsonl"), (String::new(), 0));
        assert_eq!(look("link.jsonl"), (String::new(), 1));
        assert_eq!(look(""), ("p/a.jsonl p/q/b.jsonl other.jsonl".into(), 1));
    }
}

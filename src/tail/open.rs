//! Opening files in a directory that others can write to, without being led elsewhere or made to wait.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Why something at a path is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Skip {
    /// There is nothing, or no longer.
    #[error("the file is gone")]
    Gone,
    /// A symbolic link, or a path through one. Links lead out of the watched directory, so none is followed below it.
    #[error("symbolic links are not followed; add the target as a root of its own")]
    Symlink,
    /// A FIFO, socket, device or directory under the name of a log.
    #[error("not a regular file")]
    NotRegular,
    /// Another user's file.
    #[error("the file belongs to another user; run keitod as that user to read it")]
    ForeignOwner,
    /// The system refused.
    #[error("cannot be read: {0}; look at the permissions of the path")]
    Unreadable(io::ErrorKind),
}

impl From<Errno> for Skip {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::Gone,
            // MLINK is what FreeBSD says, XDEV how openat2 refuses to leave the root.
            Errno::LOOP | Errno::MLINK | Errno::XDEV => Self::Symlink,
            // A socket, or a device without a driver.
            Errno::NXIO | Errno::NODEV => Self::NotRegular,
            other => Self::Unreadable(io::Error::from(other).kind()),
        }
    }
}

/// A watched directory, resolved and opened once. Everything below it is opened relative to the handle. Open it anew
/// for each pass: the handle stays with a directory that was deleted or replaced.
#[derive(Debug)]
pub struct Root {
    path: PathBuf,
    handle: OwnedFd,
}

impl Root {
    /// Opens the directory, following links in its own path.
    ///
    /// # Errors
    /// [`Skip::Gone`] if there is none, [`Skip::Unreadable`] if it is not a directory or not ours to read.
    pub fn open(path: &Path) -> Result<Self, Skip> {
        let path = path.canonicalize().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Skip::Gone,
            kind => Skip::Unreadable(kind),
        })?;
        let handle = rustix::fs::openat(CWD, &path, directory(), Mode::empty())?;
        Ok(Self { path, handle })
    }

    /// The directory without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file of ours for reading. `relative` is below the root. Never blocks, follows no link.
    ///
    /// # Errors
    /// Why the file is not to be read. To be reported, except [`Skip::Gone`].
    pub fn open_file(&self, relative: &Path) -> Result<File, Skip> {
        // NONBLOCK for FIFOs, which would wait for a writer; it means nothing for regular files.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = self.open_below(relative, flags)?;
        let stat = rustix::fs::fstat(&file)?;
        readable(&stat)?;
        Ok(File::from(file))
    }

    /// What a plain open would find, without one where the system can: it may be a live database, whose locks this
    /// process would lose when the handle is closed.
    pub(super) fn stat_file(&self, relative: &Path) -> Result<rustix::fs::Stat, Skip> {
        #[cfg(target_os = "linux")]
        let flags = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        Ok(rustix::fs::fstat(self.open_below(relative, flags)?)?)
    }

    /// Opens a directory below the root, or the root itself for an empty path.
    pub(super) fn open_directory(&self, relative: &Path) -> Result<OwnedFd, Skip> {
        if relative.as_os_str().is_empty() {
            return Ok(rustix::fs::openat(&self.handle, ".", directory(), Mode::empty())?);
        }
        self.open_below(relative, directory())
    }

    fn open_below(&self, relative: &Path, flags: OFlags) -> Result<OwnedFd, Skip> {
        // Only plain names: neither `..` nor an absolute path leaves the root, with or without openat2.
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(Skip::Symlink);
        }
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::ResolveFlags;
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            match rustix::fs::openat2(&self.handle, relative, flags, Mode::empty(), resolve) {
                // Kernels before 5.6, and sandboxes that do not know the call; AGAIN is a rename in the same moment.
                Err(Errno::NOSYS | Errno::PERM | Errno::AGAIN) => {}
                other => return Ok(other?),
            }
        }
        open_by_parts(self.handle.as_fd(), relative, flags)
    }
}

/// One component at a time, each without following a link.
fn open_by_parts(root: impl AsFd, relative: &Path, flags: OFlags) -> Result<OwnedFd, Skip> {
    let (Some(name), parents) = (relative.file_name(), relative.parent()) else { return Err(Skip::Gone) };
    let mut at = root.as_fd().try_clone_to_owned().map_err(|error| Skip::Unreadable(error.kind()))?;
    for part in parents.into_iter().flat_map(Path::components) {
        let next = rustix::fs::openat(&at, part.as_os_str(), directory(), Mode::empty());
        at = match next {
            // Linux says this of a link too when a directory is asked for.
            Err(Errno::NOTDIR) => {
                let stat = rustix::fs::statat(&at, part.as_os_str(), AtFlags::SYMLINK_NOFOLLOW)?;
                let link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
                return Err(if link { Skip::Symlink } else { Errno::NOTDIR.into() });
            }
            other => other?,
        };
    }
    Ok(rustix::fs::openat(&at, name, flags, Mode::empty())?)
}

/// Whether this is a regular file of the user we run as.
pub(super) fn readable(stat: &rustix::fs::Stat) -> Result<(), Skip> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_uid == rustix::process::geteuid().as_raw() => Ok(()),
        FileType::RegularFile => Err(Skip::ForeignOwner),
        FileType::Symlink => Err(Skip::Symlink),
        _ => Err(Skip::NotRegular),
    }
}

pub(super) fn directory() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn fifo(path: &Path) {
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn only_regular_files_of_ours_below_the_root_are_opened() {
        let outside = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(outside.path().join("secret"), "secret\n").unwrap();
        fs::create_dir(at("sub")).unwrap();
        fs::write(at("sub/log"), "a\n").unwrap();
        symlink(outside.path().join("secret"), at("link")).unwrap();
        symlink("sub/log", at("inner-link")).unwrap();
        symlink(outside.path(), at("dir-link")).unwrap();
        symlink("loop", at("loop")).unwrap();
        fifo(&at("fifo"));
        let _socket = UnixListener::bind(at("socket")).unwrap();

        let root = Root::open(dir.path()).unwrap();
        let rows: [(&str, Result<(), Skip>); 13] = [
            ("sub/log", Ok(())),
            ("link", Err(Skip::Symlink)),
            ("inner-link", Err(Skip::Symlink)),
            ("dir-link/secret", Err(Skip::Symlink)),
            ("loop", Err(Skip::Symlink)),
            ("loop/x", Err(Skip::Symlink)),
            ("fifo", Err(Skip::NotRegular)),
            ("socket", Err(Skip::NotRegular)),
            ("sub", Err(Skip::NotRegular)),
            ("none", Err(Skip::Gone)),
            ("sub/log/x", Err(Skip::Unreadable(io::ErrorKind::NotADirectory))),
            ("../secret", Err(Skip::Symlink)),
            ("/etc/passwd", Err(Skip::Symlink)),
        ];
        for (path, expected) in rows {
            let relative = Path::new(path);
            assert_eq!(root.open_file(relative).map(drop), expected, "{path}");
            if relative.components().all(|part| matches!(part, Component::Normal(_))) {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
                let by_parts = open_by_parts(&root.handle, relative, flags)
                    .and_then(|file| readable(&rustix::fs::fstat(file)?));
                assert_eq!(by_parts, expected, "{path} without openat2");
            }
        }
    }

    #[test]
    fn the_root_itself_may_be_a_link_and_is_resolved_once() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::create_dir(&real).unwrap();
        fs::write(real.join("log"), "a\n").unwrap();
        symlink(&real, &link).unwrap();
        let root = Root::open(&link).unwrap();
        assert_eq!(root.path(), real.canonicalize().unwrap());
        root.open_file(Path::new("log")).unwrap();
        assert_eq!(Root::open(&dir.path().join("absent")).map(drop), Err(Skip::Gone));
    }

    #[test]
    fn a_file_of_another_user_is_not_opened() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can give a file away
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("log"), "a\n").unwrap();
        std::os::unix::fs::chown(dir.path().join("log"), Some(12_345), None).unwrap();
        let root = Root::open(dir.path()).unwrap();
        assert_eq!(root.open_file(Path::new("log")).map(drop), Err(Skip::ForeignOwner));
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "what is skipped is said")]
    fn a_device_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        // The source of endless zeros.
        let made =
            std::process::Command::new("mknod").arg(dir.path().join("log")).args(["c", "1", "5"]).output();
        if !made.is_ok_and(|made| made.status.success()) {
            println!("skipped: only root makes devices");
            return;
        }
        let root = Root::open(dir.path()).unwrap();
        assert_eq!(root.open_file(Path::new("log")).map(drop), Err(Skip::NotRegular));
    }

    #[test]
    fn a_race_of_file_and_link_never_reads_outside() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("log"), "secret").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("a")).unwrap();
        fs::write(at("a/log"), "inside").unwrap();
        symlink(outside.path(), at("b")).unwrap();
        let done = AtomicBool::new(false);
        let root = Root::open(dir.path()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let flags = rustix::fs::RenameFlags::EXCHANGE;
                    rustix::fs::renameat_with(CWD, at("a"), CWD, at("b"), flags).unwrap();
                }
            });
            let (mut inside, mut outside) = (0, 0);
            for n in 0..10_000 {
                let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
                let opened = if n % 2 == 0 {
                    root.open_file(Path::new("a/log"))
                } else {
                    open_by_parts(&root.handle, Path::new("a/log"), flags).map(File::from)
                };
                if let Ok(file) = opened {
                    let led_outside = io::read_to_string(file).is_ok_and(|text| text != "inside");
                    *(if led_outside { &mut outside } else { &mut inside }) += 1;
                }
            }
            done.store(true, Ordering::Relaxed);
            assert_eq!(outside, 0);
            assert!(inside > 0, "the race was never won");
        });
    }
}

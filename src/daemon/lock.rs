//! One keitod per state directory.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another keitod works with it.
    #[error("another keitod uses {}: stop it, or set KEITOD_STATE_DIR", path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
    },
    /// It belongs to somebody else or is open to others.
    #[error("{} must be yours alone: chown it to yourself and `chmod 700` it", path.display())]
    Exposed {
        /// The directory.
        path: PathBuf,
    },
    /// It is a link: what it leads to could be changed under us.
    #[error("{} is a symbolic link: name the directory itself in KEITOD_STATE_DIR", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// Locks and shared memory do not hold there.
    #[error("{} is on a network file system, where a database is not safe: set KEITOD_STATE_DIR to a local directory", path.display())]
    Network {
        /// The directory.
        path: PathBuf,
    },
    /// It cannot be made or opened.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Held for the life of the process. The file is never removed: a second one made meanwhile would be another lock.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Makes the directory if need be (0700) and takes its lock.
    ///
    /// # Errors
    /// [`LockError::Taken`] if another keitod holds it.
    pub fn take(dir: &Path) -> Result<Self, LockError> {
        private_dir(dir)?;
        if crate::tail::is_network(dir) {
            return Err(LockError::Network { path: dir.to_path_buf() });
        }
        let path = dir.join("lock");
        let failed = |source| LockError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Taken { path: dir.to_path_buf() }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // For people only; the lock is the lock.
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

impl crate::server::Held for StateLock {}

/// Makes a directory that only we can enter, or checks that it is one.
///
/// # Errors
/// [`LockError::Exposed`] if others can enter it.
pub fn private_dir(dir: &Path) -> Result<(), LockError> {
    let failed = |source| LockError::Io { path: dir.to_path_buf(), source };
    // Without the trailing slash, which would follow the link.
    let bare: PathBuf = dir.components().collect();
    if std::fs::symlink_metadata(&bare).is_ok_and(|meta| meta.is_symlink()) {
        return Err(LockError::Link { path: bare });
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let meta = std::fs::metadata(dir).map_err(failed)?;
    let ours = meta.uid() == rustix::process::geteuid().as_raw();
    if ours && meta.permissions().mode() & 0o077 == 0 {
        Ok(())
    } else {
        Err(LockError::Exposed { path: dir.to_path_buf() })
    }
}

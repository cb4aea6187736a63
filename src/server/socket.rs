//! Where the socket is and who may hold it.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Longest path the kernel takes, without the closing NUL; bytes (`sun_path` of unix(7): 108 on Linux, 104 elsewhere).
const PATH_LIMIT: usize = if cfg!(any(target_os = "linux", target_os = "android")) { 107 } else { 103 };

/// Witness that the caller holds the lock of the state directory: implemented by that lock alone. Without it nobody may
/// take a socket file for stale, because between the look and the removal another keitod could have started.
pub trait Held {}

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The kernel takes no such path.
    #[error(
        "the socket's path has {length} bytes, the system takes {PATH_LIMIT}: name a shorter one in `path` of [socket] or KEITOD_SOCKET ({path})"
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// Others could reach or replace the socket.
    #[error("others may enter the socket's directory (mode {mode:03o}): run `chmod 700 {dir}`")]
    Open {
        /// The directory.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The directory is another user's.
    #[error(
        "the socket's directory {dir} belongs to uid {owner}, not to us: name another one in `path` of [socket] or KEITOD_SOCKET"
    )]
    Foreign {
        /// The directory.
        dir: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Something that is no socket is there; it is not ours to remove.
    #[error("{path} is in the way and no socket: move it, or name another path in `path` of [socket]")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// Somebody answers on it: a keitod with another state directory.
    #[error("another keitod answers on {path}: stop it, or name another path in KEITOD_SOCKET")]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// The file system says no.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A bound socket, mode 0600 in a directory of 0700. The file goes when this value goes.
#[derive(Debug)]
pub struct Bound {
    listener: UnixListener,
    file: File,
}

/// The file of a bound socket.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    id: (u64, u64),
}

impl Bound {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    pub(super) fn into_parts(self) -> (UnixListener, File) {
        (self.listener, self.file)
    }
}

impl Drop for File {
    /// Only our own: after a `rm` and a second keitod, the path may be somebody else's.
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Binds the socket, creating its directory and removing what a dead keitod left there.
///
/// No umask is set around the bind: it is the whole process's, and other threads create files. The directory is closed
/// to others before the socket exists, so its mode may follow.
///
/// # Errors
/// If the directory is not ours alone, the path is taken or too long, or the file system refuses.
pub fn bind(path: &Path, _lock: &impl Held) -> Result<Bound, BindError> {
    let length = path.as_os_str().len();
    if length > PATH_LIMIT {
        return Err(BindError::TooLong { path: path.to_owned(), length });
    }
    own_directory(match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    })?;
    clear(path)?;
    let io = |action| move |source| BindError::Io { action, path: path.to_owned(), source };
    let listener = UnixListener::bind(path).map_err(io("bind"))?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(io("set the mode of"))?;
    listener.set_nonblocking(true).map_err(io("prepare"))?;
    let metadata = fs::symlink_metadata(path).map_err(io("look at"))?;
    let file = File { path: path.to_owned(), id: (metadata.dev(), metadata.ino()) };
    Ok(Bound { listener, file })
}

/// A lax directory of ours is refused and not closed: somebody may have opened it on purpose, for something else in it.
fn own_directory(dir: &Path) -> Result<(), BindError> {
    let io = |action| move |source| BindError::Io { action, path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io("create"))?;
    let metadata = fs::metadata(dir).map_err(io("look at"))?;
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    if owner != rustix::process::geteuid().as_raw() {
        return Err(BindError::Foreign { dir: dir.to_owned(), owner });
    }
    if mode & 0o077 != 0 {
        return Err(BindError::Open { dir: dir.to_owned(), mode });
    }
    Ok(())
}

/// The lock rules out another keitod of this state directory; one of another state directory answers, and is left alone.
fn clear(path: &Path) -> Result<(), BindError> {
    let io = |action| move |source| BindError::Io { action, path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(io("look at")(source)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            Err(BindError::NotASocket { path: path.to_owned() })
        }
        Ok(_) if UnixStream::connect(path).is_ok() => Err(BindError::InUse { path: path.to_owned() }),
        Ok(_) => fs::remove_file(path).map_err(io("remove")),
    }
}

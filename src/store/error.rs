//! What can go wrong with the database, by what the caller does next.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk or a quota is full: reading pauses, sending stops; the logs still hold everything.
    #[error("the disk is full: free some space; nothing is lost, reading goes on by itself")]
    Full,
    /// Somebody else holds the database: wait and try again.
    #[error("the database is busy: another program holds it open for writing")]
    Busy,
    /// The file is damaged: stop sending at once.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// Written by a later keitod: read-only, no sending.
    #[error(
        "the database is of schema {found}, this keitod knows up to {known}: install the newer keitod again"
    )]
    Newer {
        /// Version in the file.
        found: i64,
        /// Version of this program.
        known: i64,
    },
    /// SQLite did not take a setting that durability rests on.
    #[error(
        "SQLite did not accept {name} = {wanted} (it says {got}): the state directory must be on a local disk"
    )]
    Pragma {
        /// The pragma.
        name: &'static str,
        /// What we need.
        wanted: &'static str,
        /// What it is.
        got: String,
    },
    /// What had to be written down before a commit could not be: nothing was committed.
    #[error("cannot write to decisions.jsonl: {0}")]
    Unrecorded(#[source] std::io::Error),
    /// The SQLite in this program can damage a database in WAL mode (fixed in 3.51.3).
    #[error("this keitod was built with SQLite {found}: 3.51.3 or later is needed, install another build")]
    Outdated {
        /// Its version.
        found: &'static str,
    },
    /// A database of some other program.
    #[error("{} is not keitod's database: move it away, or set KEITOD_STATE_DIR", path.display())]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Another live process works with it, though it does not hold the lock.
    #[error("another keitod (process {pid}) uses the database: stop it, or set KEITOD_STATE_DIR")]
    Leased {
        /// Its id.
        pid: u32,
    },
    /// An earlier call failed in a way that leaves the outcome open; until the file has been opened again nothing is
    /// done on what memory believes.
    #[error("the database is closed after an error; it is opened again by itself")]
    Closed,
    /// A file beside the database: a backup, the ballast, what was set aside.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A row that our own code never writes.
    #[error("the database holds an impossible value in {0}: run `keitod doctor`")]
    Impossible(&'static str),
    /// Anything else of SQLite.
    #[error("database: {0}")]
    Sql(#[source] rusqlite::Error),
}

impl Error {
    /// Of a file beside the database.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::File { action, path: path.to_owned(), source },
        }
    }

    /// Whether waiting and opening the file again can help: disk, quota, memory, locks. The outcome of a commit that
    /// failed so is unknown.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode as Code;
        match self {
            Self::Full | Self::Busy | Self::Closed | Self::File { .. } | Self::Unrecorded(_) => true,
            Self::Sql(error) => matches!(
                error.sqlite_error_code(),
                Some(
                    Code::SystemIoFailure
                        | Code::CannotOpen
                        | Code::ReadOnly
                        | Code::OutOfMemory
                        | Code::FileLockingProtocolFailed
                        | Code::PermissionDenied
                        | Code::NoLargeFileSupport
                )
            ),
            _ => false,
        }
    }
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sql(error),
        }
    }
}

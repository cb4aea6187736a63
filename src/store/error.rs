//! What can go wrong with the database, by what the caller does next.

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
    /// A row that our own code never writes.
    #[error("the database holds an impossible value in {0}: run `keitod doctor`")]
    Impossible(&'static str),
    /// Anything else of SQLite.
    #[error("database: {0}")]
    Sql(#[source] rusqlite::Error),
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

//! The only owner of our SQLite. One thread holds the one read-write connection; readers open their own, read-only.
//!
//! What must not be told apart by a crash is written in one transaction: the cursor of a file with the facts of its
//! bytes, a sealed write with its `billed` rows, an outcome with what follows from it.

mod account;
mod adopted;
mod assign;
mod audit;
mod backup;
mod ballast;
mod between;
mod billed;
mod days;
mod dues;
mod error;
mod explain;
mod family;
mod format;
mod guard;
mod health;
mod ingest;
mod kept;
mod lease;
mod mend;
mod migrate;
mod names;
mod outbox;
mod parked;
mod person;
mod presence;
mod read;
mod requests;
mod schema;
mod sightings;
mod steps;
mod tally;
mod terms;
mod touched;
mod unfinished;
mod views;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

pub use account::{Account, AccountRow, PassCounts};
pub use adopted::Laid;
pub use audit::{audit_key, books_key};
pub use backup::daily as daily_backup;
pub use ballast::{Ballast, Room};
pub use days::Within;
pub use dues::DueRow;
pub use error::Error;
pub use explain::{BilledRow, Earlier, HeldPart, Named};
pub use format::Newest;
pub use health::{Found, check};
pub use ingest::{Ingested, Read};
pub use kept::{Changes, Keep};
pub use mend::{Damage, Whereabouts};
pub use outbox::{NewRecord, NewWrite, OwnState, RecordRow, RecordState, WriteRow, WriteState};
pub use person::BilledKey;
pub use presence::KnownRow;
pub use read::{AccountView, Branches, Days, ListedRow, Reader, Stale};
pub use schema::VERSION;
pub use tally::{Frozen, TallyOf};
pub use unfinished::Unfinished;
pub use views::{RequestOf, SessionHead};

/// Pages of the file's log before they are written back: SQLite's own default, and while a history is read.
const LOG: i64 = 1000;
const LOG_MUCH: i64 = 8000;

/// The read-write side of the database.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    /// `None`: in memory.
    path: Option<PathBuf>,
    /// This process's name is in it.
    leased: bool,
    /// A call failed so that only the disk knows the outcome.
    hurt: Option<mend::Hurt>,
    /// What is still to be delivered.
    unfinished: unfinished::Kept,
    /// How many transactions that changed anything ended, well or not.
    ended: Arc<AtomicU64>,
}

/// One transaction; the methods are spread over the files of this module by subject.
#[derive(Debug)]
pub struct Tx<'a> {
    conn: &'a Connection,
    /// Records that ceased to grow or to be there in this transaction, but for those that it inserted.
    closed: std::cell::RefCell<person::Closed>,
    /// Days whose facts it changed.
    touched: std::cell::RefCell<touched::Touched>,
}

impl<'a> Tx<'a> {
    fn of(conn: &'a Connection) -> Self {
        Self { conn, closed: Default::default(), touched: Default::default() }
    }
}

impl Store {
    /// Opens or creates the database file and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Newer`] if a later keitod wrote it; [`Error::Pragma`] if SQLite does not give the durability we need.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::prepare(Connection::open(path)?, Some(path))
    }

    /// A database in memory, for simulations.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn in_memory() -> Result<Self, Error> {
        Self::prepare(Connection::open_in_memory()?, None)
    }

    /// The same connection with nothing in it, for simulations: its statements stay prepared, and preparing them costs
    /// more than a history does.
    ///
    /// # Errors
    /// Of the database.
    pub fn emptied(mut self) -> Result<Self, Error> {
        let tables: Vec<String> = {
            // What refers to others was made after them.
            let last_first = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid DESC";
            let mut select = self.conn.prepare_cached(last_first)?;
            let rows = select.query_map([], |row| row.get(0))?;
            rows.collect::<Result<_, _>>()?
        };
        self.conn.execute_batch("BEGIN")?;
        for table in tables {
            self.conn.prepare_cached(&format!("DELETE FROM {table}"))?.execute([])?;
        }
        self.conn.execute_batch("COMMIT")?;
        self.unfinished.forget();
        Ok(self)
    }

    fn prepare(mut conn: Connection, path: Option<&Path>) -> Result<Self, Error> {
        schema::prepare(&conn, path)?;
        conn.set_prepared_statement_cache_capacity(256);
        // Plans must not depend on bound values: SQLite would prepare a statement anew at most of its executions.
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let unfinished = unfinished::Kept::of(&mut conn)?;
        Ok(Self {
            conn,
            path: path.map(Path::to_owned),
            leased: false,
            hurt: None,
            unfinished,
            ended: Arc::default(),
        })
    }

    /// Runs `work` in one transaction; commits if it returns `Ok`.
    ///
    /// # Errors
    /// What `work` returns, or the failure of the commit. A failed commit is an unknown outcome: from then on every
    /// call fails until [`Store::mend`] has read the state from disk again.
    pub fn transact<R>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<R, Error>) -> Result<R, Error> {
        if self.hurt.is_some() {
            return Err(Error::Closed);
        }
        let before = self.conn.total_changes();
        let done = (|| {
            let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let tx = Tx::of(&transaction);
            let result = work(&tx)?;
            tx.note_touched()?;
            transaction.commit()?;
            Ok(result)
        })();
        if done.is_err() || self.conn.total_changes() != before {
            self.ended.fetch_add(1, Ordering::Release);
        }
        if let Err(error) = &done {
            self.hurt = mend::Hurt::of(error);
        }
        done
    }

    /// How many transactions that changed anything ended so far. Who looks at it before he reads, and finds it the same later, has read what
    /// still stands there.
    #[must_use]
    pub fn ended(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.ended)
    }

    /// Runs `work` in a transaction that leaves nothing behind.
    ///
    /// # Errors
    /// What `work` returns.
    pub fn rehearse<R>(&mut self, work: impl FnOnce(&Tx<'_>) -> Result<R, Error>) -> Result<R, Error> {
        if self.hurt.is_some() {
            return Err(Error::Closed);
        }
        let done = (|| {
            let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = work(&Tx::of(&transaction))?;
            transaction.rollback()?;
            Ok(result)
        })();
        if let Err(error) = &done {
            self.hurt = mend::Hurt::of(error);
        }
        done
    }

    /// Writes the log of the database back into its file, as far as readers let it, before an orderly end.
    ///
    /// # Errors
    /// Of the database.
    pub fn checkpoint(&self) -> Result<(), Error> {
        Ok(self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }

    /// Much is about to be written, or was: meanwhile the file's log grows longer before it is written back, for each page
    /// is changed many times. More of the file in memory would change nothing: what is written comes in the order of its
    /// pages. Afterwards the memory is given back.
    ///
    /// # Errors
    /// Of the database.
    pub fn write_much(&self, much: bool) -> Result<(), Error> {
        let log = if much { LOG_MUCH } else { LOG };
        self.conn.pragma_update(None, "wal_autocheckpoint", log)?;
        if !much {
            self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
            self.conn.execute_batch("PRAGMA shrink_memory")?;
        }
        Ok(())
    }

    /// Reads without a transaction of its own.
    pub fn view(&self) -> Tx<'_> {
        Tx::of(&self.conn)
    }
}

/// Copies a database as it is at this moment, also while a keitod writes to it.
///
/// # Errors
/// Of either file.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    // Without a log beside it nobody has it open, and even a reader would make one: the copy must leave no trace.
    let log = from.with_extension("db-wal");
    let from = if log.exists() { open_read_only(from)? } else { open_immutable(from)? };
    let mut to = Connection::open(to)?;
    rusqlite::backup::Backup::new(&from, &mut to)?.run_to_completion(256, std::time::Duration::ZERO, None)?;
    Ok(())
}

fn open_immutable(path: &Path) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let escaped = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let conn = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    schema::check_version(&conn)?;
    Ok(conn)
}

/// Opens the database read-only, for reports beside the writer.
///
/// # Errors
/// [`Error::Newer`] if a later keitod wrote it.
pub fn open_read_only(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    schema::check_version(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    Ok(conn)
}

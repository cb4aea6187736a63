//! Questions of reports and of the status, on a connection of their own beside the writer. Each is answered from one
//! moment of the database.

mod context;
mod counts;
mod detail;
mod kept;
mod one_session;
mod queue;
mod report;
mod reported;
mod sessions;

use std::path::Path;

pub use context::{AccountView, Branches};
pub(super) use detail::queue_item;
pub use kept::{Days, Stale};
pub(super) use queue::groups;
pub(super) use report::rows as report_rows;
pub use reported::ListedRow;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Error, Tx};
use crate::model::{AccountId, AccountRef};

/// The read-only side of the database.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
}

impl Reader {
    /// On a connection of [`super::open_read_only`].
    #[must_use]
    pub fn new(conn: Connection) -> Self {
        conn.set_prepared_statement_cache_capacity(64);
        Self { conn }
    }

    /// Opens the database file.
    ///
    /// # Errors
    /// As [`super::open_read_only`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Ok(Self::new(super::open_read_only(path)?))
    }

    /// The row of an account, if this database has seen it. Unlike the writer this side makes none.
    ///
    /// # Errors
    /// Of the database.
    pub fn account_ref(&self, origin: &str, account: &AccountId) -> Result<Option<AccountRef>, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT id FROM account WHERE origin = ?1 AND account = ?2")?;
        Ok(select.query_row([origin, account.as_str()], |row| row.get(0).map(AccountRef)).optional()?)
    }

    /// Has `work` look at one moment of the database with all that the writing side can ask; a write would fail.
    ///
    /// # Errors
    /// What `work` returns, or of the database.
    pub fn moment<R>(&self, work: impl FnOnce(&Tx<'_>) -> Result<R, Error>) -> Result<R, Error> {
        self.at_once(|conn| work(&Tx::of(conn)))
    }

    /// Runs `work` on one moment of the database: the first SELECT of a transaction fixes it.
    fn at_once<R>(&self, work: impl FnOnce(&Connection) -> Result<R, Error>) -> Result<R, Error> {
        let transaction = self.conn.unchecked_transaction()?;
        let result = work(&transaction)?;
        transaction.rollback()?;
        Ok(result)
    }
}

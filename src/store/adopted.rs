//! Adopted records whose facts were not here when they were met.

use super::{Error, Tx};
use crate::model::RecordRef;

impl Tx<'_> {
    /// Whether a record was adopted, and nothing was ever written to it from here.
    ///
    /// # Errors
    /// Of the database.
    pub fn only_adopted(&self, record: RecordRef) -> Result<bool, Error> {
        let adopted = "SELECT adopted = 1 AND NOT EXISTS (SELECT 1 FROM write WHERE record = ?1) FROM record WHERE id = ?1";
        Ok(self.conn.prepare_cached(adopted)?.query_row([record.0], |row| row.get(0))?)
    }

    /// The seconds of local sessions that an entry holds.
    ///
    /// # Errors
    /// Of the database.
    pub fn held_by(&self, record: RecordRef) -> Result<u64, Error> {
        let held = "SELECT coalesce(sum(end - start), 0) FROM covered WHERE record = ?1";
        let seconds: i64 = self.conn.prepare_cached(held)?.query_row([record.0], |row| row.get(0))?;
        Ok(u64::try_from(seconds).unwrap_or(0))
    }

    /// Forgets an adopted entry, so that it is adopted anew.
    ///
    /// # Errors
    /// Of the database.
    pub fn forget_entry(&self, record: RecordRef) -> Result<(), Error> {
        self.conn.prepare_cached("DELETE FROM covered WHERE record = ?1")?.execute([record.0])?;
        self.conn.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([record.0])?;
        Ok(())
    }
}

//! Adopted records whose facts were not here when they were met.

use rusqlite::params;

use super::{Error, NewRecord, Tx};
use crate::ledger::stretches::{self, Stretch};
use crate::model::{AccountRef, RecordRef, SessionRef};

/// A stretch on which a found entry was laid.
#[derive(Debug, Clone)]
pub struct Found {
    /// Whose time it is.
    pub session: SessionRef,
    /// The stretch.
    pub stretch: Stretch,
    /// The entry's row.
    pub id: RecordRef,
    /// The entry.
    pub record: NewRecord,
}

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

    /// Where entries that were found at Keito were laid on the time of other sessions.
    ///
    /// # Errors
    /// Of the database.
    pub fn found_beside(&self, account: AccountRef, session: SessionRef) -> Result<Vec<Found>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT c.session, c.start, c.end, c.record FROM covered c JOIN record r ON r.id = c.record \
             WHERE c.account = ?1 AND c.session <> ?2 AND c.write = 0 AND r.adopted = 1 ORDER BY c.start, c.record",
        )?;
        let rows = select.query_map(params![account.0, session.0], |row| {
            Ok((SessionRef(row.get(0)?), (row.get(1)?, row.get(2)?), RecordRef(row.get(3)?)))
        })?;
        let mut found = Vec::new();
        for row in rows {
            let (session, stretch, id) = row?;
            if let Some(record) = self.record(id)? {
                found.push(Found { session, stretch, id, record: record.new });
            }
        }
        Ok(found)
    }

    /// Takes parts of a stretch off a found entry.
    ///
    /// # Errors
    /// Of the database.
    pub fn uncover_stretches(
        &self,
        account: AccountRef,
        found: &Found,
        parts: &[Stretch],
    ) -> Result<(), Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT start, end FROM covered WHERE account = ?1 AND session = ?2 AND record = ?3 AND start < ?5 AND end > ?4",
        )?;
        let (start, end) = found.stretch;
        let rows = select.query_map(params![account.0, found.session.0, found.id.0, start, end], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let now: Vec<Stretch> = rows.collect::<Result<_, _>>()?;
        let parts = stretches::union(parts.to_vec());
        for stretch in now {
            let found = Found { stretch, ..found.clone() };
            self.move_cover(account, &found, &stretches::minus(stretch, &parts))?;
        }
        Ok(())
    }

    /// Lays a stretch of a found entry elsewhere in the time of the same session.
    ///
    /// # Errors
    /// Of the database.
    pub fn move_cover(&self, account: AccountRef, found: &Found, to: &[Stretch]) -> Result<(), Error> {
        let delete = "DELETE FROM covered WHERE account = ?1 AND session = ?2 AND start = ?3 AND record = ?4";
        self.conn.prepare_cached(delete)?.execute(params![
            account.0,
            found.session.0,
            found.stretch.0,
            found.id.0
        ])?;
        self.cover(account, found.session, found.id, None, to)
    }
}

//! What an assignment after the fact may touch.

use rusqlite::params;

use super::outbox::{RECORD, record_row};
use super::{Error, RecordRow, Tx};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Link, RecordRef, SessionRef, WriteRef};

impl Tx<'_> {
    /// Sessions with work on no record yet, or with records.
    ///
    /// # Errors
    /// Of the database.
    pub fn assignable(&self, account: AccountRef) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT session FROM due UNION SELECT session FROM record WHERE account = ?1 AND session > 0 \
             UNION SELECT session FROM covered WHERE account = ?1 ORDER BY 1",
        )?;
        let rows = select.query_map([account.0], |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// All records that hold facts of a session.
    ///
    /// # Errors
    /// Of the database.
    pub fn records_with(&self, account: AccountRef, session: SessionRef) -> Result<Vec<RecordRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!(
            "{RECORD} WHERE account = ?1 AND (session = ?2 \
             OR id IN (SELECT record FROM covered WHERE account = ?1 AND session = ?2) \
             OR id IN (SELECT b.record FROM request q JOIN billed b ON b.account = ?1 AND b.request = q.id WHERE q.session = ?2)) \
             ORDER BY id"
        ))?;
        let rows = select.query_map(params![account.0, session.0], record_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The time of one session that an entry holds; of one write of it, if named.
    ///
    /// # Errors
    /// Of the database.
    pub fn stretches_in(
        &self,
        record: RecordRef,
        session: SessionRef,
        write: Option<WriteRef>,
    ) -> Result<Vec<Stretch>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT start, end FROM covered WHERE record = ?1 AND session = ?2 AND (?3 IS NULL OR write = ?3) ORDER BY start",
        )?;
        let rows = select.query_map(params![record.0, session.0, write.map(|write| write.0)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// An entry that was moved.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_link(&self, record: RecordRef, to: &Link) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE record SET project = ?2, task = ?3 WHERE id = ?1")?
            .execute(params![record.0, to.project.as_str(), to.task.as_str()])?;
        Ok(())
    }
}

//! Adopted records whose facts were not here when they were met.

use rusqlite::params;

use super::{Error, Tx};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, ProjectId, RecordRef, SessionRef};

/// A stretch that an entry holds.
#[derive(Debug, Clone)]
pub struct Laid {
    /// Whose time it is.
    pub session: SessionRef,
    /// The stretch.
    pub stretch: Stretch,
    /// The entry's row.
    pub record: RecordRef,
    /// What it is billed to.
    pub project: ProjectId,
    /// The entry was found at Keito, and where its seconds lie is a guess.
    pub adopted: bool,
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

    /// Sessions that hold copies of requests inside `[first, last]` which an expense of `session` bills, each with the
    /// second of the last of them: up to there their time may be a copy of that session's, whose own log is gone.
    ///
    /// # Errors
    /// Of the database.
    pub fn heirs(
        &self,
        account: AccountRef,
        session: SessionRef,
        (first, last): Stretch,
    ) -> Result<Vec<(SessionRef, i64)>, Error> {
        let mut select = self.conn.prepare_cached(
            "WITH named (request) AS MATERIALIZED (SELECT b.request FROM record e JOIN billed b ON b.record = e.id \
               WHERE e.account = ?1 AND e.session = ?2 AND e.kind = 1) \
             SELECT session, max(at) / 1000 FROM ( \
               SELECT r.session, r.at FROM named n CROSS JOIN request r ON r.id = n.request UNION ALL \
               SELECT c.session, c.at FROM named n CROSS JOIN copy c ON c.request = n.request) \
             WHERE session <> ?2 AND at >= ?3 * 1000 AND at < (?4 + 1) * 1000 GROUP BY session ORDER BY session",
        )?;
        let rows = select.query_map(params![account.0, session.0, first, last], |row| {
            Ok((SessionRef(row.get(0)?), row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets an adopted entry, so that it is adopted anew.
    ///
    /// # Errors
    /// Of the database.
    pub fn forget_entry(&self, record: RecordRef) -> Result<(), Error> {
        self.touch_returned("DELETE FROM covered WHERE record = ?1 RETURNING start, end", [record.0])?;
        self.conn.prepare_cached("DELETE FROM doubt WHERE record = ?1")?.execute([record.0])?;
        self.conn.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([record.0])?;
        Ok(())
    }

    /// Notes that an adopted entry holds seconds that found no free time inside `[first, last]`.
    ///
    /// # Errors
    /// Of the database.
    pub fn doubt(&self, account: AccountRef, record: RecordRef, (first, last): Stretch) -> Result<(), Error> {
        let insert = "INSERT OR IGNORE INTO doubt (account, record, first, last) VALUES (?1, ?2, ?3, ?4)";
        self.conn.prepare_cached(insert)?.execute(params![account.0, record.0, first, last])?;
        Ok(())
    }

    /// The ranges in which adopted entries hold seconds that found no free time.
    ///
    /// # Errors
    /// Of the database.
    pub fn doubted(&self, account: AccountRef) -> Result<Vec<Stretch>, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT DISTINCT first, last FROM doubt WHERE account = ?1")?;
        let rows = select.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What entries hold of the time inside `[from, to)`.
    ///
    /// # Errors
    /// Of the database.
    pub fn laid_around(&self, account: AccountRef, (from, to): Stretch) -> Result<Vec<Laid>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT c.session, c.start, c.end, c.record, r.project, c.write = 0 AND r.adopted = 1 FROM covered c \
             JOIN record r ON r.id = c.record WHERE c.account = ?1 AND c.start < ?3 AND c.end > ?2 \
             ORDER BY c.start, c.record",
        )?;
        let rows = select.query_map(params![account.0, from, to], |row| {
            Ok(Laid {
                session: SessionRef(row.get(0)?),
                stretch: (row.get(1)?, row.get(2)?),
                record: RecordRef(row.get(3)?),
                project: ProjectId::new(row.get::<_, String>(4)?),
                adopted: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Lays what a found entry holds of a session elsewhere in its time.
    ///
    /// # Errors
    /// Of the database.
    pub fn lay_anew(
        &self,
        account: AccountRef,
        (record, session): (RecordRef, SessionRef),
        to: &[Stretch],
    ) -> Result<(), Error> {
        let delete = "DELETE FROM covered WHERE account = ?1 AND session = ?2 AND record = ?3 AND write = 0 \
                      RETURNING start, end";
        self.touch_returned(delete, params![account.0, session.0, record.0])?;
        self.cover(account, session, record, None, to)
    }
}

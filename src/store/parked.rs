//! Writes that wait because their project refuses them, and bytes that are replaced.

use rusqlite::{OptionalExtension as _, params};

use super::outbox::{WRITE, WriteRow, write_row};
use super::{Error, Tx, terms};
use crate::model::{AccountRef, Kind, ProjectId, RecordRef, TaskId, WriteRef};

/// A pending write that Keito refuses for its project or its day: held, not due. `w` is the write.
pub(super) const HELD: &str =
    "(w.state = 0 AND (w.reason LIKE 'project_closed%' OR w.reason LIKE 'locked_period%'))";

impl Tx<'_> {
    /// The write of a record that was sealed last.
    ///
    /// # Errors
    /// Of the database.
    pub fn latest_write(&self, record: RecordRef) -> Result<Option<WriteRow>, Error> {
        let mut select =
            self.conn.prepare_cached(&format!("{WRITE} WHERE w.record = ?1 ORDER BY w.id DESC LIMIT 1"))?;
        Ok(select.query_row([record.0], write_row).optional()?)
    }

    /// Gives every pending write of a kind in a project (and task) a reason, unless it has one.
    ///
    /// # Errors
    /// Of the database.
    pub fn hold_writes(
        &self,
        account: AccountRef,
        kind: Kind,
        project: &ProjectId,
        task: Option<&TaskId>,
        reason: &str,
    ) -> Result<usize, Error> {
        let mut update = self.conn.prepare_cached(
            "UPDATE write SET reason = ?5 WHERE state = 0 AND reason IS NULL AND record IN (SELECT id FROM record \
             WHERE account = ?1 AND kind = ?2 AND project = ?3 AND (?4 IS NULL OR task = ?4))",
        )?;
        let (kind, task) = (terms::kind(kind), task.map(TaskId::as_str));
        Ok(update.execute(params![account.0, kind, project.as_str(), task, reason])?)
    }

    /// Takes the reason back from writes whose reason begins so; they may leave at once.
    ///
    /// # Errors
    /// Of the database.
    pub fn release_writes(
        &self,
        account: AccountRef,
        kind: Kind,
        project: &ProjectId,
        code: &str,
    ) -> Result<usize, Error> {
        let mut update = self.conn.prepare_cached(
            "UPDATE write SET reason = NULL, next_at = sealed_at WHERE state = 0 AND substr(reason, 1, length(?4)) = ?4 \
             AND record IN (SELECT id FROM record WHERE account = ?1 AND kind = ?2 AND project = ?3)",
        )?;
        Ok(update.execute(params![account.0, terms::kind(kind), project.as_str(), code])?)
    }

    /// Brings writes back that were refused for good before it showed that more than they were refused.
    ///
    /// # Errors
    /// Of the database.
    pub fn revive_writes(&self, writes: &[WriteRef], reason: &str) -> Result<(), Error> {
        let mut update = self.conn.prepare_cached(
            "UPDATE write SET state = 0, reason = ?2, done_at = NULL WHERE id = ?1 AND state = 6",
        )?;
        for write in writes {
            update.execute(params![write.0, reason])?;
        }
        Ok(())
    }

    /// Other bytes for a write that was definitely refused.
    ///
    /// # Errors
    /// Of the database.
    pub fn replace_body(&self, write: WriteRef, body: &[u8], idempotency: &str) -> Result<(), Error> {
        let mut update =
            self.conn.prepare_cached("UPDATE write SET body = ?2, idempotency = ?3 WHERE id = ?1")?;
        update.execute(params![write.0, body, idempotency])?;
        Ok(())
    }
}

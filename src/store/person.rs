//! What people's actions on the outbox need of it: a record with its latest write, what it holds by content, and which
//! records a transaction closed.

use rusqlite::{OptionalExtension as _, params};

use super::outbox::{RECORD, record_row};
use super::read::groups;
use super::{DueRow, Error, RecordRow, RecordState, Tx, requests, terms};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Instant, RecordRef, RequestKey, Tokens, WriteRef};

/// What a transaction did to records that stood there before it.
#[derive(Debug, Default)]
pub(super) struct Closed {
    inserted: Vec<RecordRef>,
    closed: Vec<RecordRef>,
}

/// A request on a record, by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledKey {
    /// Its key.
    pub key: RequestKey,
    /// What of it the record holds.
    pub tokens: Tokens,
}

impl Tx<'_> {
    pub(super) fn inserted(&self, record: RecordRef) {
        self.closed.borrow_mut().inserted.push(record);
    }

    /// Noticed where every change passes, so that no rule which closes a record can forget to tell of it.
    pub(super) fn saves(&self, record: &RecordRow) -> Result<(), Error> {
        if record.state == RecordState::Live || self.closed.borrow().inserted.contains(&record.id) {
            return Ok(());
        }
        let mut select = self.conn.prepare_cached("SELECT state FROM record WHERE id = ?1")?;
        let before: i64 = select.query_row([record.id.0], |row| row.get(0))?;
        let deleted = record.state == RecordState::Deleted;
        if before == 0 || (before == 1 && deleted) {
            self.closed.borrow_mut().closed.push(record.id);
        }
        Ok(())
    }

    /// Records that were there before this transaction and that it closed or gave up as deleted.
    pub fn closed(&self) -> Vec<RecordRef> {
        self.closed.borrow().closed.clone()
    }

    /// A record by Keito's id.
    ///
    /// # Errors
    /// Of the database.
    pub fn record_by_remote(&self, account: AccountRef, remote: &str) -> Result<Option<RecordRow>, Error> {
        let mut select = self
            .conn
            .prepare_cached(&format!("{RECORD} WHERE account = ?1 AND remote = ?2 ORDER BY id DESC"))?;
        Ok(select.query_row(params![account.0, remote], record_row).optional()?)
    }

    /// The waiting work behind an id of the queue (`h…`).
    ///
    /// # Errors
    /// Of the database.
    pub fn due_group(&self, id: &str) -> Result<Option<DueRow>, Error> {
        Ok(groups(self.conn)?.into_iter().find(|group| group.id() == id).map(|group| group.due))
    }

    /// The stretches of its own session that an entry holds; of one write of it, if named.
    ///
    /// # Errors
    /// Of the database.
    pub fn stretches_of(&self, record: RecordRef, write: Option<WriteRef>) -> Result<Vec<Stretch>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT c.start, c.end FROM covered c JOIN record r ON r.id = c.record AND r.session = c.session \
             WHERE c.record = ?1 AND (?2 IS NULL OR c.write = ?2) ORDER BY c.start",
        )?;
        let rows = select
            .query_map(params![record.0, write.map(|write| write.0)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The requests that an expense holds, by content.
    ///
    /// # Errors
    /// Of the database.
    pub fn keys_of(&self, record: RecordRef) -> Result<Vec<BilledKey>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT q.key, b.input, b.cache_read, b.cache_write_5m, b.cache_write_1h, b.output, 0 \
             FROM billed b JOIN request q ON q.id = b.request WHERE b.record = ?1",
        )?;
        let rows = select.query_map([record.0], |row| {
            let key = requests::key_of(row.get_ref(0)?.as_blob()?);
            Ok(BilledKey { key, tokens: requests::tokens_at(row, 1)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Records found at Keito that may hold what one of ours holds: of its session, or of its model at its time.
    ///
    /// # Errors
    /// Of the database.
    pub fn rivals(&self, record: &RecordRow) -> Result<Vec<RecordRow>, Error> {
        let of = &record.new;
        let mut select = self.conn.prepare_cached(&format!(
            "{RECORD} WHERE account = (SELECT account FROM record WHERE id = ?1) AND id > ?1 AND adopted = 1 AND remote IS NOT NULL \
             AND kind = ?2 AND excess = ?3 AND first_at <= ?4 AND last_at >= ?5 AND (kind = 1 AND model = ?6 OR kind = 0 AND session = ?7)"
        ))?;
        let rows = select.query_map(
            params![
                record.id.0,
                terms::kind(of.kind),
                of.excess,
                of.last_at.millis(),
                of.first_at.millis(),
                of.model,
                of.session.map_or(0, |session| session.0)
            ],
            record_row,
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A write that never leaves: the record holds its facts, so that nobody is billed for them.
    ///
    /// # Errors
    /// Of the database.
    pub fn give_up(&self, record: RecordRef, reason: &str, now: Instant) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "INSERT INTO write (record, method, body, idempotency, state, reason, sealed_at, next_at, done_at) \
                 VALUES (?1, 0, x'', '', 8, ?2, ?3, ?3, ?3)",
            )?
            .execute(params![record.0, reason, now.millis()])?;
        Ok(())
    }
}

//! Entries of a whole day: they hold time of several sessions of one agent.

use std::collections::BTreeMap;

use rusqlite::params;

use super::outbox::{RECORD, record_row};
use super::{Error, NewWrite, RecordRow, Tx, requests, terms};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Day, Link, RecordRef, SessionId, SessionKey, SessionRef, Tokens, WriteRef};

/// Requests in the time that an entry holds.
#[derive(Debug, Clone, Default)]
pub struct Within {
    /// Their tokens.
    pub tokens: Tokens,
    /// How many.
    pub requests: u64,
    /// Output by model.
    pub models: BTreeMap<String, u64>,
}

impl Tx<'_> {
    /// Entries that can grow, of all sessions of a session's agent, on days from `from` to `to`.
    ///
    /// # Errors
    /// Of the database.
    pub fn live_entries_beside(
        &self,
        account: AccountRef,
        session: SessionRef,
        (from, to): (Day, Day),
    ) -> Result<Vec<RecordRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!(
            "{RECORD} WHERE account = ?1 AND kind = 0 AND state = 0 AND day BETWEEN ?3 AND ?4 AND session IN \
             (SELECT id FROM session WHERE agent = (SELECT agent FROM session WHERE id = ?2)) ORDER BY id"
        ))?;
        let rows =
            select.query_map(params![account.0, session.0, from.to_string(), to.to_string()], record_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The entry of a session for a day and link whose first write never left, but for `known` ones.
    ///
    /// # Errors
    /// Of the database.
    pub fn unsent_entry_of(
        &self,
        account: AccountRef,
        session: SessionRef,
        day: Day,
        link: &Link,
        known: &[RecordRef],
    ) -> Result<Option<RecordRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT r.id FROM record r JOIN write w ON w.record = r.id AND w.state = 0 AND w.attempts = 0 AND w.method = 0 \
             WHERE r.account = ?1 AND r.session = ?2 AND r.kind = 0 AND r.day = ?3 AND r.project = ?4 AND r.task = ?5 ORDER BY r.id DESC",
        )?;
        let (project, task) = (link.project.as_str(), link.task.as_str());
        let day = day.to_string();
        let rows = select
            .query_map(params![account.0, session.0, day, project, task], |row| Ok(RecordRef(row.get(0)?)))?;
        let all: Vec<RecordRef> = rows.collect::<Result<_, _>>()?;
        Ok(all.into_iter().find(|id| !known.contains(id)))
    }

    /// The first second inside `[from, to)` in which a session's agent worked, in whichever session.
    ///
    /// # Errors
    /// Of the database.
    pub fn first_work_beside(&self, session: SessionRef, (from, to): Stretch) -> Result<Option<i64>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT min(max(p.start, ?2)) FROM span p JOIN session s ON s.id = p.session WHERE p.end > ?2 AND p.start < ?3 \
             AND p.kind = 0 AND s.agent = (SELECT agent FROM session WHERE id = ?1)",
        )?;
        Ok(select.query_row(params![session.0, from, to], |row| row.get(0))?)
    }

    /// Agent time that begins at or after a second, by session.
    ///
    /// # Errors
    /// Of the database.
    pub fn agent_time_after(&self, from: i64) -> Result<BTreeMap<SessionRef, Vec<Stretch>>, Error> {
        let mut select = self
            .conn
            .prepare_cached("SELECT session, max(start, ?1), end FROM span WHERE end > ?1 AND kind = 0")?;
        let rows =
            select.query_map([from], |row| Ok((SessionRef(row.get(0)?), (row.get(1)?, row.get(2)?))))?;
        let mut found: BTreeMap<SessionRef, Vec<Stretch>> = BTreeMap::new();
        for row in rows {
            let (session, stretch) = row?;
            found.entry(session).or_default().push(stretch);
        }
        Ok(found)
    }

    /// Seconds on all entries of a session's agent on a day and link.
    ///
    /// # Errors
    /// Of the database.
    pub fn seconds_of_day(
        &self,
        account: AccountRef,
        session: SessionRef,
        day: Day,
        link: &Link,
    ) -> Result<u64, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT coalesce(sum(seconds), 0) FROM record WHERE account = ?1 AND kind = 0 AND day = ?3 AND project = ?4 AND task = ?5 \
             AND session IN (SELECT id FROM session WHERE agent = (SELECT agent FROM session WHERE id = ?2))",
        )?;
        let (project, task) = (link.project.as_str(), link.task.as_str());
        let day = day.to_string();
        let seconds: i64 =
            select.query_row(params![account.0, session.0, day, project, task], |row| row.get(0))?;
        Ok(terms::count(seconds))
    }

    /// The sessions whose time an entry holds.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_on(&self, record: RecordRef) -> Result<Vec<(SessionRef, SessionId)>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT s.id, s.native FROM session s WHERE s.id IN (SELECT session FROM covered WHERE record = ?1) ORDER BY s.id",
        )?;
        let rows = select.query_map([record.0], |row| {
            Ok((SessionRef(row.get(0)?), SessionId::new(row.get::<_, String>(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The stretches of other sessions than its own that an entry holds; of one write of it, if named.
    ///
    /// # Errors
    /// Of the database.
    pub fn stretches_beside(
        &self,
        record: RecordRef,
        write: Option<WriteRef>,
    ) -> Result<Vec<(SessionId, Vec<Stretch>)>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT s.native, c.start, c.end FROM covered c JOIN record r ON r.id = c.record JOIN session s ON s.id = c.session \
             WHERE c.record = ?1 AND c.session <> r.session AND (?2 IS NULL OR c.write = ?2) ORDER BY s.native, c.start",
        )?;
        let rows = select.query_map(params![record.0, write.map(|write| write.0)], |row| {
            Ok((row.get::<_, String>(0)?, (row.get(1)?, row.get(2)?)))
        })?;
        let mut found: BTreeMap<String, Vec<Stretch>> = BTreeMap::new();
        for row in rows {
            let (native, stretch) = row?;
            found.entry(native).or_default().push(stretch);
        }
        Ok(found.into_iter().map(|(native, time)| (SessionId::new(native), time)).collect())
    }

    /// The sessions of an agent whose key begins with one of these prefixes, sorted.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_keyed(&self, agent: &str, keys: &[[u8; 3]]) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT s.id, s.native FROM session s JOIN agent a ON a.id = s.agent WHERE a.name = ?1 ORDER BY s.id",
        )?;
        let rows = select.query_map([agent], |row| Ok((SessionRef(row.get(0)?), row.get(1)?)))?;
        let all: Vec<(SessionRef, String)> = rows.collect::<Result<_, _>>()?;
        let named = |native: &str| keys.binary_search(&SessionKey::new(agent, native).prefix()).is_ok();
        Ok(all.into_iter().filter(|(_, native)| named(native)).map(|(id, _)| id).collect())
    }

    /// The requests that ended inside the time that an entry holds.
    ///
    /// # Errors
    /// Of the database.
    pub fn requests_within(&self, record: RecordRef) -> Result<Within, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT q.input, q.cache_read, q.cache_write_5m, q.cache_write_1h, q.output, q.reasoning, m.name FROM covered c \
             JOIN request q ON q.session = c.session AND q.at BETWEEN c.start * 1000 + 1000 AND c.end * 1000 + 999 \
             JOIN model m ON m.id = q.model WHERE c.record = ?1",
        )?;
        let rows = select
            .query_map([record.0], |row| Ok((requests::tokens_at(row, 0)?, row.get::<_, String>(6)?)))?;
        let mut within = Within::default();
        for row in rows {
            let (tokens, model) = row?;
            within.tokens.add(&tokens);
            within.requests += 1;
            *within.models.entry(model).or_default() += tokens.output;
        }
        Ok(within)
    }

    /// Has the sessions of an entry, and those whose time waits to go onto it, computed again.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck_beside(&self, record: &RecordRow) -> Result<(), Error> {
        let (day, link) = (record.new.day.to_string(), &record.new.link);
        self.conn
            .prepare_cached(
                "UPDATE session SET recheck = 1 WHERE id = ?2 OR id IN (SELECT session FROM covered WHERE record = ?1) \
                 OR id IN (SELECT session FROM due WHERE kind = 0 AND day = ?3 AND project = ?4 AND task = ?5)",
            )?
            .execute(params![
                record.id.0,
                record.new.session.map_or(0, |session| session.0),
                day,
                link.project.as_str(),
                link.task.as_str()
            ])?;
        Ok(())
    }

    /// Gives a write that never left other bytes.
    ///
    /// # Errors
    /// Of the database.
    pub fn reseal(&self, id: WriteRef, write: &NewWrite) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE write SET body = ?2, idempotency = ?3, seconds = ?4, sealed_at = ?5 WHERE id = ?1 AND state = 0 AND attempts = 0",
            )?
            .execute(params![
                id.0,
                write.body,
                write.idempotency,
                terms::int(write.seconds),
                write.sealed_at.millis()
            ])?;
        Ok(())
    }
}

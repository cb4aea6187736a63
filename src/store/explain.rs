//! What an explanation asks beside the facts themselves: what an id stands for, which record holds what of a session,
//! and in which files a session was read.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Row, params};

use super::outbox::{RECORD, record_row};
use super::read::{groups, queue_item, report_rows};
use super::{DueRow, Error, RecordRow, Tx, requests, terms};
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Amount, Instant, RecordRef, RequestKey, RequestRef, SessionRef, Tokens, Usd};
use crate::report::Rows;
use crate::status::QueueDetail;

/// What an id, or the beginning of one, can stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A record.
    Record {
        /// Its row.
        record: RecordRef,
        /// Its `keitod_id`.
        id: String,
        /// Its day.
        day: String,
    },
    /// Work on no record.
    Group {
        /// As the queue shows it.
        id: String,
        /// What it is about.
        due: DueRow,
    },
    /// A session.
    Session {
        /// Its row.
        session: SessionRef,
        /// Its agent.
        agent: String,
        /// The agent's own id.
        native: String,
    },
}

/// What a record holds of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledRow {
    /// The record.
    pub record: RecordRef,
    /// Its `keitod_id`.
    pub id: Arc<str>,
    /// The tokens on it.
    pub tokens: Tokens,
    /// Their frozen cost.
    pub usd: Usd,
    /// The price row that it was frozen with.
    pub price: String,
    /// Found at Keito: the record's cost is the sum of all its requests, and theirs is not known.
    pub adopted: bool,
}

/// A stretch of a session on an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPart {
    /// The stretch.
    pub stretch: Stretch,
    /// The entry.
    pub record: RecordRef,
    /// Its `keitod_id`.
    pub id: Arc<str>,
}

/// What an expense and those before it, of the same link, day, model and currency, come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Earlier {
    /// Their exact cost before this one, in pico units of the currency.
    pub exact: i128,
    /// What was sent before this one.
    pub sent: i128,
}

impl Tx<'_> {
    /// All that an id, or its beginning, can stand for; only what it names exactly, if there is such a thing. A session
    /// may stand behind its agent's name and a slash.
    ///
    /// # Errors
    /// Of the database.
    pub fn named(&self, account: Option<AccountRef>, text: &str) -> Result<Vec<Named>, Error> {
        let (agent, native) = match text.split_once('/') {
            Some((agent, native)) if self.has_agent(agent)? => (Some(agent), native),
            _ => (None, text),
        };
        let mut found = Vec::new();
        let mut exact = Vec::new();
        if agent.is_none() {
            let mut select = self.conn.prepare_cached(
                "SELECT id, keitod_id, day, keitod_id = ?2 OR coalesce(remote = ?2, 0) FROM record \
                 WHERE (?1 IS NULL OR account = ?1) AND (substr(keitod_id, 1, length(?2)) = ?2 OR remote = ?2) ORDER BY day, id",
            )?;
            let mut rows = select.query(params![account.map(|account| account.0), text])?;
            while let Some(row) = rows.next()? {
                let named =
                    Named::Record { record: RecordRef(row.get(0)?), id: row.get(1)?, day: row.get(2)? };
                if row.get(3)? { exact.push(named) } else { found.push(named) }
            }
            if text.starts_with('h') {
                for group in groups(self.conn)? {
                    let id = group.id();
                    if id.starts_with(text) {
                        let whole = id == text;
                        let named = Named::Group { id, due: group.due };
                        if whole { exact.push(named) } else { found.push(named) }
                    }
                }
            }
        }
        let mut select = self.conn.prepare_cached(
            "SELECT s.id, a.name, s.native FROM session s JOIN agent a ON a.id = s.agent \
             WHERE substr(s.native, 1, length(?1)) = ?1 AND (?2 IS NULL OR a.name = ?2) ORDER BY a.name, s.native",
        )?;
        let mut rows = select.query(params![native, agent])?;
        while let Some(row) = rows.next()? {
            let named =
                Named::Session { session: SessionRef(row.get(0)?), agent: row.get(1)?, native: row.get(2)? };
            let whole = matches!(&named, Named::Session { native: own, .. } if own == native);
            if whole { exact.push(named) } else { found.push(named) }
        }
        Ok(if exact.is_empty() { found } else { exact })
    }

    /// A record or held group as the queue shows it.
    ///
    /// # Errors
    /// Of the database.
    pub fn queue_item(&self, account: Option<AccountRef>, id: &str) -> Result<Option<QueueDetail>, Error> {
        queue_item(self.conn, account, id)
    }

    /// The rows of a report that can matter between two Unix seconds.
    ///
    /// # Errors
    /// Of the database.
    pub fn report_rows(&self, range: Stretch) -> Result<Rows, Error> {
        report_rows(self.conn, Some(range))
    }

    fn has_agent(&self, name: &str) -> Result<bool, Error> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM agent WHERE name = ?1")?.exists([name])?)
    }

    /// The groups of a session's waiting work with their ids in the queue.
    ///
    /// # Errors
    /// Of the database.
    pub fn groups_of(&self, session: SessionRef) -> Result<Vec<(String, DueRow)>, Error> {
        let all = groups(self.conn)?.into_iter().filter(|group| group.due.session == session);
        Ok(all.map(|group| (group.id(), group.due)).collect())
    }

    /// What records of an account hold of a session's requests.
    ///
    /// # Errors
    /// Of the database.
    pub fn bills_of(
        &self,
        account: AccountRef,
        session: SessionRef,
    ) -> Result<HashMap<RequestRef, Vec<BilledRow>>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT b.request, b.record, r.keitod_id, b.input, b.cache_read, b.cache_write_5m, b.cache_write_1h, b.output, 0, \
             b.usd, b.price, r.adopted FROM billed b JOIN record r ON r.id = b.record JOIN request q ON q.id = b.request \
             WHERE b.account = ?1 AND q.session = ?2 ORDER BY b.request, b.record",
        )?;
        let mut rows = select.query(params![account.0, session.0])?;
        let mut found: HashMap<RequestRef, Vec<BilledRow>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let usd: String = row.get(9)?;
            let billed = BilledRow {
                record: RecordRef(row.get(1)?),
                id: row.get::<_, String>(2)?.into(),
                tokens: requests::tokens_at(row, 3)?,
                usd: Usd(usd.parse().map_err(|_| Error::Impossible("billed"))?),
                price: row.get(10)?,
                adopted: row.get(11)?,
            };
            found.entry(RequestRef(row.get(0)?)).or_default().push(billed);
        }
        Ok(found)
    }

    /// Stretches of a session that entries of an account hold, in order.
    ///
    /// # Errors
    /// Of the database.
    pub fn held_parts(&self, account: AccountRef, session: SessionRef) -> Result<Vec<HeldPart>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT c.start, c.end, c.record, r.keitod_id FROM covered c JOIN record r ON r.id = c.record \
             WHERE c.account = ?1 AND c.session = ?2 ORDER BY c.start, c.record",
        )?;
        let rows = select.query_map(params![account.0, session.0], |row| {
            Ok(HeldPart {
                stretch: (row.get(0)?, row.get(1)?),
                record: RecordRef(row.get(2)?),
                id: row.get::<_, String>(3)?.into(),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The sessions of which a record holds anything, its own first.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_of_record(&self, record: &RecordRow) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT session FROM covered WHERE record = ?1 UNION \
             SELECT q.session FROM billed b JOIN request q ON q.id = b.request WHERE b.record = ?1 ORDER BY 1",
        )?;
        let rows = select.query_map([record.id.0], |row| Ok(SessionRef(row.get(0)?)))?;
        let held: Vec<SessionRef> = rows.collect::<Result<_, _>>()?;
        let own = record.new.session;
        Ok(own.into_iter().chain(held.into_iter().filter(|id| Some(*id) != own)).collect())
    }

    /// The sessions with a span, a request or an activity between two Unix seconds, in the order of their first one there.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_within(&self, (from, to): Stretch) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT session, min(at) AS first FROM (\
             SELECT session, max(start, ?1) AS at FROM span WHERE end > ?1 AND start < ?2 \
             UNION ALL SELECT session, at / 1000 FROM request WHERE at >= ?1 * 1000 AND at < ?2 * 1000 \
             UNION ALL SELECT session, at / 1000 FROM activity WHERE at >= ?1 * 1000 AND at < ?2 * 1000) \
             GROUP BY session ORDER BY first, session",
        )?;
        let rows = select.query_map([from, to], |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The sessions that worked while one did, it too: those that share its time, directly.
    ///
    /// # Errors
    /// Of the database.
    pub fn working_within(&self, (from, to): Stretch) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT DISTINCT session FROM span WHERE end > ?1 AND start < ?2 AND kind = 0 ORDER BY session",
        )?;
        let rows = select.query_map([from, to], |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The keys under which each request of a session can be found in a log: its own, and those of its copies.
    ///
    /// # Errors
    /// Of the database.
    pub fn log_keys(&self, session: SessionRef) -> Result<Vec<(RequestRef, RequestKey)>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT id, key FROM request WHERE session = ?1 \
             UNION SELECT c.request, c.key FROM copy c JOIN request q ON q.id = c.request WHERE q.session = ?1",
        )?;
        let rows = select.query_map([session.0], |row| {
            Ok((RequestRef(row.get(0)?), requests::key_of(row.get_ref(1)?.as_blob()?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The branch that the log names for each request of a session.
    ///
    /// # Errors
    /// Of the database.
    pub fn branches_of(&self, session: SessionRef) -> Result<HashMap<RequestRef, Arc<str>>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT q.id, b.name FROM request q JOIN branch b ON b.id = q.branch WHERE q.session = ?1",
        )?;
        let rows = select
            .query_map([session.0], |row| Ok((RequestRef(row.get(0)?), row.get::<_, String>(1)?.into())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Files in which requests of a session were read, and the agent's own ids of the sessions that share facts with it:
    /// a fact that it owns may stand in their files alone.
    ///
    /// # Errors
    /// Of the database.
    pub fn traces_of(&self, session: SessionRef) -> Result<(Vec<PathBuf>, Vec<String>), Error> {
        let mut files = self.conn.prepare_cached(
            "SELECT DISTINCT f.path FROM request q JOIN file f ON f.id = q.file WHERE q.session = ?1",
        )?;
        let files = files.query_map([session.0], |row| Ok(PathBuf::from(row.get::<_, String>(0)?)))?;
        let mut others = self.conn.prepare_cached(
            "SELECT native FROM session WHERE id = ?1 OR id IN (\
             SELECT c.session FROM request q JOIN copy c ON c.request = q.id WHERE q.session = ?1 \
             UNION SELECT y.session FROM activity v JOIN activity_copy y ON y.key = v.key WHERE v.session = ?1 AND v.shared = 1)",
        )?;
        let others = others.query_map([session.0], |row| row.get(0))?;
        Ok((files.collect::<Result<_, _>>()?, others.collect::<Result<_, _>>()?))
    }

    /// When each file of an agent last told of something, by path.
    ///
    /// # Errors
    /// Of the database.
    pub fn last_told(&self, agent: &str) -> Result<HashMap<PathBuf, Instant>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT f.path, f.last_at FROM file f JOIN agent a ON a.id = f.agent WHERE a.name = ?1 AND f.last_at IS NOT NULL",
        )?;
        let rows = select.query_map([agent], |row| {
            Ok((PathBuf::from(row.get::<_, String>(0)?), terms::instant(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The running sums that an expense was rounded on: those of what was sealed before it for the same link, day, model
    /// and currency, and not given up before it left.
    ///
    /// # Errors
    /// Of the database.
    pub fn earlier(&self, record: RecordRef) -> Result<Earlier, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT o.exact, o.amount FROM record r JOIN record o ON o.account = r.account AND o.kind = 1 AND o.day = r.day \
             AND o.project = r.project AND (o.task = r.task OR o.task = '') AND o.model = r.model AND o.currency = r.currency \
             WHERE r.id = ?1 AND (o.id < r.id OR (o.task = '' AND o.id <> r.id)) \
             AND coalesce((SELECT state FROM write WHERE record = o.id ORDER BY id DESC LIMIT 1), 5) <> 8",
        )?;
        let mut rows = select.query([record.0])?;
        let mut earlier = Earlier::default();
        while let Some(row) = rows.next()? {
            let exact: Option<String> = row.get(0)?;
            let sent: Option<String> = row.get(1)?;
            earlier.exact += exact.and_then(|text| text.parse::<i128>().ok()).unwrap_or(0);
            earlier.sent += sent.and_then(|text| Amount::parse(&text)).map_or(0, |amount| amount.pico());
        }
        Ok(earlier)
    }

    /// The records of an account on a day.
    ///
    /// # Errors
    /// Of the database.
    pub fn records_on(&self, account: AccountRef, day: &str) -> Result<Vec<RecordRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!("{RECORD} WHERE account = ?1 AND day = ?2"))?;
        let rows = select.query_map(params![account.0, day], |row: &Row<'_>| record_row(row))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

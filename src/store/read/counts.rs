//! The counts of the status.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::super::outbox::WriteState;
use super::super::parked::HELD;
use super::super::{Error, terms};
use super::Reader;
use super::queue::{groups, held_code, state_of};
use crate::model::{AccountRef, Instant, Kind, Usd};
use crate::status::{Counts, HeldCount, QueueCounts, QueueState, Refused, SourceCounts};

impl Reader {
    /// What the status says of the database: the queue of an account (`None`: of all), files, lines, sessions.
    ///
    /// # Errors
    /// Of the database.
    pub fn status_counts(&self, account: Option<AccountRef>, now: Instant) -> Result<Counts, Error> {
        self.at_once(|conn| {
            let queue = queue(conn, account, now)?;
            Ok(Counts {
                ready: ready(conn, now)?,
                changing: conn.prepare_cached("SELECT 1 FROM session WHERE dirty = 1 LIMIT 1")?.exists([])?,
                unchecked: conn
                    .prepare_cached("SELECT 1 FROM session WHERE recheck = 1 LIMIT 1")?
                    .exists([])?,
                held: held(conn, account)?,
                refused: refused(conn, account)?,
                unproved: unproved(conn, account)?,
                sources: sources(conn)?,
                recent_rejects: recent_rejects(conn, now)?,
                queue,
            })
        })
    }
}

pub(super) fn queue(
    conn: &Connection,
    account: Option<AccountRef>,
    now: Instant,
) -> Result<QueueCounts, Error> {
    let mut counts = QueueCounts::default();
    let (mut held_usd, mut excluded_usd) = (Usd(0), Usd(0));
    for group in groups(conn)? {
        let due = group.due;
        let usd = Usd(due.usd.unwrap_or(0));
        match due.reason.as_str() {
            "" => counts.open += 1,
            "excluded" => {
                counts.excluded_seconds += due.seconds;
                excluded_usd = excluded_usd.plus(usd);
            }
            reason => {
                *counts.held.entry(reason.to_owned()).or_default() += 1;
                counts.held_seconds += due.seconds;
                held_usd = held_usd.plus(usd);
            }
        }
    }
    counts.excluded_usd = excluded_usd.to_string();
    let mut select = conn.prepare_cached(&format!(
        "SELECT w.state, w.absent_at IS NOT NULL, count(*), CASE WHEN {HELD} THEN w.reason END, sum(r.seconds), \
         group_concat(coalesce(r.usd, '0'), ' ') FROM record r \
         LEFT JOIN write w ON w.id = (SELECT max(id) FROM write WHERE record = r.id) \
         WHERE ?1 IS NULL OR r.account = ?1 GROUP BY 1, 2, 4",
    ))?;
    let mut rows = select.query([account.map(|account| account.0)])?;
    while let Some(row) = rows.next()? {
        let write = row.get::<_, Option<i64>>(0)?.map_or(WriteState::Done, WriteState::of);
        let number = terms::count(row.get(2)?);
        let reason: Option<String> = row.get(3)?;
        if let Some(code) = reason.as_deref().and_then(held_code) {
            *counts.held.entry(code.to_owned()).or_default() += number;
            counts.held_seconds += terms::count(row.get(4)?);
            held_usd = held_usd.plus(summed(&row.get::<_, String>(5)?));
            continue;
        }
        match state_of(write, row.get(1)?) {
            QueueState::Pending => counts.pending += number,
            QueueState::Sending => counts.sending += number,
            QueueState::Unknown => counts.unknown += number,
            QueueState::Reconciling => counts.reconciling += number,
            QueueState::Done => counts.done += number,
            QueueState::Dead => counts.dead += number,
            QueueState::Conflict => counts.conflict += number,
            QueueState::Discarded | QueueState::Open | QueueState::Held | QueueState::Excluded => {}
        }
    }
    counts.held_usd = held_usd.to_string();
    counts.oldest_due_seconds = oldest(conn, account, now)?;
    Ok(counts)
}

/// How long the oldest thing waits that could be at Keito by now: since it was sealed, or since its session wanted to be.
fn oldest(conn: &Connection, account: Option<AccountRef>, now: Instant) -> Result<u64, Error> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT min(at) FROM (SELECT min(w.sealed_at) AS at FROM write w JOIN record r ON r.id = w.record \
         WHERE w.state < 5 AND NOT coalesce({HELD}, 0) AND (?1 IS NULL OR r.account = ?1) \
         UNION ALL SELECT min(s.ready_at) FROM session s WHERE s.ready_at <= ?2 \
         AND EXISTS (SELECT 1 FROM due d WHERE d.session = s.id AND d.reason = ''))",
    ))?;
    let at: Option<i64> = select
        .query_row(rusqlite::params![account.map(|account| account.0), now.millis()], |row| row.get(0))?;
    Ok(at.map_or(0, |at| now.since(terms::instant(at)).as_secs()))
}

/// Sessions with work that wanted to be sealed by now.
fn ready(conn: &Connection, now: Instant) -> Result<u64, Error> {
    let mut select = conn.prepare_cached(
        "SELECT count(*) FROM session s WHERE s.ready_at <= ?1 \
         AND EXISTS (SELECT 1 FROM due d WHERE d.session = s.id AND d.reason = '')",
    )?;
    Ok(terms::count(select.query_row([now.millis()], |row| row.get(0))?))
}

/// Pico-USD, apart by spaces: SQLite's own sums end at 64 bits.
fn summed(list: &str) -> Usd {
    Usd(list.split(' ').filter_map(|usd| usd.parse::<i128>().ok()).sum())
}

fn held(conn: &Connection, account: Option<AccountRef>) -> Result<Vec<HeldCount>, Error> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT reason, model, count(*), sum(requests), sum(seconds), sum(tokens), group_concat(coalesce(usd, '0'), ' ') FROM (\
         SELECT reason, model, requests, seconds, tokens, usd FROM due WHERE reason NOT IN ('', 'excluded') \
         UNION ALL SELECT substr(w.reason, 1, instr(w.reason || ':', ':') - 1), r.model, r.requests, r.seconds, 0, r.usd \
         FROM write w JOIN record r ON r.id = w.record WHERE {HELD} AND (?1 IS NULL OR r.account = ?1)) \
         GROUP BY reason, model ORDER BY reason, model",
    ))?;
    let rows = select.query_map([account.map(|account| account.0)], |row| {
        Ok(HeldCount {
            reason: row.get(0)?,
            model: row.get(1)?,
            records: terms::count(row.get(2)?),
            requests: terms::count(row.get(3)?),
            seconds: terms::count(row.get(4)?),
            tokens: terms::count(row.get(5)?),
            usd: summed(&row.get::<_, String>(6)?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn refused(conn: &Connection, account: Option<AccountRef>) -> Result<Vec<Refused>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT w.state, coalesce(w.reason, ''), count(*) FROM record r \
         JOIN write w ON w.id = (SELECT max(id) FROM write WHERE record = r.id) \
         WHERE (?1 IS NULL OR r.account = ?1) AND w.state >= 5 GROUP BY 1, 2 ORDER BY 1, 2",
    )?;
    let rows = select.query_map([account.map(|account| account.0)], |row| {
        let state = state_of(WriteState::of(row.get(0)?), false);
        Ok(Refused { state, reason: row.get(1)?, records: terms::count(row.get(2)?) })
    })?;
    let all: Vec<Refused> = rows.collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|of| matches!(of.state, QueueState::Dead | QueueState::Conflict)).collect())
}

fn unproved(conn: &Connection, account: Option<AccountRef>) -> Result<Vec<String>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT DISTINCT r.kind FROM write w JOIN record r ON r.id = w.record \
         WHERE w.state = 2 AND w.reason = 'unproved_listing' AND (?1 IS NULL OR r.account = ?1) ORDER BY 1",
    )?;
    let rows = select.query_map([account.map(|account| account.0)], |row| {
        Ok(if terms::kind_of(row.get(0)?) == Kind::Entry { "entry" } else { "expense" }.to_owned())
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn sources(conn: &Connection) -> Result<Vec<SourceCounts>, Error> {
    let mut by_agent: BTreeMap<String, SourceCounts> = BTreeMap::new();
    let mut select = conn.prepare_cached(
        "SELECT a.name, (SELECT count(*) FROM session WHERE agent = a.id), count(f.id), max(f.last_at), \
         (SELECT count(*) FROM reject r JOIN file g ON g.id = r.file WHERE g.agent = a.id), \
         (SELECT value FROM meta WHERE key = 'alarm ' || a.name) \
         FROM agent a LEFT JOIN file f ON f.agent = a.id GROUP BY a.id",
    )?;
    let rows = select.query_map([], |row| {
        Ok(SourceCounts {
            agent: row.get(0)?,
            sessions: terms::count(row.get(1)?),
            files: terms::count(row.get(2)?),
            last_event_at: row.get::<_, Option<i64>>(3)?.map(terms::instant),
            rejected_lines: terms::count(row.get(4)?),
            alarm: row.get::<_, Option<String>>(5)?.as_deref().map(super::super::format::reason),
        })
    })?;
    for row in rows {
        let row = row?;
        by_agent.insert(row.agent.clone(), row);
    }
    Ok(by_agent.into_values().collect())
}

/// Rejected lines of files in which something happened within a day: an old crash must not degrade the status for ever.
fn recent_rejects(conn: &Connection, now: Instant) -> Result<u64, Error> {
    let since = now.minus(std::time::Duration::from_secs(86_400));
    let mut select = conn
        .prepare_cached("SELECT count(*) FROM reject r JOIN file f ON f.id = r.file WHERE f.last_at >= ?1")?;
    Ok(terms::count(select.query_row([since.millis()], |row| row.get(0))?))
}

//! One item of the queue with all that is known of it.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::value::RawValue;

use super::super::outbox::WriteState;
use super::super::{Error, terms};
use super::Reader;
use super::queue::{Group, RECORD, groups, record_item, state_of};
use crate::model::AccountRef;
use crate::report::TokenCounts;
use crate::status::{QueueDetail, RecordDetail, UnprovenDetail, WriteDetail};

impl Reader {
    /// A record by our id or Keito's, or a group of waiting work by its `h…` id.
    ///
    /// # Errors
    /// Of the database.
    pub fn queue_item(&self, account: Option<AccountRef>, id: &str) -> Result<Option<QueueDetail>, Error> {
        self.at_once(|conn| queue_item(conn, account, id))
    }
}

/// As [`Reader::queue_item`], in a transaction under way.
pub(in crate::store) fn queue_item(
    conn: &Connection,
    account: Option<AccountRef>,
    id: &str,
) -> Result<Option<QueueDetail>, Error> {
    match record(conn, account, id)? {
        Some(found) => Ok(Some(found)),
        None => groups(conn)?
            .into_iter()
            .find(|group| group.id() == id)
            .map(|group| held(conn, &group))
            .transpose(),
    }
}

fn held(conn: &Connection, group: &Group) -> Result<QueueDetail, Error> {
    let unproven = if group.due.reason == "unproven" { unproven(conn, group)? } else { Vec::new() };
    Ok(QueueDetail { schema_version: 1, item: group.item(), record: None, writes: Vec::new(), unproven })
}

fn unproven(conn: &Connection, group: &Group) -> Result<Vec<UnprovenDetail>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT r.keitod_id, u.posted, u.local FROM unproven u JOIN record r ON r.id = u.record \
         WHERE u.session = ?1 AND u.model = ?2 ORDER BY r.id",
    )?;
    let rows = select.query_map(params![group.due.session.0, group.due.model], |row| {
        Ok(UnprovenDetail {
            record: row.get(0)?,
            posted: counts(row.get_ref(1)?.as_str()?),
            local: counts(row.get_ref(2)?.as_str()?),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The five billed classes as `Tx::hold_unproven` writes them.
fn counts(text: &str) -> TokenCounts {
    let mut words = text.split(' ').map(|word| word.parse().unwrap_or(0));
    let mut next = || words.next().unwrap_or(0);
    TokenCounts {
        input: next(),
        cache_read: next(),
        cache_write_5m: next(),
        cache_write_1h: next(),
        output: next(),
        reasoning: 0,
    }
}

fn record(conn: &Connection, account: Option<AccountRef>, id: &str) -> Result<Option<QueueDetail>, Error> {
    let mut select = conn.prepare_cached(&format!(
        "{RECORD} WHERE (?1 IS NULL OR r.account = ?1) AND (r.keitod_id = ?2 OR r.remote = ?2) ORDER BY r.id DESC LIMIT 1"
    ))?;
    let found = select.query_row(params![account.map(|account| account.0), id], record_item).optional()?;
    let Some((row, item)) = found else { return Ok(None) };
    let record = Some(record_detail(conn, row)?);
    let writes = writes(conn, row)?;
    Ok(Some(QueueDetail { schema_version: 1, item, record, writes, unproven: Vec::new() }))
}

fn record_detail(conn: &Connection, id: i64) -> Result<RecordDetail, Error> {
    let mut select = conn.prepare_cached(
        "SELECT state, excess, adopted, assumed, first_at, last_at, answered_at, listed_at, \
         (SELECT count(*) FROM billed WHERE record = ?1) FROM record WHERE id = ?1",
    )?;
    Ok(select.query_row([id], |row| {
        let at =
            |index| row.get::<_, Option<i64>>(index).map(|at| at.map(|at| terms::instant(at).to_string()));
        Ok(RecordDetail {
            state: match row.get::<_, i64>(0)? {
                0 => "live",
                1 => "closed",
                _ => "deleted",
            }
            .to_owned(),
            excess: row.get(1)?,
            adopted: row.get(2)?,
            assumed: row.get(3)?,
            first_at: at(4)?,
            last_at: at(5)?,
            answered_at: at(6)?,
            listed_at: at(7)?,
            billed_requests: terms::count(row.get(8)?),
        })
    })?)
}

fn writes(conn: &Connection, record: i64) -> Result<Vec<WriteDetail>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT method, state, absent_at IS NOT NULL, reason, attempts, seconds, sealed_at, next_at, sent_at, ended_at, \
         absent_at, done_at, idempotency, body FROM write WHERE record = ?1 ORDER BY id",
    )?;
    let rows = select.query_map([record], |row| {
        let at =
            |index| row.get::<_, Option<i64>>(index).map(|at| at.map(|at| terms::instant(at).to_string()));
        let body = String::from_utf8_lossy(row.get_ref(13)?.as_blob()?).into_owned();
        Ok(WriteDetail {
            method: if row.get(0)? { "PATCH" } else { "POST" }.to_owned(),
            state: state_of(WriteState::of(row.get(1)?), row.get(2)?),
            reason: row.get(3)?,
            attempts: row.get(4)?,
            seconds: terms::count(row.get(5)?),
            sealed_at: at(6)?,
            next_at: at(7)?,
            sent_at: at(8)?,
            ended_at: at(9)?,
            absent_at: at(10)?,
            done_at: at(11)?,
            idempotency_key: row.get(12)?,
            // Digit for digit as it leaves: never through a value that could print a number in another way.
            body: RawValue::from_string(body).ok(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

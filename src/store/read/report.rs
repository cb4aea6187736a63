//! Rows of a report.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::super::touched::DAY;
use super::super::{Error, requests, terms};
use super::Reader;
use crate::model::{Agent, DirRef, Instant, ModelRef, Quality, RequestRef, SessionRef, Tokens, Usd};
use crate::report::{Billed, IdleRow, Names, PinnedRow, RequestRow, Rows, SessionName, SpanRow};

pub(super) const REQUEST: &str = "q.id, q.session, q.at, q.model, q.dir, q.terms, q.quality, q.cut, \
                       q.input, q.cache_read, q.cache_write_5m, q.cache_write_1h, q.output, q.reasoning, \
                       q.provider, q.reported, q.charged";

impl Reader {
    /// The rows of a report: all of them, or those that can matter between two Unix seconds.
    ///
    /// # Errors
    /// Of the database; [`Error::Impossible`] if a frozen price is no number.
    pub fn report_rows(&self, range: Option<(i64, i64)>) -> Result<Rows, Error> {
        self.at_once(|conn| rows(conn, range))
    }
}

/// As [`Reader::report_rows`], in a transaction under way.
pub(in crate::store) fn rows(conn: &Connection, range: Option<Range>) -> Result<Rows, Error> {
    match range {
        None => all(conn),
        Some(range) => within(conn, range, Around::Asked),
    }
}

/// Two Unix seconds, the second one after the last that counts.
type Range = (i64, i64);

fn all(conn: &Connection) -> Result<Rows, Error> {
    let mut select = conn.prepare_cached(&format!("SELECT {REQUEST} FROM request q ORDER BY q.id"))?;
    let providers = providers(conn)?;
    let requests = select.query_map([], |row| request(row, &providers))?.collect::<Result<_, _>>()?;
    let mut requests: Vec<RequestRow> = requests;
    let mut billed = billed_of(conn, "FROM billed b JOIN record r ON r.id = b.record", [])?;
    if !billed.is_empty() {
        requests.iter_mut().for_each(|request| request.billed = billed.remove(&request.id));
    }
    Ok(Rows {
        requests,
        spans: spans(conn, (i64::MIN, i64::MAX))?,
        idle: idle(conn, None)?,
        pinned: pinned(conn, "", [])?,
        agent_seconds: agent_seconds(conn, "", [])?,
        around: Vec::new(),
        names: names(conn, None)?,
    })
}

/// Whether it is asked where sessions were outside of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    Asked,
    Unasked,
}

/// Session by session: what happened on a day is found without looking at the sessions of other days.
pub(super) fn within(conn: &Connection, range: Range, asked: Around) -> Result<Rows, Error> {
    let mut rows = Rows { spans: spans(conn, range)?, idle: idle(conn, Some(range))?, ..Rows::default() };
    let mut sessions: BTreeSet<i64> = rows.spans.iter().map(|span| span.session.0).collect();
    let mut select =
        conn.prepare_cached("SELECT DISTINCT session FROM worked WHERE day BETWEEN ?1 AND ?2")?;
    let days = [range.0.div_euclid(DAY), range.1.div_euclid(DAY)];
    for session in select.query_map(days, |row| row.get(0))? {
        sessions.insert(session?);
    }
    let limits = [range.0.saturating_mul(1000), range.1.saturating_mul(1000)];
    let providers = providers(conn)?;
    let sql = format!("SELECT {REQUEST} FROM request q WHERE q.session = ?1 AND q.at >= ?2 AND q.at < ?3");
    let mut requests = conn.prepare_cached(&sql)?;
    let any_billed = conn.prepare_cached("SELECT 1 FROM billed LIMIT 1")?.exists([])?;
    for session in &sessions {
        let of = params![session, limits[0], limits[1]];
        let first = rows.requests.len();
        for found in requests.query_map(of, |row| request(row, &providers))? {
            rows.requests.push(found?);
        }
        let found = &mut rows.requests[first..];
        if any_billed && !found.is_empty() {
            let mut billed = billed_of(conn, OF_SESSION, of)?;
            found.iter_mut().for_each(|request| request.billed = billed.remove(&request.id));
        }
        if rows.spans.binary_search_by_key(session, |span| span.session.0).is_ok() {
            rows.pinned.extend(pinned(
                conn,
                "WHERE c.session = ?1 AND c.start < ?3 AND c.end > ?2",
                params![session, range.0, range.1],
            )?);
            rows.agent_seconds.extend(agent_seconds(conn, "AND session = ?1", [session])?);
        }
        if asked == Around::Asked {
            around(conn, *session, limits, &mut rows.around)?;
        }
    }
    sessions.extend(rows.idle.iter().map(|idle| idle.session.0));
    rows.names = names(conn, Some(&sessions))?;
    Ok(rows)
}

/// Where a session was before and after the range: its work there may be mapped by that.
fn around(
    conn: &Connection,
    session: i64,
    limits: [i64; 2],
    found: &mut Vec<(SessionRef, Instant, DirRef)>,
) -> Result<(), Error> {
    for sql in [
        "SELECT at, dir FROM request WHERE session = ?1 AND (at < ?2 OR at >= ?3) AND dir IS NOT NULL ORDER BY at",
        "SELECT end * 1000, dir FROM span WHERE session = ?1 AND (end * 1000 <= ?2 OR start * 1000 >= ?3) AND dir IS NOT NULL \
         ORDER BY start",
    ] {
        let mut select = conn.prepare_cached(sql)?;
        let mut last = None;
        for row in
            select.query_map(params![session, limits[0], limits[1]], |row| Ok((row.get(0)?, row.get(1)?)))?
        {
            let (at, dir): (i64, i64) = row?;
            let side = at >= limits[1];
            if last != Some((side, dir)) {
                last = Some((side, dir));
                found.push((SessionRef(session), terms::instant(at), DirRef(dir)));
            }
        }
    }
    Ok(())
}

pub(super) fn request(row: &Row<'_>, providers: &HashMap<i64, Arc<str>>) -> rusqlite::Result<RequestRow> {
    let quality = terms::quality_of(row.get(6)?);
    let cut: bool = row.get(7)?;
    Ok(RequestRow {
        id: RequestRef(row.get(0)?),
        session: SessionRef(row.get(1)?),
        at: terms::instant(row.get(2)?),
        model: ModelRef(row.get(3)?),
        dir: row.get::<_, Option<i64>>(4)?.map(DirRef),
        terms: terms::unpack(row.get(5)?),
        quality: if cut && quality == Quality::Exact { Quality::LowerBound } else { quality },
        tokens: requests::tokens_at(row, 8)?,
        provider: row.get::<_, Option<i64>>(14)?.and_then(|id| providers.get(&id).cloned()),
        reported: requests::reported_at(row, 15)?,
        billed: None,
    })
}

pub(super) fn providers(conn: &Connection) -> Result<HashMap<i64, Arc<str>>, Error> {
    let mut select = conn.prepare_cached("SELECT id, name FROM provider")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const BILLED: &str = "SELECT b.request, b.account, r.project, r.adopted, b.usd, \
                      b.input, b.cache_read, b.cache_write_5m, b.cache_write_1h, b.output, 0";

// By account and request, which is the table's own order.
const OF_SESSION: &str = "FROM request q CROSS JOIN account a CROSS JOIN billed b ON b.account = a.id AND b.request = q.id \
                          JOIN record r ON r.id = b.record WHERE q.session = ?1 AND q.at >= ?2 AND q.at < ?3";

/// As `from` selects. If several accounts hold a request, the first one says it.
pub(super) fn billed_of(
    conn: &Connection,
    from: &str,
    params: impl rusqlite::Params,
) -> Result<HashMap<RequestRef, Billed>, Error> {
    let sql = format!("{BILLED} {from} ORDER BY b.account, b.request, b.record");
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query(params)?;
    let mut projects: HashMap<String, Arc<str>> = HashMap::new();
    let mut found: HashMap<RequestRef, (i64, Billed)> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (request, account) = (RequestRef(row.get(0)?), row.get(1)?);
        let adopted: bool = row.get(3)?;
        let usd: i128 = row
            .get_ref(4)?
            .as_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or(Error::Impossible("billed"))?;
        let tokens = requests::tokens_at(row, 5)?;
        let project = project(&mut projects, row.get(2)?);
        let (of, billed) =
            found.entry(request).or_insert_with(|| (account, Billed { project, frozen: None }));
        if *of == account && !adopted {
            let (sum, all) = billed.frozen.unwrap_or((Usd(0), Tokens::default()));
            let mut all = all;
            all.add(&tokens);
            billed.frozen = Some((sum.plus(Usd(usd)), all));
        }
    }
    Ok(found.into_iter().map(|(request, (_, billed))| (request, billed)).collect())
}

pub(super) fn project(known: &mut HashMap<String, Arc<str>>, id: String) -> Arc<str> {
    Arc::clone(known.entry(id).or_insert_with_key(|id| id.as_str().into()))
}

fn spans(conn: &Connection, (from, to): Range) -> Result<Vec<SpanRow>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT session, start, end, kind, dir FROM span WHERE end > ?1 AND start < ?2 ORDER BY session, start",
    )?;
    let rows = select.query_map([from, to], |row| {
        Ok(SpanRow {
            session: SessionRef(row.get(0)?),
            start: row.get(1)?,
            end: row.get(2)?,
            kind: terms::span_of(row.get(3)?),
            dir: row.get::<_, Option<i64>>(4)?.map(DirRef),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Among those that are known to be bare, and those of which nothing was derived yet.
fn idle(conn: &Connection, range: Option<Range>) -> Result<Vec<IdleRow>, Error> {
    let (from, to) = range.unwrap_or((i64::MIN, i64::MAX));
    let mut select = conn.prepare_cached(
        "SELECT s.id, a.at, a.dir FROM (SELECT session AS id FROM bare UNION SELECT id FROM session WHERE dirty = 1) s \
         JOIN activity a ON a.key = (SELECT key FROM activity WHERE session = s.id ORDER BY at, key LIMIT 1) \
         WHERE NOT EXISTS (SELECT 1 FROM span WHERE session = s.id) AND NOT EXISTS (SELECT 1 FROM request WHERE session = s.id) \
         AND a.at >= ?1 AND a.at < ?2 ORDER BY s.id",
    )?;
    let rows = select.query_map([from.saturating_mul(1000), to.saturating_mul(1000)], |row| {
        Ok(IdleRow {
            session: SessionRef(row.get(0)?),
            at: terms::instant(row.get(1)?),
            dir: row.get::<_, Option<i64>>(2)?.map(DirRef),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn pinned(conn: &Connection, only: &str, params: impl rusqlite::Params) -> Result<Vec<PinnedRow>, Error> {
    let mut select = conn.prepare_cached(&format!(
        "SELECT c.session, c.start, c.end, r.project FROM covered c JOIN record r ON r.id = c.record {only} \
         ORDER BY c.session, c.start, c.account"
    ))?;
    let mut rows = select.query(params)?;
    let mut projects: HashMap<String, Arc<str>> = HashMap::new();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(PinnedRow {
            session: SessionRef(row.get(0)?),
            start: row.get(1)?,
            end: row.get(2)?,
            project: project(&mut projects, row.get(3)?),
        });
    }
    Ok(found)
}

/// Over all days: the minimum asks for a session as a whole.
fn agent_seconds(
    conn: &Connection,
    only: &str,
    params: impl rusqlite::Params,
) -> Result<HashMap<SessionRef, u64>, Error> {
    let sql = format!("SELECT session, sum(end - start) FROM span WHERE kind = 0 {only} GROUP BY session");
    let mut select = conn.prepare_cached(&sql)?;
    let rows = select.query_map(params, |row| Ok((SessionRef(row.get(0)?), terms::count(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The names of everything, or of these sessions only.
pub(super) fn names(conn: &Connection, only: Option<&BTreeSet<i64>>) -> Result<Names, Error> {
    let mut names = Names::default();
    let mut agents: HashMap<i64, usize> = HashMap::new();
    let mut select = conn.prepare_cached("SELECT id, name FROM agent ORDER BY name")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        agents.insert(row.get(0)?, names.agents.len());
        names.agents.push(Agent::new(row.get::<_, String>(1)?));
    }
    let mut add = |row: &Row<'_>| -> Result<(), Error> {
        let agent = agents.get(&row.get(1)?).copied().ok_or(Error::Impossible("session"))?;
        names.sessions.insert(SessionRef(row.get(0)?), SessionName { agent, native: row.get(2)? });
        Ok(())
    };
    match only {
        None => {
            let mut select = conn.prepare_cached("SELECT id, agent, native FROM session")?;
            let mut rows = select.query([])?;
            while let Some(row) = rows.next()? {
                add(row)?;
            }
        }
        Some(sessions) => {
            let mut select = conn.prepare_cached("SELECT id, agent, native FROM session WHERE id = ?1")?;
            for session in sessions {
                let mut rows = select.query([session])?;
                if let Some(row) = rows.next()? {
                    add(row)?;
                }
            }
        }
    }
    let mut select = conn.prepare_cached("SELECT id, name FROM model")?;
    let rows = select.query_map([], |row| Ok((ModelRef(row.get(0)?), row.get(1)?)))?;
    names.models = rows.collect::<Result<_, _>>()?;
    let mut select = conn.prepare_cached("SELECT id, path FROM dir")?;
    let rows = select.query_map([], |row| Ok((DirRef(row.get(0)?), row.get(1)?)))?;
    names.dirs = rows.collect::<Result<_, _>>()?;
    Ok(names)
}

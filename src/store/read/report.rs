//! Rows of a report.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, Row};

use super::super::{Error, requests, terms};
use super::Reader;
use crate::model::{Agent, DirRef, ModelRef, Quality, RequestRef, SessionRef, Tokens, Usd};
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
pub(in crate::store) fn rows(conn: &Connection, range: Option<(i64, i64)>) -> Result<Rows, Error> {
    Ok(Rows {
        requests: requests_of(conn, range)?,
        spans: spans(conn, range)?,
        idle: idle(conn, range)?,
        pinned: pinned(conn, range)?,
        agent_seconds: agent_seconds(conn, range)?,
        names: names(conn)?,
    })
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

fn requests_of(conn: &Connection, range: Option<(i64, i64)>) -> Result<Vec<RequestRow>, Error> {
    // By session and instant where there is an index for it: a session's last day is found without reading the others.
    let sql = match range {
        None => format!("SELECT {REQUEST} FROM request q ORDER BY q.id"),
        Some(_) => format!(
            "SELECT {REQUEST} FROM session s CROSS JOIN request q ON q.session = s.id AND q.at >= ?1 AND q.at < ?2"
        ),
    };
    let (from, to) = range.unwrap_or_default();
    let limits = [from.saturating_mul(1000), to.saturating_mul(1000)];
    let providers = providers(conn)?;
    let mut select = conn.prepare_cached(&sql)?;
    let rows = if range.is_some() { select.query(limits)? } else { select.query([])? };
    let mut found: Vec<RequestRow> = rows.mapped(|row| request(row, &providers)).collect::<Result<_, _>>()?;
    let mut billed = billed(conn, range.map(|_| limits))?;
    if !billed.is_empty() {
        for request in &mut found {
            request.billed = billed.remove(&request.id);
        }
    }
    Ok(found)
}

pub(super) fn providers(conn: &Connection) -> Result<HashMap<i64, Arc<str>>, Error> {
    let mut select = conn.prepare_cached("SELECT id, name FROM provider")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

const BILLED: &str = "SELECT b.request, b.account, r.project, r.adopted, b.usd, \
                      b.input, b.cache_read, b.cache_write_5m, b.cache_write_1h, b.output, 0";

/// What records hold of each request of all, or of those between two instants in ms.
fn billed(conn: &Connection, limits: Option<[i64; 2]>) -> Result<HashMap<RequestRef, Billed>, Error> {
    let Some(limits) = limits else {
        let all = "FROM billed b JOIN record r ON r.id = b.record";
        return billed_of(conn, all, []);
    };
    // By account and request, which is the table's own order: what a day holds is found without the years before it.
    let of_days = "FROM session s CROSS JOIN request q ON q.session = s.id AND q.at >= ?1 AND q.at < ?2 \
                   CROSS JOIN account a CROSS JOIN billed b ON b.account = a.id AND b.request = q.id \
                   JOIN record r ON r.id = b.record";
    billed_of(conn, of_days, limits)
}

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

fn spans(conn: &Connection, range: Option<(i64, i64)>) -> Result<Vec<SpanRow>, Error> {
    let (from, to) = range.unwrap_or((i64::MIN, i64::MAX));
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

fn idle(conn: &Connection, range: Option<(i64, i64)>) -> Result<Vec<IdleRow>, Error> {
    let (from, to) = range.unwrap_or((i64::MIN, i64::MAX));
    let mut select = conn.prepare_cached(
        "SELECT s.id, a.at, a.dir FROM session s JOIN activity a ON a.key = \
         (SELECT key FROM activity WHERE session = s.id ORDER BY at, key LIMIT 1) \
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

fn pinned(conn: &Connection, range: Option<(i64, i64)>) -> Result<Vec<PinnedRow>, Error> {
    let (from, to) = range.unwrap_or((i64::MIN, i64::MAX));
    let mut select = conn.prepare_cached(
        "SELECT c.session, c.start, c.end, r.project FROM covered c JOIN record r ON r.id = c.record \
         WHERE c.end > ?1 AND c.start < ?2 ORDER BY c.session, c.start, c.account",
    )?;
    let mut rows = select.query([from, to])?;
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
fn agent_seconds(conn: &Connection, range: Option<(i64, i64)>) -> Result<HashMap<SessionRef, u64>, Error> {
    let (from, to) = range.unwrap_or((i64::MIN, i64::MAX));
    let only = "WHERE kind = 0 AND session IN (SELECT session FROM span WHERE end > ?1 AND start < ?2)";
    let only = if range.is_some() { only } else { "WHERE kind = 0 AND ?1 < ?2" };
    let sql = format!("SELECT session, sum(end - start) FROM span {only} GROUP BY session");
    let mut select = conn.prepare_cached(&sql)?;
    let rows =
        select.query_map([from, to], |row| Ok((SessionRef(row.get(0)?), terms::count(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn names(conn: &Connection) -> Result<Names, Error> {
    let mut names = Names::default();
    let mut agents: HashMap<i64, usize> = HashMap::new();
    let mut select = conn.prepare_cached("SELECT id, name FROM agent ORDER BY name")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        agents.insert(row.get(0)?, names.agents.len());
        names.agents.push(Agent::new(row.get::<_, String>(1)?));
    }
    let mut select = conn.prepare_cached("SELECT id, agent, native FROM session")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let agent = agents.get(&row.get(1)?).copied().ok_or(Error::Impossible("session"))?;
        names.sessions.insert(SessionRef(row.get(0)?), SessionName { agent, native: row.get(2)? });
    }
    let mut select = conn.prepare_cached("SELECT id, name FROM model")?;
    let rows = select.query_map([], |row| Ok((ModelRef(row.get(0)?), row.get(1)?)))?;
    names.models = rows.collect::<Result<_, _>>()?;
    let mut select = conn.prepare_cached("SELECT id, path FROM dir")?;
    let rows = select.query_map([], |row| Ok((DirRef(row.get(0)?), row.get(1)?)))?;
    names.dirs = rows.collect::<Result<_, _>>()?;
    Ok(names)
}

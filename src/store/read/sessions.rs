//! The list of sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, params};

use super::super::views::decode_context;
use super::super::{Error, requests, terms};
use super::Reader;
use crate::model::Tokens;
use crate::report::{SessionLine, SessionList};

impl Reader {
    /// The `limit` sessions whose logs end last, with whole `paths` or only the last segment of their directories.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions(&self, limit: usize, paths: bool) -> Result<SessionList, Error> {
        self.at_once(|conn| {
            let lag = lag(conn)?;
            let mut list = heads(conn, limit)?;
            for (id, line) in &mut list {
                requests_of(conn, *id, line)?;
                time_of(conn, *id, line)?;
                dirs_of(conn, *id, paths, line)?;
                line.lag_bytes =
                    lag.get(&(line.agent.clone(), line.session.clone())).copied().unwrap_or_default();
            }
            let sessions = list.into_iter().map(|(_, line)| line).collect();
            Ok(SessionList { schema_version: 1, sessions })
        })
    }
}

fn heads(conn: &Connection, limit: usize) -> Result<Vec<(i64, SessionLine)>, Error> {
    // Of two maxima of which one can be NULL; a session without facts of its own is left out.
    let mut select = conn.prepare_cached(
        "SELECT id, agent, native, coalesce(min(rf, af), rf, af), coalesce(max(rl, al), rl, al) AS last FROM \
         (SELECT s.id, a.name AS agent, s.native, \
          (SELECT min(at) FROM request WHERE session = s.id) AS rf, (SELECT max(at) FROM request WHERE session = s.id) AS rl, \
          (SELECT min(at) FROM activity WHERE session = s.id) AS af, (SELECT max(at) FROM activity WHERE session = s.id) AS al \
          FROM session s JOIN agent a ON a.id = s.agent) \
         WHERE last IS NOT NULL ORDER BY last DESC, agent, native LIMIT ?1",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = select.query_map([limit], |row| {
        let line = SessionLine {
            agent: row.get(1)?,
            session: row.get(2)?,
            first_at: terms::instant(row.get(3)?).to_string(),
            last_at: terms::instant(row.get(4)?).to_string(),
            requests: 0,
            tokens: Tokens::default().into(),
            agent_seconds: 0,
            human_seconds: 0,
            dropped_seconds: 0,
            models: Vec::new(),
            dirs: Vec::new(),
            paths: None,
            lag_bytes: 0,
        };
        Ok((row.get(0)?, line))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn requests_of(conn: &Connection, session: i64, line: &mut SessionLine) -> Result<(), Error> {
    let mut select = conn.prepare_cached(
        "SELECT sum(input), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h), sum(output), sum(reasoning), \
         count(*), m.name FROM request q JOIN model m ON m.id = q.model WHERE session = ?1 GROUP BY q.model ORDER BY m.name",
    )?;
    let mut rows = select.query([session])?;
    let mut sum = Tokens::default();
    while let Some(row) = rows.next()? {
        sum.add(&requests::tokens_at(row, 0)?);
        line.requests += terms::count(row.get(6)?);
        line.models.push(row.get(7)?);
    }
    line.tokens = sum.into();
    Ok(())
}

fn time_of(conn: &Connection, session: i64, line: &mut SessionLine) -> Result<(), Error> {
    let mut select =
        conn.prepare_cached("SELECT kind, sum(end - start) FROM span WHERE session = ?1 GROUP BY kind")?;
    let mut rows = select.query([session])?;
    while let Some(row) = rows.next()? {
        use crate::ledger::spans::SpanKind;
        let seconds = terms::count(row.get(1)?);
        match terms::span_of(row.get(0)?) {
            SpanKind::Agent => line.agent_seconds = seconds,
            SpanKind::Human => line.human_seconds = seconds,
            SpanKind::Dropped => line.dropped_seconds = seconds,
        }
    }
    Ok(())
}

fn dirs_of(conn: &Connection, session: i64, paths: bool, line: &mut SessionLine) -> Result<(), Error> {
    let mut select = conn.prepare_cached(
        "SELECT path FROM dir WHERE id IN (SELECT dir FROM request WHERE session = ?1 \
         UNION SELECT dir FROM activity WHERE session = ?1) ORDER BY path",
    )?;
    let rows = select.query_map(params![session], |row| row.get::<_, String>(0))?;
    let found: Vec<String> = rows.collect::<Result<_, _>>()?;
    let last = |path: &String| {
        Path::new(path).file_name().map_or_else(|| path.clone(), |name| name.to_string_lossy().into_owned())
    };
    line.dirs = found.iter().map(last).collect::<BTreeSet<_>>().into_iter().collect();
    line.paths = paths.then_some(found);
    Ok(())
}

/// Unread bytes by (agent, session) of the files that have some; the decoder's context knows the session.
fn lag(conn: &Connection) -> Result<BTreeMap<(String, String), u64>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT a.name, f.context, f.size - f.offset FROM file f JOIN agent a ON a.id = f.agent WHERE f.size > f.offset",
    )?;
    let mut rows = select.query([])?;
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let context = decode_context(row.get_ref(1)?.as_blob().unwrap_or_default());
        if let Some(session) = context.claim.session {
            *found.entry((row.get(0)?, session)).or_default() += terms::count(row.get(2)?);
        }
    }
    Ok(found)
}

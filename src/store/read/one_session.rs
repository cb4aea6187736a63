//! All rows of a single session, for a question that is asked every second.

use rusqlite::{Connection, params};

use super::super::{Error, terms};
use super::Reader;
use super::report::{REQUEST, billed_of, names, project, providers, request};
use crate::model::{DirRef, SessionRef};
use crate::report::{PinnedRow, Rows, SpanRow};

impl Reader {
    /// The rows of a report on the session of this id, whatever its agent; none if there is no such session.
    ///
    /// # Errors
    /// As [`Reader::report_rows`].
    pub fn session_rows(&self, native: &str) -> Result<Rows, Error> {
        self.at_once(|conn| {
            // Several agents may have one of this id; there is an index by agent and id.
            let mut select = conn.prepare_cached(
                "SELECT s.id FROM agent a CROSS JOIN session s ON s.agent = a.id AND s.native = ?1 ORDER BY s.id",
            )?;
            let ids = select.query_map([native], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let mut rows = Rows { names: names(conn, Some(&ids))?, ..Rows::default() };
            for id in ids {
                add(conn, id, &mut rows)?;
            }
            Ok(rows)
        })
    }
}

fn add(conn: &Connection, id: i64, rows: &mut Rows) -> Result<(), Error> {
    let providers = providers(conn)?;
    let sql = format!("SELECT {REQUEST} FROM request q WHERE q.session = ?1 ORDER BY q.at");
    let mut select = conn.prepare_cached(&sql)?;
    let mut billed = billed_of(
        conn,
        "FROM request q CROSS JOIN account a CROSS JOIN billed b ON b.account = a.id AND b.request = q.id \
         JOIN record r ON r.id = b.record WHERE q.session = ?1",
        [id],
    )?;
    for found in select.query_map([id], |row| request(row, &providers))? {
        let mut found = found?;
        found.billed = billed.remove(&found.id);
        rows.requests.push(found);
    }
    let mut select =
        conn.prepare_cached("SELECT start, end, kind, dir FROM span WHERE session = ?1 ORDER BY start")?;
    let spans = select.query_map([id], |row| {
        Ok(SpanRow {
            session: SessionRef(id),
            start: row.get(0)?,
            end: row.get(1)?,
            kind: terms::span_of(row.get(2)?),
            dir: row.get::<_, Option<i64>>(3)?.map(DirRef),
        })
    })?;
    for span in spans {
        rows.spans.push(span?);
    }
    let mut select =
        conn.prepare_cached("SELECT sum(end - start) FROM span WHERE session = ?1 AND kind = 0")?;
    let seconds: Option<i64> = select.query_row([id], |row| row.get(0))?;
    rows.agent_seconds.insert(SessionRef(id), terms::count(seconds.unwrap_or_default()));
    let mut select = conn.prepare_cached(
        "SELECT c.start, c.end, r.project FROM covered c JOIN record r ON r.id = c.record \
         WHERE c.session = ?1 ORDER BY c.start, c.account",
    )?;
    let mut projects = std::collections::HashMap::new();
    let mut pinned = select.query(params![id])?;
    while let Some(row) = pinned.next()? {
        rows.pinned.push(PinnedRow {
            session: SessionRef(id),
            start: row.get(0)?,
            end: row.get(1)?,
            project: project(&mut projects, row.get(2)?),
        });
    }
    Ok(())
}

//! Sessions by when they worked.

use rusqlite::params;

use super::{Error, Tx};
use crate::model::{Agent, Instant, SessionRef};

impl Tx<'_> {
    /// Sessions with a request or agent time in `[from, until)`, of one agent or of all, in order.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_between(
        &self,
        (from, until): (Instant, Instant),
        agent: Option<&Agent>,
    ) -> Result<Vec<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT s.id FROM session s JOIN agent a ON a.id = s.agent WHERE (?5 IS NULL OR a.name = ?5) AND ( \
             EXISTS (SELECT 1 FROM request r WHERE r.session = s.id AND r.at >= ?1 AND r.at < ?2) OR \
             EXISTS (SELECT 1 FROM span p WHERE p.session = s.id AND p.kind = 0 AND p.end > ?3 AND p.start < ?4)) \
             ORDER BY s.id",
        )?;
        let seconds = (from.seconds(), until.seconds());
        let of = params![from.millis(), until.millis(), seconds.0, seconds.1, agent.map(Agent::as_str)];
        let rows = select.query_map(of, |row| Ok(SessionRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

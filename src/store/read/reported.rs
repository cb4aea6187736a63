//! Requests whose log names a sum at list prices.

use super::super::{Error, requests, terms};
use super::Reader;
use crate::model::{Instant, Terms, Tokens, Usd};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    /// The agent.
    pub agent: String,
    /// The answering model.
    pub model: String,
    /// Whose price list applies, where the log names it.
    pub provider: Option<String>,
    /// Its instant.
    pub at: Instant,
    /// Its tokens.
    pub tokens: Tokens,
    /// Terms of its price.
    pub terms: Terms,
    /// The agent's own sum.
    pub reported: Usd,
}

impl Reader {
    /// Those since `since`. What the log says was charged is not among them: it is the bill.
    ///
    /// # Errors
    /// Of the database.
    pub fn listed_costs(&self, since: Instant) -> Result<Vec<ListedRow>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT a.name, m.name, p.name, q.at, q.terms, q.reported, q.charged, \
             q.input, q.cache_read, q.cache_write_5m, q.cache_write_1h, q.output, q.reasoning \
             FROM request q JOIN session s ON s.id = q.session JOIN agent a ON a.id = s.agent \
             JOIN model m ON m.id = q.model LEFT JOIN provider p ON p.id = q.provider \
             WHERE q.charged = 0 AND q.at >= ?1",
        )?;
        let rows = select.query_map([since.millis()], |row| {
            Ok(ListedRow {
                agent: row.get(0)?,
                model: row.get(1)?,
                provider: row.get(2)?,
                at: terms::instant(row.get(3)?),
                terms: terms::unpack(row.get(4)?),
                reported: requests::reported_at(row, 5)?.map_or(Usd(0), |reported| reported.usd),
                tokens: requests::tokens_at(row, 7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

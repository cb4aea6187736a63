//! Which tokens of which requests are on records: what adoption looks for and writes.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Error, Tx, requests, terms};
use crate::coverage::Candidate;
use crate::model::{AccountRef, Agent, Instant, RecordRef, RequestRef, SessionRef, Tokens, Usd};

impl Tx<'_> {
    /// Marks tokens of a request as billed by a record, at a frozen price.
    ///
    /// # Errors
    /// Of the database.
    pub fn bill(
        &self,
        account: AccountRef,
        request: RequestRef,
        record: RecordRef,
        tokens: &Tokens,
        usd: Usd,
        price: &str,
    ) -> Result<(), Error> {
        self.touch_stored(request)?;
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO billed (account, request, record, input, cache_read, cache_write_5m, cache_write_1h, output, usd, price) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            )?
            .execute(params![
                account.0,
                request.0,
                record.0,
                terms::int(tokens.input),
                terms::int(tokens.cache_read),
                terms::int(tokens.cache_write_5m),
                terms::int(tokens.cache_write_1h),
                terms::int(tokens.output),
                usd.0.to_string(),
                price
            ])?;
        Ok(())
    }

    /// Nothing is billed by a record any more.
    pub(super) fn unbill(&self, record: RecordRef) -> Result<(), Error> {
        let at = "coalesce((SELECT at FROM request q WHERE q.id = billed.request) / 1000, 0)";
        let delete = format!("DELETE FROM billed WHERE record = ?1 RETURNING {at}, {at}");
        self.touch_returned(&delete, [record.0])
    }

    /// Requests of an agent and model that no record holds, and of which a copy is inside `[first, last]`: the record may
    /// have been sent before an earlier copy was known.
    ///
    /// # Errors
    /// Of the database.
    pub fn candidates(
        &self,
        account: AccountRef,
        agent: &Agent,
        model: &str,
        range: (Instant, Instant),
    ) -> Result<Vec<Candidate>, Error> {
        self.requests_like(account, agent, model, range, "NOT EXISTS")
    }

    /// Requests of an agent and model that a record holds, and of which a copy is inside `[first, last]`.
    ///
    /// # Errors
    /// Of the database.
    pub fn billed_candidates(
        &self,
        account: AccountRef,
        agent: &Agent,
        model: &str,
        range: (Instant, Instant),
    ) -> Result<Vec<Candidate>, Error> {
        self.requests_like(account, agent, model, range, "EXISTS")
    }

    /// What the requests of an agent and model have, of which a copy is inside `[first, last]`, with all their keys.
    ///
    /// # Errors
    /// Of the database.
    pub fn finals(
        &self,
        account: AccountRef,
        agent: &Agent,
        model: &str,
        range: (Instant, Instant),
    ) -> Result<Vec<Candidate>, Error> {
        requests_like(self.conn, (account, agent, model), range, "?1 IS NOT NULL")
    }

    fn requests_like(
        &self,
        account: AccountRef,
        agent: &Agent,
        model: &str,
        range: (Instant, Instant),
        billed: &str,
    ) -> Result<Vec<Candidate>, Error> {
        let only = format!("{billed} (SELECT 1 FROM billed b WHERE b.account = ?1 AND b.request = q.id)");
        requests_like(self.conn, (account, agent, model), range, &only)
    }

    /// Whether a request billed by a record has another copy inside `[first, last]`.
    ///
    /// # Errors
    /// Of the database.
    pub fn bills_copy_within(
        &self,
        record: RecordRef,
        (first, last): (Instant, Instant),
    ) -> Result<bool, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT 1 FROM billed b JOIN copy c ON c.request = b.request WHERE b.record = ?1 AND c.at BETWEEN ?2 AND ?3",
        )?;
        Ok(select.exists(params![record.0, first.millis(), last.millis()])?)
    }

    /// Requests billed by a record.
    ///
    /// # Errors
    /// Of the database.
    pub fn billed_by(&self, record: RecordRef) -> Result<Vec<RequestRef>, Error> {
        let mut select = self.conn.prepare_cached("SELECT request FROM billed WHERE record = ?1")?;
        let rows = select.query_map([record.0], |row| Ok(RequestRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The other requests of the records that hold a request.
    ///
    /// # Errors
    /// Of the database.
    pub fn billed_together(
        &self,
        account: AccountRef,
        request: RequestRef,
    ) -> Result<Vec<RequestRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT DISTINCT b.request FROM billed a JOIN billed b ON b.record = a.record \
             WHERE a.account = ?1 AND a.request = ?2 AND b.request <> ?2 ORDER BY b.request",
        )?;
        let rows = select.query_map([account.0, request.0], |row| Ok(RequestRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The tokens of a request; `None` if it is gone.
    ///
    /// # Errors
    /// Of the database.
    pub fn tokens_of(&self, request: RequestRef) -> Result<Option<Tokens>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT input, cache_read, cache_write_5m, cache_write_1h, output, reasoning FROM request WHERE id = ?1",
        )?;
        Ok(select.query_row([request.0], |row| requests::tokens_at(row, 0)).optional()?)
    }

    /// What a request has beyond what records hold of it; `None` if it is gone.
    ///
    /// # Errors
    /// Of the database.
    pub fn unbilled_of(&self, account: AccountRef, request: RequestRef) -> Result<Option<Tokens>, Error> {
        let Some(whole) = self.tokens_of(request)? else { return Ok(None) };
        Ok(Some(whole.beyond(&self.billed_tokens(Some(account), request)?)))
    }

    /// What records hold of a request beyond what it has here: its log is not read to its end, or another's share.
    ///
    /// # Errors
    /// Of the database.
    pub fn overbilled_of(&self, account: AccountRef, request: RequestRef) -> Result<Tokens, Error> {
        let whole = self.tokens_of(request)?.unwrap_or_default();
        Ok(self.billed_tokens(Some(account), request)?.beyond(&whole))
    }

    /// What one record holds of a request.
    ///
    /// # Errors
    /// Of the database.
    pub fn billed_on(
        &self,
        account: AccountRef,
        request: RequestRef,
        record: RecordRef,
    ) -> Result<Tokens, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT input, cache_read, cache_write_5m, cache_write_1h, output, 0 FROM billed \
             WHERE account = ?1 AND request = ?2 AND record = ?3",
        )?;
        let found = select.query_row([account.0, request.0, record.0], |row| requests::tokens_at(row, 0));
        Ok(found.optional()?.unwrap_or_default())
    }

    /// Has what is due of a request's session computed again.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck_owner(&self, request: RequestRef) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE session SET recheck = 1 WHERE id = (SELECT session FROM request WHERE id = ?1)",
            )?
            .execute([request.0])?;
        Ok(())
    }
}

fn requests_like(
    conn: &Connection,
    (account, agent, model): (AccountRef, &Agent, &str),
    (first, last): (Instant, Instant),
    only: &str,
) -> Result<Vec<Candidate>, Error> {
    // CROSS JOIN: without it all requests of the agent are looked through, and this is asked for every record found.
    let mut select = conn.prepare_cached(&format!(
        "WITH near (id) AS ( \
           SELECT q.id FROM agent a JOIN session s ON s.agent = a.id JOIN request q ON q.session = s.id \
           WHERE a.name = ?2 AND q.at BETWEEN ?4 AND ?5 \
           UNION SELECT request FROM copy WHERE at BETWEEN ?4 AND ?5) \
         SELECT q.id, q.session, q.key, q.shared, q.input, q.cache_read, q.cache_write_5m, q.cache_write_1h, q.output, q.reasoning \
         FROM near CROSS JOIN request q ON q.id = near.id JOIN session s ON s.id = q.session JOIN agent a ON a.id = s.agent \
         JOIN model m ON m.id = q.model WHERE a.name = ?2 AND m.name = ?3 \
         AND {only} ORDER BY q.at, q.id"
    ))?;
    let rows = select.query_map(
        params![account.0, agent.as_str(), model, first.millis(), last.millis()],
        |row| {
            let key = requests::key_of(row.get_ref(2)?.as_blob()?);
            let candidate = Candidate {
                id: RequestRef(row.get(0)?),
                session: SessionRef(row.get(1)?),
                keys: vec![key],
                tokens: requests::tokens_at(row, 4)?,
                price_row: String::new(),
            };
            Ok((candidate, row.get::<_, bool>(3)?))
        },
    )?;
    let mut found = Vec::new();
    for row in rows {
        let (mut candidate, shared) = row?;
        if shared {
            let mut aliases = conn.prepare_cached("SELECT DISTINCT key FROM copy WHERE request = ?1")?;
            for key in
                aliases.query_map([candidate.id.0], |row| Ok(requests::key_of(row.get_ref(0)?.as_blob()?)))?
            {
                candidate.keys.push(key?);
            }
            candidate.keys.sort_unstable();
            candidate.keys.dedup();
        }
        found.push(candidate);
    }
    Ok(found)
}

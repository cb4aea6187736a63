//! Our side of an audit.

use rusqlite::params;

use super::{Error, Tx, terms};
use crate::coverage::audit::Own;
use crate::ledger::stretches::Stretch;
use crate::model::{AccountRef, Amount, Day, Instant, KeitodId, Kind, RemoteId, Tokens, UserId};

/// Where the outcome of an account's last audit stands in `meta`.
#[must_use]
pub fn audit_key(account: AccountRef) -> String {
    format!("audit of account {}", account.0)
}

/// Where an account's projects stand in `meta`, as they were listed last: when (Unix ms) and what.
#[must_use]
pub fn books_key(account: AccountRef) -> String {
    format!("projects of account {}", account.0)
}

impl Tx<'_> {
    /// Records of a kind on days from `from` to `to`, and those with `ids` on any day; the Keito skill's are its own.
    /// Whatever was answered or listed before `settled` must be listed now.
    ///
    /// # Errors
    /// Of the database.
    pub fn audited(
        &self,
        account: AccountRef,
        kind: Kind,
        (from, to): (Day, Day),
        ids: &[&str],
        settled: Instant,
    ) -> Result<Vec<Own>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT r.keitod_id, r.remote, r.day, r.project, r.amount, r.ours, r.state, r.assumed, r.answered_at, r.adopted, \
             sum(b.input), sum(b.cache_read), sum(b.cache_write_5m), sum(b.cache_write_1h), sum(b.output), \
             EXISTS (SELECT 1 FROM unproven u WHERE u.record = r.id), count(b.request) \
             FROM record r LEFT JOIN billed b ON b.record = r.id \
             WHERE r.account = ?1 AND r.kind = ?2 AND (r.day BETWEEN ?3 AND ?4 OR r.keitod_id IN (SELECT value FROM json_each(?5))) AND r.keitod_id NOT LIKE 'skill:%' \
             GROUP BY r.id ORDER BY r.id",
        )?;
        let rows = select.query_map(
            params![account.0, terms::kind(kind), from.to_string(), to.to_string(), json_of(ids)],
            |row| {
                let (ours, state): (String, i64) = (row.get(5)?, row.get(6)?);
                let answered: Option<i64> = row.get(8)?;
                let adopted: bool = row.get(9)?;
                let count =
                    |index| row.get::<_, Option<i64>>(index).map(|count| terms::count(count.unwrap_or(0)));
                let tokens = Tokens {
                    input: count(10)?,
                    cache_read: count(11)?,
                    cache_write_5m: count(12)?,
                    cache_write_1h: count(13)?,
                    output: count(14)?,
                    reasoning: 0,
                };
                let whole = kind == Kind::Expense && !adopted && count(16)? > 0;
                Ok(Own {
                    keitod_id: KeitodId::new(row.get::<_, String>(0)?),
                    kind,
                    remote: row.get::<_, Option<String>>(1)?.map(RemoteId::new),
                    day: row.get::<_, String>(2)?.parse().unwrap_or_default(),
                    project: row.get(3)?,
                    amount: row.get::<_, Option<String>>(4)?.and_then(|text| Amount::parse(&text)),
                    ours: ours.split(',').filter_map(pair).collect(),
                    tokens: whole.then_some(tokens),
                    expected: answered.is_some_and(|at| terms::instant(at) <= settled),
                    deleted: state == 2,
                    closed: state == 1,
                    assumed: row.get(7)?,
                    unproven: row.get(15)?,
                })
            },
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The first and the last day with a record.
    ///
    /// # Errors
    /// Of the database.
    pub fn days_of_records(&self, account: AccountRef) -> Result<Option<(Day, Day)>, Error> {
        let mut select =
            self.conn.prepare_cached("SELECT min(day), max(day) FROM record WHERE account = ?1")?;
        let (first, last): (Option<String>, Option<String>) =
            select.query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let day = |text: Option<String>| text.and_then(|text| text.parse().ok());
        Ok(day(first).zip(day(last)))
    }

    /// Whether a record of these days was last listed as another user's: it is not in a listing of `user` alone.
    ///
    /// # Errors
    /// Of the database.
    pub fn has_other_owner(
        &self,
        account: AccountRef,
        user: &UserId,
        (from, to): (Day, Day),
    ) -> Result<bool, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM record WHERE account = ?1 AND owner <> ?2 AND day BETWEEN ?3 AND ?4)",
        )?;
        Ok(select.query_row(params![account.0, user.as_str(), from.to_string(), to.to_string()], |row| {
            row.get(0)
        })?)
    }

    /// Agent time of a session, subagents' included, in Unix seconds.
    ///
    /// # Errors
    /// Of the database.
    pub fn counted_of(&self, agent: &str, native: &str) -> Result<Vec<Stretch>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT p.start, p.end FROM span p JOIN session s ON s.id = p.session JOIN agent a ON a.id = s.agent \
             WHERE a.name = ?1 AND s.native = ?2 AND p.kind = 0",
        )?;
        let rows = select.query_map([agent, native], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn json_of(ids: &[&str]) -> String {
    serde_json::Value::from(ids.to_vec()).to_string()
}

fn pair(text: &str) -> Option<(Amount, u64)> {
    let (hours, seconds) = text.split_once('|')?;
    Some((Amount::parse(hours)?, seconds.parse().ok()?))
}

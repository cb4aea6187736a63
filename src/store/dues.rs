//! What is on no record yet, per session: derived, for status and queue.

use rusqlite::params;

use super::{Error, Tx, terms};
use crate::ledger::due::{Sheet, Waiting};
use crate::ledger::held::Held;
use crate::model::{Instant, SessionRef};

/// A row of work that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueRow {
    /// Whose it is.
    pub session: SessionRef,
    /// Expense or entry.
    pub expense: bool,
    /// Local day.
    pub day: String,
    /// Project; empty without a link.
    pub project: String,
    /// Task; empty without a link.
    pub task: String,
    /// Model of an expense.
    pub model: String,
    /// Reason code; empty: open; `excluded`: never sent.
    pub reason: String,
    /// Seconds.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Their tokens, of all classes.
    pub tokens: u64,
    /// Exact cost where there is a price, in pico-USD.
    pub usd: Option<i128>,
}

impl DueRow {
    /// Whether a person may let it go: work for review, and time that he has not found at Keito. Of unproven requests it
    /// would have to be said which.
    #[must_use]
    pub fn waits_for_a_person(&self) -> bool {
        self.reason == Held::Review.code() || (self.reason == Held::Unproven.code() && !self.expense)
    }
}

impl Tx<'_> {
    /// Replaces what is known to wait of a session and notes when to look again.
    ///
    /// # Errors
    /// Of the database.
    pub fn save_sheet(
        &self,
        session: SessionRef,
        sheet: &Sheet,
        ready_at: Option<Instant>,
    ) -> Result<(), Error> {
        self.conn.prepare_cached("DELETE FROM due WHERE session = ?1")?.execute([session.0])?;
        let mut insert = self.conn.prepare_cached(
            "INSERT INTO due (session, kind, day, project, task, model, reason, seconds, requests, usd, tokens) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        for ((expense, day, link, model, waiting), sum) in &sheet.waiting {
            let reason = match waiting {
                Waiting::Open => "",
                Waiting::Held(held) => held.code(),
                Waiting::Excluded => "excluded",
            };
            insert.execute(params![
                session.0,
                i64::from(*expense),
                day.to_string(),
                link.as_ref().map_or("", |link| link.project.as_str()),
                link.as_ref().map_or("", |link| link.task.as_str()),
                &**model,
                reason,
                terms::int(sum.seconds),
                terms::int(sum.requests),
                sum.usd.map(|usd| usd.0.to_string()),
                terms::int(sum.items.iter().map(|item| item.tokens.total()).sum())
            ])?;
        }
        self.conn
            .prepare_cached("UPDATE session SET recheck = 0, ready_at = ?2 WHERE id = ?1")?
            .execute(params![session.0, ready_at.map(Instant::millis)])?;
        Ok(())
    }

    /// Sessions to compute again: changed ones, and those with something ready by `now`.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_to_check(&self, now: Instant, limit: usize) -> Result<Vec<SessionRef>, Error> {
        self.session_list(&format!(
            "SELECT id FROM session WHERE recheck = 1 UNION SELECT id FROM session WHERE ready_at <= {} LIMIT {limit}",
            now.millis()
        ))
    }

    /// As [`Tx::sessions_to_check`], those with the earlier first event first: what is due of them is known then to those
    /// that share their time.
    ///
    /// # Errors
    /// Of the database.
    pub fn sessions_to_check_by_rank(&self, now: Instant, limit: usize) -> Result<Vec<SessionRef>, Error> {
        self.session_list(&format!(
            "SELECT id FROM session s WHERE recheck = 1 OR ready_at <= {} \
             ORDER BY (SELECT min(at) FROM activity WHERE session = s.id), native LIMIT {limit}",
            now.millis()
        ))
    }

    /// The next instant at which a session wants to be sealed.
    ///
    /// # Errors
    /// Of the database.
    pub fn next_ready(&self) -> Result<Option<Instant>, Error> {
        let at: Option<i64> = self.conn.query_row(
            "SELECT min(ready_at) FROM session WHERE ready_at IS NOT NULL",
            [],
            |row| row.get(0),
        )?;
        Ok(at.map(terms::instant))
    }

    /// Whether something is due that no record holds and nothing holds up.
    ///
    /// # Errors
    /// Of the database.
    pub fn has_open_work(&self) -> Result<bool, Error> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM due WHERE reason = '' LIMIT 1")?.exists([])?)
    }

    /// Directories of sessions with work on no record yet.
    ///
    /// # Errors
    /// Of the database.
    pub fn waiting_dirs(&self) -> Result<Vec<crate::model::DirRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT DISTINCT dir FROM (SELECT dir FROM span WHERE session IN (SELECT session FROM due) \
             UNION SELECT dir FROM request WHERE session IN (SELECT session FROM due)) WHERE dir IS NOT NULL",
        )?;
        let rows = select.query_map([], |row| Ok(crate::model::DirRef(row.get(0)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Has the sessions with work on no record yet computed again.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck_waiting(&self) -> Result<(), Error> {
        self.conn.execute("UPDATE session SET recheck = 1 WHERE id IN (SELECT session FROM due)", [])?;
        Ok(())
    }

    /// Has every session computed again: mapping, prices, zone or account changed.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck_all(&self) -> Result<(), Error> {
        self.conn.execute("UPDATE session SET recheck = 1 WHERE recheck = 0", [])?;
        Ok(())
    }

    /// All that waits.
    ///
    /// # Errors
    /// Of the database.
    pub fn dues(&self) -> Result<Vec<DueRow>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT session, kind, day, project, task, model, reason, seconds, requests, usd, tokens FROM due ORDER BY day, session",
        )?;
        let rows = select.query_map([], |row| {
            Ok(DueRow {
                session: SessionRef(row.get(0)?),
                expense: row.get(1)?,
                day: row.get(2)?,
                project: row.get(3)?,
                task: row.get(4)?,
                model: row.get(5)?,
                reason: row.get(6)?,
                seconds: terms::count(row.get(7)?),
                requests: terms::count(row.get(8)?),
                tokens: terms::count(row.get(10)?),
                usd: row.get::<_, Option<String>>(9)?.and_then(|text| text.parse().ok()),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

//! Stored instants after a step of the wall clock.

use rusqlite::params;

use super::{Error, Tx};
use crate::model::{AccountRef, Instant};

/// The key in `meta` of how far the wall clock is from the steady one.
const BASE: &str = "clock";

/// What was stored longer ago than this is history: it is shown, and nothing waits for it.
const HISTORY_MS: i64 = 24 * 3600 * 1000;

impl Tx<'_> {
    /// How far the wall clock was from the steady one when instants were stored: the text form of `deliver::Base`.
    ///
    /// # Errors
    /// Of the database.
    pub fn clock_base(&self) -> Result<Option<String>, Error> {
        self.meta(BASE)
    }

    /// Stores that.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_clock_base(&self, text: &str) -> Result<(), Error> {
        self.set_meta(BASE, text)
    }

    /// Moves what may still be waited for by `by` milliseconds. `before`: the instant of now as it was before the step.
    ///
    /// # Errors
    /// Of the database.
    pub fn move_instants(&self, by: i64, before: Instant) -> Result<(), Error> {
        let recent = before.millis().saturating_sub(HISTORY_MS);
        self.conn.execute(
            "UPDATE write SET sealed_at = sealed_at + ?1, next_at = next_at + ?1, sent_at = sent_at + ?1, \
             ended_at = ended_at + ?1, absent_at = absent_at + ?1, done_at = done_at + ?1 \
             WHERE state < 5 OR max(sealed_at, coalesce(ended_at, 0), coalesce(done_at, 0)) > ?2",
            params![by, recent],
        )?;
        self.conn.execute(
            "UPDATE record SET answered_at = answered_at + ?1, listed_at = listed_at + ?1, missing_at = missing_at + ?1 \
             WHERE answered_at > ?2 OR listed_at > ?2 OR missing_at > ?2",
            params![by, recent],
        )?;
        self.conn.execute(
            "UPDATE account SET me_at = me_at + ?1, category_looked_at = category_looked_at + ?1, \
             second_listing_at = second_listing_at + ?1",
            [by],
        )?;
        Ok(())
    }

    /// The time since the instants were stored is unknown: nothing waits longer than until `latest`, and a grace time that
    /// was running begins again. Returns how many instants were later than they can be.
    ///
    /// # Errors
    /// Of the database.
    pub fn clamp_instants(&self, now: Instant, latest: Instant) -> Result<usize, Error> {
        let (now, latest) = (now.millis(), latest.millis());
        self.conn.execute("UPDATE write SET ended_at = ?1, absent_at = NULL WHERE state = 2", [now])?;
        let mut late = self.conn.execute(
            "UPDATE write SET sealed_at = min(sealed_at, ?1), next_at = min(next_at, ?2), sent_at = min(sent_at, ?1), \
             ended_at = min(ended_at, ?1), done_at = min(done_at, ?1) \
             WHERE next_at > ?2 OR max(sealed_at, coalesce(ended_at, 0), coalesce(done_at, 0)) > ?1",
            [now, latest],
        )?;
        // A record that one reading lacked may have lacked it a moment ago.
        self.conn.execute("UPDATE record SET missing_at = NULL WHERE missing_at IS NOT NULL", [])?;
        late += self.conn.execute(
            "UPDATE record SET answered_at = min(answered_at, ?1), listed_at = min(listed_at, ?1) \
             WHERE answered_at > ?1 OR listed_at > ?1",
            [now],
        )?;
        late += self.conn.execute(
            "UPDATE account SET me_at = min(me_at, ?1), category_looked_at = min(category_looked_at, ?1), \
             second_listing_at = min(second_listing_at, ?2) \
             WHERE me_at > ?1 OR category_looked_at > ?1 OR second_listing_at > ?2",
            [now, latest],
        )?;
        Ok(late)
    }

    /// The state of each account's line.
    ///
    /// # Errors
    /// Of the database.
    pub fn desks(&self) -> Result<Vec<(AccountRef, String)>, Error> {
        let mut select = self.conn.prepare_cached("SELECT id, desk FROM account WHERE desk IS NOT NULL")?;
        let rows = select.query_map([], |row| Ok((AccountRef(row.get(0)?), row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stores the state of an account's line.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_desk(&self, account: AccountRef, desk: &str) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE account SET desk = ?2 WHERE id = ?1")?
            .execute(params![account.0, desk])?;
        Ok(())
    }

    /// The row of an account in force, as it is now.
    ///
    /// # Errors
    /// Of the database.
    pub fn account_instants(&self, account: AccountRef) -> Result<[Option<Instant>; 3], Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT me_at, category_looked_at, second_listing_at FROM account WHERE id = ?1",
        )?;
        Ok(select.query_row([account.0], |row| {
            let at = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(super::terms::instant));
            Ok([at(0)?, at(1)?, at(2)?])
        })?)
    }

    /// The first activity or request of each session that lies after `horizon`.
    ///
    /// # Errors
    /// Of the database.
    pub fn ahead(&self, horizon: Instant) -> Result<Vec<(crate::model::SessionRef, Instant)>, Error> {
        // One look into an index a session; a scan of all facts would cost seconds.
        let mut select = self.conn.prepare(
            "SELECT id, first FROM (SELECT id, min(\
               coalesce((SELECT min(at) FROM activity WHERE session = s.id AND at > ?1), 9223372036854775807), \
               coalesce((SELECT min(at) FROM request WHERE session = s.id AND at > ?1), 9223372036854775807)) AS first \
             FROM session AS s) WHERE first < 9223372036854775807",
        )?;
        let rows = select.query_map([horizon.millis()], |row| {
            Ok((crate::model::SessionRef(row.get(0)?), super::terms::instant(row.get(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Of one session: its first fact after `horizon`, and how many there are.
    ///
    /// # Errors
    /// Of the database.
    pub fn ahead_of(
        &self,
        session: crate::model::SessionRef,
        horizon: Instant,
    ) -> Result<Option<(Instant, u64)>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT min(at), count(*) FROM (SELECT at FROM activity WHERE session = ?1 AND at > ?2 \
             UNION ALL SELECT at FROM request WHERE session = ?1 AND at > ?2)",
        )?;
        Ok(select.query_row(params![session.0, horizon.millis()], |row| {
            let first: Option<i64> = row.get(0)?;
            let count = super::terms::count(row.get(1)?);
            Ok(first.map(|first| (super::terms::instant(first), count)))
        })?)
    }

    /// Has the time of all sessions computed again whose last activity is on no span: it lay in the future then.
    ///
    /// # Errors
    /// Of the database.
    pub fn look_again_at_the_uncounted(&self) -> Result<(), Error> {
        // The last span is the one that begins last: they do not overlap.
        self.conn.execute(
            "UPDATE session AS s SET dirty = 1, recheck = 1 WHERE dirty = 0 \
             AND (SELECT max(at) FROM activity WHERE session = s.id) >= 1000 + 1000 * \
               coalesce((SELECT end FROM span WHERE session = s.id ORDER BY start DESC LIMIT 1), 0) \
             AND (SELECT max(at) FROM activity WHERE session = s.id) / 1000 \
               > (SELECT min(at) FROM activity WHERE session = s.id) / 1000",
            [],
        )?;
        Ok(())
    }

    /// Has a session's time and dues computed again.
    ///
    /// # Errors
    /// Of the database.
    pub fn look_again(&self, session: crate::model::SessionRef) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE session SET dirty = 1, recheck = 1 WHERE id = ?1")?
            .execute([session.0])?;
        Ok(())
    }
}

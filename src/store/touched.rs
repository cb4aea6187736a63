//! Days whose facts a transaction changed: what was kept of them for reports does not hold any more. Every change of what
//! a report of a day is made from passes here, and is written with it.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{Error, Tx};
use crate::model::{Instant, RequestRef, SessionRef};

/// Milliseconds of a UTC day.
pub(super) const DAY_MS: i64 = 86_400_000;
/// Seconds of a UTC day.
pub(super) const DAY: i64 = 86_400;
/// The row that counts changes; no day has this number.
pub(super) const COUNTER: i64 = i64::MIN;

/// UTC days, as days since 1970.
#[derive(Debug, Default)]
pub(super) struct Touched {
    days: BTreeSet<i64>,
    worked: BTreeSet<(i64, i64)>,
}

impl Tx<'_> {
    /// A fact of that instant came, went or changed.
    pub(super) fn touch(&self, at: Instant) {
        self.touched.borrow_mut().days.insert(at.millis().div_euclid(DAY_MS));
    }

    /// Something changed about these Unix seconds.
    pub(super) fn touch_stretch(&self, start: i64, end: i64) {
        self.touched.borrow_mut().days.extend(start.div_euclid(DAY)..=end.div_euclid(DAY));
    }

    /// A session has a request at that instant.
    pub(super) fn touch_request(&self, session: SessionRef, at: Instant) {
        let day = at.millis().div_euclid(DAY_MS);
        let mut touched = self.touched.borrow_mut();
        touched.days.insert(day);
        touched.worked.insert((day, session.0));
    }

    /// Something changed about a request that is stored.
    pub(super) fn touch_stored(&self, request: RequestRef) -> Result<(), Error> {
        let mut select = self.conn.prepare_cached("SELECT at FROM request WHERE id = ?1")?;
        for at in select.query_map([request.0], |row| row.get(0))? {
            self.touch(Instant::from_millis(at?));
        }
        Ok(())
    }

    /// Runs a statement that returns the stretches which it took away.
    pub(super) fn touch_returned(&self, sql: &str, params: impl rusqlite::Params) -> Result<(), Error> {
        let mut delete = self.conn.prepare_cached(sql)?;
        for stretch in delete.query_map(params, |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (start, end) = stretch?;
            self.touch_stretch(start, end);
        }
        Ok(())
    }

    /// Writes down what was touched, with the changes themselves.
    pub(super) fn note_touched(&self) -> Result<(), Error> {
        let Touched { days, worked } = std::mem::take(&mut *self.touched.borrow_mut());
        if days.is_empty() {
            return Ok(());
        }
        let mut count = self.conn.prepare_cached(
            "INSERT INTO touched (day, number) VALUES (?1, 1) ON CONFLICT DO UPDATE SET number = number + 1 RETURNING number",
        )?;
        let number: i64 = count.query_row([COUNTER], |row| row.get(0))?;
        let mut insert =
            self.conn.prepare_cached("INSERT OR REPLACE INTO touched (day, number) VALUES (?1, ?2)")?;
        for day in days {
            insert.execute(params![day, number])?;
        }
        let mut insert =
            self.conn.prepare_cached("INSERT OR IGNORE INTO worked (day, session) VALUES (?1, ?2)")?;
        for (day, session) in worked {
            insert.execute([day, session])?;
        }
        Ok(())
    }
}

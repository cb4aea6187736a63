//! Days of a report: kept ones, and the rows of those that changed since.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::super::kept::{self, Changes};
use super::super::touched::{DAY, DAY_MS};
use super::super::{Error, Tx};
use super::Reader;
use super::report::{Around, names, within};
use crate::ledger::days::Calendar;
use crate::model::Day;
use crate::report::{Filter, KeptDay, Rows};

/// What a report by day, agent and model is made of.
#[derive(Debug, Default)]
pub struct Days {
    /// Days that are taken as they were kept.
    pub kept: Vec<KeptDay>,
    /// Rows of the others; the names at least.
    pub rows: Rows,
    /// The days of the rows; `None`: there are none.
    pub filter: Option<Filter>,
}

/// Days that have to be made anew.
#[derive(Debug, PartialEq, Eq)]
pub struct Stale {
    /// Whatever is kept was made from something else.
    pub all: bool,
    /// The days; with `all` those in which anything can have happened.
    pub days: BTreeSet<Day>,
    /// The changes that make them so.
    pub changes: Changes,
    /// Something was not derived yet from facts that came: nothing can be kept of it.
    pub unsettled: bool,
}

impl Reader {
    /// The days of `filter`, as far as possible from what was kept under `made_from`.
    ///
    /// # Errors
    /// As [`Reader::report_rows`].
    pub fn report_days(&self, filter: Filter, calendar: &Calendar, made_from: &str) -> Result<Days, Error> {
        self.at_once(|conn| report_days(conn, filter, calendar, made_from))
    }

    /// What is to be kept anew; `None`: nothing.
    ///
    /// # Errors
    /// Of the database.
    pub fn stale(&self, calendar: &Calendar, made_from: &str) -> Result<Option<Stale>, Error> {
        self.at_once(|conn| stale(conn, calendar, made_from))
    }

    /// The rows of a day, without what only a mapping asks for.
    ///
    /// # Errors
    /// As [`Reader::report_rows`].
    pub fn day_rows(&self, day: Day, calendar: &Calendar) -> Result<Rows, Error> {
        self.at_once(|conn| day_rows(conn, day, calendar))
    }

    /// Whether a repository has limits of its own: then its time counts by what it is mapped to.
    ///
    /// # Errors
    /// Of the database.
    pub fn has_own_limits(&self) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM dir WHERE facts LIKE '%_duration_seconds%' LIMIT 1";
        Ok(self.conn.prepare_cached(sql)?.exists([])?)
    }
}

impl Tx<'_> {
    /// As [`Reader::report_days`], in a transaction under way.
    ///
    /// # Errors
    /// As [`Reader::report_rows`].
    pub fn report_days(&self, filter: Filter, calendar: &Calendar, made_from: &str) -> Result<Days, Error> {
        report_days(self.conn, filter, calendar, made_from)
    }

    /// As [`Reader::stale`].
    ///
    /// # Errors
    /// Of the database.
    pub fn stale(&self, calendar: &Calendar, made_from: &str) -> Result<Option<Stale>, Error> {
        stale(self.conn, calendar, made_from)
    }

    /// As [`Reader::day_rows`].
    ///
    /// # Errors
    /// As [`Reader::report_rows`].
    pub fn day_rows(&self, day: Day, calendar: &Calendar) -> Result<Rows, Error> {
        day_rows(self.conn, day, calendar)
    }
}

fn day_rows(conn: &Connection, day: Day, calendar: &Calendar) -> Result<Rows, Error> {
    let range = Filter::only(day).range(calendar).ok_or(Error::Impossible("day"))?;
    within(conn, range, Around::Unasked)
}

fn report_days(
    conn: &Connection,
    filter: Filter,
    calendar: &Calendar,
    made_from: &str,
) -> Result<Days, Error> {
    let of_rows = match stale(conn, calendar, made_from)? {
        None => None,
        Some(Stale { all: true, .. }) => Some(filter),
        Some(Stale { days, .. }) => Option::zip(days.first(), days.last()).and_then(|(first, last)| {
            let from = filter.from.map_or(*first, |from| from.max(*first));
            let to = filter.to.map_or(*last, |to| to.min(*last));
            (from <= to).then_some(Filter { from: Some(from), to: Some(to) })
        }),
    };
    let rows = match of_rows {
        None => Rows { names: names(conn, Some(&BTreeSet::new()))?, ..Rows::default() },
        Some(of_rows) => match of_rows.range(calendar) {
            None => super::report::rows(conn, None)?,
            Some(range) => within(conn, range, Around::Unasked)?,
        },
    };
    let kept = if of_rows == Some(filter) {
        Vec::new()
    } else {
        let wanted = |day: Day| filter.holds(day) && !of_rows.is_some_and(|rows| rows.holds(day));
        kept::days(conn, wanted)?
    };
    Ok(Days { kept, rows, filter: of_rows })
}

fn stale(conn: &Connection, calendar: &Calendar, made_from: &str) -> Result<Option<Stale>, Error> {
    let changes = kept::changes(conn)?;
    let unsettled = conn.prepare_cached("SELECT 1 FROM session WHERE dirty = 1 LIMIT 1")?.exists([])?;
    let mut touched: BTreeSet<i64> = changes.iter().map(|(day, _)| *day).collect();
    // Sessions of which nothing was derived yet since they changed; those that are kept are settled, or bare.
    let mut select = conn.prepare_cached(
        "SELECT start / ?1, end / ?1 FROM session s JOIN span p ON p.session = s.id WHERE s.dirty = 1 UNION \
         SELECT at / ?2, at / ?2 FROM session s JOIN bare b ON b.session = s.id WHERE s.dirty = 1 UNION \
         SELECT at / ?2, at / ?2 FROM session s JOIN activity a ON a.key = \
         (SELECT key FROM activity WHERE session = s.id ORDER BY at, key LIMIT 1) \
         WHERE s.dirty = 1 AND NOT EXISTS (SELECT 1 FROM span WHERE session = s.id)",
    )?;
    for found in select.query_map([DAY, DAY_MS], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (first, last): (i64, i64) = found?;
        touched.extend(first..=last);
    }
    let start = |day: &i64| day.saturating_mul(DAY);
    let local = touched.iter().flat_map(|day| calendar.split(start(day), start(day).saturating_add(DAY)));
    let mut days: BTreeSet<Day> = local.map(|(day, ..)| day).collect();
    let all = kept::made_from(conn)?.as_deref() != Some(made_from);
    if all {
        // Their days may be those of another zone.
        let near = |day: Day| [day.yesterday().ok(), Some(day), day.tomorrow().ok()];
        days.extend(kept::known(conn)?.into_iter().flat_map(near).flatten());
    }
    Ok((all || !days.is_empty()).then_some(Stale { all, days, changes, unsettled }))
}

//! The cut-off of a machine that has lost its state and its decisions: what Keito still lists of it says how far back it
//! billed. Nothing is adopted and nothing is sent before that is known: what an older record holds must find its facts
//! on this side of the cut-off.

use jiff::Span;

use super::decision::{Decision, Ruling};
use super::{Clerk, bit};
use crate::coverage::Listed;
use crate::model::{Day, Instant, Kind};
use crate::store::Error;

/// Where the store keeps that the cut-off is new, and Keito has not been asked yet.
pub const SURVEY: &str = "survey";

/// How far back it is looked.
const DAYS: i64 = 60;

/// What is still to be listed, and what was seen.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// Bits of the kinds to be listed.
    left: u8,
    oldest: Option<Day>,
}

impl Clerk {
    /// Takes up a survey that an earlier start wanted.
    ///
    /// # Errors
    /// Of the database.
    pub fn surveying(mut self) -> Result<Self, Error> {
        if self.store.view().meta(SURVEY)?.is_some() {
            self.survey.left = bit(Kind::Entry) | bit(Kind::Expense);
        }
        Ok(self)
    }

    /// The days to list of a kind; `None`: it is done.
    pub(super) fn survey_of(&self, kind: Kind, now: Instant) -> Option<(Day, Day)> {
        let today = self.calendar().0.day_of(now);
        let from = today.checked_sub(Span::new().days(DAYS)).unwrap_or(today);
        (self.survey.left & bit(kind) != 0).then_some((from, today))
    }

    /// Whether nothing else may be done yet.
    pub(super) const fn surveys(&self) -> bool {
        self.survey.left != 0
    }

    /// Takes a whole listing of a kind. After the last one the cut-off is the beginning of the oldest day with a record
    /// of this machine, if that is earlier.
    pub(super) fn surveyed(&mut self, kind: Kind, rows: &[Listed], now: Instant) -> Result<(), Error> {
        let ours =
            |row: &&Listed| row.posted.as_ref().is_some_and(|posted| posted.machine == self.settings.machine);
        let oldest = rows.iter().filter(ours).map(|row| row.day).min();
        self.survey.oldest = self.survey.oldest.into_iter().chain(oldest).min();
        self.survey.left &= !bit(kind);
        if self.surveys() {
            return Ok(());
        }
        let (calendar, _) = self.calendar();
        let eve = self.survey.oldest.and_then(|day| day.yesterday().ok());
        let begin = eve.map(|eve| Instant::from_seconds(calendar.end_of(eve)));
        if let Some(begin) = begin.filter(|begin| self.settings.since.is_some_and(|since| *begin < since)) {
            tracing::warn!("Keito has records of this machine from before the cut-off: it is {begin} now");
            self.rulings.write(vec![Decision { at: now, account: None, ruling: Ruling::Since(begin) }])?;
            self.settings.since = Some(begin);
        }
        self.store.transact(|tx| tx.drop_meta(SURVEY))?;
        self.recheck_all()
    }
}

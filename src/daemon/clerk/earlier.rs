//! `keitod backfill`: which range is meant, and its admission. What that would send is for `foresee`.

use super::Clerk;
use super::acts::{ActError, Acted, Refused};
use super::decision::{Decision, Ruling};
use crate::ledger::admitted::Earlier;
use crate::model::{Agent, Day, Instant, ProjectId};

/// What a person asks for, in his words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// First day.
    pub from: String,
    /// Last day; `None`: up to the cut-off.
    pub to: Option<String>,
    /// Only this agent's work.
    pub agent: Option<String>,
    /// Only what goes to this project.
    pub project: Option<String>,
}

/// A range before the cut-off, with its days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// What is admitted by it.
    pub earlier: Earlier,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// The cut-off.
    pub since: Instant,
    /// The zone of the days.
    pub zone: String,
}

/// Why a range cannot be admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// No calendar day.
    #[error("`{0}` is no day: write it as 2026-05-31")]
    NotADay(String),
    /// Nothing was done then.
    #[error("{0} is in the future: nothing can have been done on it yet")]
    Future(Day),
    /// That is sent without being asked for.
    #[error("{day} is not before the cut-off ({since}): everything from there on is sent without this")]
    AfterCutOff {
        /// As given.
        day: Day,
        /// The cut-off.
        since: Instant,
    },
    /// Ends before it begins.
    #[error("the range is empty: {from} is after {to}")]
    Empty {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// Nobody cut anything off.
    #[error("there is no cut-off: everything is sent without this")]
    NoCutOff,
}

impl Clerk {
    /// The range that is meant, in days of the calendar in force.
    ///
    /// # Errors
    /// If it is none before the cut-off.
    pub fn earlier_range(&self, wanted: &Wanted, now: Instant) -> Result<Range, RangeError> {
        let day = |text: &str| text.parse::<Day>().map_err(|_| RangeError::NotADay(text.to_owned()));
        let (calendar, _) = self.calendar();
        let since = self.settings.since.ok_or(RangeError::NoCutOff)?;
        let start = |day: Day| {
            day.yesterday().map_or(Instant::default(), |eve| Instant::from_seconds(calendar.end_of(eve)))
        };
        let before = |day: Day| {
            if day > calendar.day_of(now) {
                return Err(RangeError::Future(day));
            }
            if start(day) >= since { Err(RangeError::AfterCutOff { day, since }) } else { Ok(day) }
        };
        let from = before(day(&wanted.from)?)?;
        let (to, until) = match wanted.to.as_deref() {
            None => (calendar.day_of(since.moved(-1)), since),
            Some(to) => {
                let to = before(day(to)?)?;
                (to, Instant::from_seconds(calendar.end_of(to)).min(since))
            }
        };
        if from > to {
            return Err(RangeError::Empty { from, to });
        }
        let agent = wanted.agent.as_ref().map(Agent::new);
        let project = wanted.project.as_ref().map(ProjectId::new);
        let zone = calendar.name().unwrap_or("UTC").to_owned();
        Ok(Range { earlier: Earlier { from: start(from), until, agent, project }, from, to, since, zone })
    }

    /// Admits a range: written down, and computed anew.
    ///
    /// # Errors
    /// Without an account, or of the database.
    pub fn admit(&mut self, earlier: &Earlier, now: Instant) -> Result<Acted, ActError> {
        let scope = self.account.as_ref().ok_or(Refused::NoAccount)?;
        if !scope.earlier.contains(earlier) {
            let ruling = Ruling::Backfill(earlier.clone());
            self.rulings.write(vec![Decision { at: now, account: Some(scope.of.clone()), ruling }])?;
        }
        if let Some(scope) = &mut self.account {
            scope.earlier = self.rulings.admitted(&scope.of);
        }
        self.recheck_all()?;
        Ok(Acted { state: "admitted", ..Acted::default() })
    }
}

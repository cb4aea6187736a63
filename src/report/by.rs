//! The keys of a report and the days it is about.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::ledger::days::Calendar;
use crate::model::Day;

/// A key of a report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum By {
    /// Local day.
    Day,
    /// Keito project.
    Project,
    /// Agent.
    Agent,
    /// Model; with it time stands in the totals alone.
    Model,
    /// Session.
    Session,
}

impl By {
    /// All keys in their usual order.
    pub const ALL: [Self; 5] = [Self::Day, Self::Project, Self::Agent, Self::Model, Self::Session];

    /// The word on the command line and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Project => "project",
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Session => "session",
        }
    }
}

/// A word that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no report key: use day, project, agent, model, session")]
pub struct NotAKey(pub String);

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for By {
    type Err = NotAKey;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|by| by.word() == word).ok_or_else(|| NotAKey(word.to_owned()))
    }
}

/// The local days of a report, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
}

impl Filter {
    /// One day.
    #[must_use]
    pub fn only(day: Day) -> Self {
        Self { from: Some(day), to: Some(day) }
    }

    /// Whether a day is inside.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// The Unix seconds that hold these days, from the first one to after the last; days of a zone that was changed may
    /// come twice, so the exact test of what is in between is [`Filter::holds`]. `None`: all history.
    #[must_use]
    pub fn range(&self, calendar: &Calendar) -> Option<(i64, i64)> {
        if self.from.is_none() && self.to.is_none() {
            return None;
        }
        // No zone is a day off: a date lies within the UTC day of that date and its neighbours.
        let around = |day: Day| {
            let start = days_since_1970(day).saturating_mul(DAY);
            calendar.split(start.saturating_sub(DAY), start.saturating_add(2 * DAY))
        };
        let start = self.from.map_or(i64::MIN, |from| {
            let after = around(from).into_iter().filter(|(day, ..)| *day >= from);
            after.map(|(_, start, _)| start).min().unwrap_or(i64::MAX)
        });
        let end = self.to.map_or(i64::MAX, |to| {
            let until = around(to).into_iter().filter(|(day, ..)| *day <= to);
            until.map(|(_, _, end)| end).max().unwrap_or(i64::MIN)
        });
        Some((start, end))
    }
}

const DAY: i64 = 86_400;

/// Of the UTC day of that date.
fn days_since_1970(day: Day) -> i64 {
    day.to_zoned(TimeZone::UTC).map_or(0, |start| start.timestamp().as_second().div_euclid(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_its_word() {
        for by in By::ALL {
            assert_eq!(by.to_string().parse(), Ok(by));
        }
        assert_eq!("days".parse::<By>(), Err(NotAKey("days".to_owned())));
    }

    #[test]
    fn a_range_holds_its_days_and_no_more() {
        let zone = |name: &str| TimeZone::get(name).unwrap();
        let at = |text: &str| crate::model::Instant::parse(text).unwrap();
        let calendars = [
            (Calendar::new(zone("America/Goose_Bay")), at("2009-10-30T00:00:00Z")),
            (Calendar::new(zone("Pacific/Apia")), at("2011-12-27T00:00:00Z")),
            (
                Calendar::new(zone("Asia/Tokyo"))
                    .changing(at("2026-05-06T12:00:00Z"), zone("America/Los_Angeles")),
                at("2026-05-04T00:00:00Z"),
            ),
        ];
        for (calendar, start) in calendars {
            let seconds: Vec<i64> = (0..6 * 24 * 12).map(|step| start.seconds() + step * 300).collect();
            for first in 1..4 {
                let from = calendar.day(seconds[first * 288]);
                for days in 0..2 {
                    let to = calendar.day(seconds[(first + days) * 288]);
                    let filter = Filter { from: Some(from), to: Some(to) };
                    let (start, end) = filter.range(&calendar).unwrap();
                    let held: Vec<i64> =
                        seconds.iter().copied().filter(|at| filter.holds(calendar.day(*at))).collect();
                    assert!(held.iter().all(|at| (start..end).contains(at)), "{from} {to}");
                    let outside = |at: i64| !filter.holds(calendar.day(at));
                    assert!(!outside(start) && !outside(end - 1), "{from} {to}");
                }
            }
        }
    }
}

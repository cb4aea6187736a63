//! The keys of a report and the days it is about.

use std::fmt;
use std::str::FromStr;

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

    /// Unix seconds outside of which no row can matter, with a day to spare on both sides: a local midnight can come
    /// twice and a zone can be changed, and the exact test is [`Filter::holds`]. `None`: all history.
    #[must_use]
    pub fn range(&self, calendar: &Calendar) -> Option<(i64, i64)> {
        if self.from.is_none() && self.to.is_none() {
            return None;
        }
        let before = self.from.and_then(|from| from.yesterday().ok());
        let start = before.map_or(i64::MIN, |day| calendar.end_of(day).saturating_sub(2 * 86_400));
        let end = self.to.map_or(i64::MAX, |to| calendar.end_of(to).saturating_add(2 * 86_400));
        Some((start, end))
    }
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
}

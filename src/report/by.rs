//! The keys of a report and the days it is about.

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

/// A list of keys that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ByError {
    /// No such key.
    #[error("unknown key {0:?}: use day, project, agent, model, session")]
    Unknown(String),
    /// A key twice.
    #[error("key {0:?} is given twice: name each key once")]
    Twice(&'static str),
}

/// Parses `day,agent,model`; blanks around the words do not matter, an empty text is no key at all.
///
/// # Errors
/// [`ByError`] names the word that is wrong.
pub fn parse_by(text: &str) -> Result<Vec<By>, ByError> {
    let mut list = Vec::new();
    for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let found = By::ALL.into_iter().find(|by| by.word() == word);
        let by = found.ok_or_else(|| ByError::Unknown(word.to_owned()))?;
        if list.contains(&by) {
            return Err(ByError::Twice(by.word()));
        }
        list.push(by);
    }
    Ok(list)
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
    fn keys_are_words_in_any_order_each_once() {
        assert_eq!(parse_by("session, day"), Ok(vec![By::Session, By::Day]));
        assert_eq!(parse_by(""), Ok(Vec::new()));
        assert_eq!(parse_by("day,days"), Err(ByError::Unknown("days".to_owned())));
        assert_eq!(parse_by("day,model,day"), Err(ByError::Twice("day")));
    }
}

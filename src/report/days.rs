//! Days of many instants: asking the zone for each of them would cost more than all the rest of a report.

use std::collections::HashMap;

use crate::ledger::days::Calendar;
use crate::model::Day;

const HOUR: i64 = 3600;

/// Remembers the day of each hour that lies in one day as a whole.
#[derive(Debug)]
pub struct DayCache<'a> {
    calendar: &'a Calendar,
    /// By hours since the epoch; `None`: the day changes inside that hour.
    hours: HashMap<i64, Option<Day>>,
    last: Option<(i64, Day)>,
}

impl<'a> DayCache<'a> {
    /// An empty one.
    #[must_use]
    pub fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, hours: HashMap::new(), last: None }
    }

    /// As [`Calendar::day`].
    pub fn day(&mut self, second: i64) -> Day {
        self.whole(second.div_euclid(HOUR)).unwrap_or_else(|| self.calendar.day(second))
    }

    /// As [`Calendar::split`].
    pub fn split(&mut self, start: i64, end: i64) -> Pieces {
        let (first, last) = (start.div_euclid(HOUR), (end - 1).div_euclid(HOUR));
        if start < end
            && last - first <= 1
            && let (Some(day), Some(same)) = (self.whole(first), self.whole(last))
            && day == same
        {
            return Pieces::One((day, start, end));
        }
        Pieces::Many(self.calendar.split(start, end))
    }

    fn whole(&mut self, hour: i64) -> Option<Day> {
        if let Some((_, day)) = self.last.filter(|(known, _)| *known == hour) {
            return Some(day);
        }
        let calendar = self.calendar;
        let found = *self.hours.entry(hour).or_insert_with(|| {
            match calendar.split(hour * HOUR, (hour + 1) * HOUR).as_slice() {
                [(day, ..)] => Some(*day),
                _ => None,
            }
        });
        if let Some(day) = found {
            self.last = Some((hour, day));
        }
        found
    }
}

/// A day and the Unix seconds of it.
type Piece = (Day, i64, i64);

/// A stretch by days.
#[derive(Debug)]
pub enum Pieces {
    /// All of it on one day: nearly every span.
    One(Piece),
    /// Several.
    Many(Vec<Piece>),
}

impl Pieces {
    /// In order of time.
    #[must_use]
    pub fn as_slice(&self) -> &[Piece] {
        match self {
            Self::One(piece) => std::slice::from_ref(piece),
            Self::Many(pieces) => pieces,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn the_cache_says_what_the_calendar_says() {
        for (zone, start) in [
            ("America/Goose_Bay", "2009-10-30T00:00:00Z"),
            ("Asia/Kathmandu", "2026-05-05T00:00:00Z"),
            ("Pacific/Apia", "2011-12-29T00:00:00Z"),
        ] {
            let calendar = Calendar::new(TimeZone::get(zone).unwrap());
            let mut cache = DayCache::new(&calendar);
            let start = start.parse::<jiff::Timestamp>().unwrap().as_second();
            for second in (start..start + 4 * 86_400).step_by(41) {
                assert_eq!(cache.day(second), calendar.day(second), "{zone} {second}");
                for length in [0, 59, 3_600, 90_000] {
                    let end = second + length;
                    assert_eq!(
                        cache.split(second, end).as_slice(),
                        calendar.split(second, end),
                        "{zone} {second}"
                    );
                }
            }
        }
    }
}

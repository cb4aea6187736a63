//! Instants → local days in one pinned zone.

use jiff::tz::TimeZone;

use crate::model::{Day, Instant};

/// The zone in which days begin and end, with changes from an instant onward (`config set-zone`).
#[derive(Debug, Clone)]
pub struct Calendar {
    /// (Unix second from which it holds, zone), ascending; the first holds for all time before, too.
    zones: Vec<(i64, TimeZone)>,
}

impl Calendar {
    /// One zone for all time.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zones: vec![(i64::MIN, zone)] }
    }

    /// Adds a change of the zone. Changes must be added in order of time.
    #[must_use]
    pub fn changing(mut self, from: Instant, zone: TimeZone) -> Self {
        self.zones.push((from.seconds(), zone));
        self
    }

    /// As [`Calendar::parse`] reads it; `None` if one of its zones has no name.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut parts = Vec::new();
        for (from, zone) in &self.zones {
            let name = zone.iana_name()?;
            parts.push(match *from {
                i64::MIN => name.to_owned(),
                from => format!("{} {name}", Instant::from_seconds(from)),
            });
        }
        Some(parts.join(";"))
    }

    /// Reads `Europe/London`, and after each `;` a change: `Europe/London;2026-05-06T00:00:00.000Z America/New_York`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let mut calendar = Self::new(TimeZone::get(parts.next()?).ok()?);
        for part in parts {
            let (from, zone) = part.split_once(' ')?;
            calendar = calendar.changing(Instant::parse(from)?, TimeZone::get(zone).ok()?);
        }
        Some(calendar)
    }

    /// The text of [`Calendar::parse`] with one more change.
    #[must_use]
    pub fn with_change(text: &str, from: Instant, zone: &str) -> String {
        format!("{text};{from} {zone}")
    }

    /// The last change of the zone.
    #[must_use]
    pub fn last_change(&self) -> Option<Instant> {
        let (from, _) = self.zones.last()?;
        (*from != i64::MIN).then(|| Instant::from_seconds(*from))
    }

    /// The local day of a Unix second.
    #[must_use]
    pub fn day(&self, second: i64) -> Day {
        self.zone_at(second).to_datetime(Instant::from_seconds(second).timestamp()).date()
    }

    /// The local day of an instant.
    #[must_use]
    pub fn day_of(&self, at: Instant) -> Day {
        self.day(at.seconds())
    }

    /// The zone's IANA name now.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.zones.last().and_then(|(_, zone)| zone.iana_name())
    }

    /// From the first second of the day of the one to the last of the day of the other.
    #[must_use]
    pub fn whole_days(&self, (first, last): (i64, i64)) -> (i64, i64) {
        let before = self.day(first).yesterday().ok();
        (before.map_or(i64::MIN, |before| self.end_of(before)), self.end_of(self.day(last)))
    }

    /// Splits `[start, end)` where the local day changes: (day, start, end), in order, covering all of it.
    #[must_use]
    pub fn split(&self, start: i64, end: i64) -> Vec<(Day, i64, i64)> {
        let mut pieces: Vec<(Day, i64, i64)> = Vec::new();
        let mut from = start;
        while from < end {
            let (day, to) = (self.day(from), self.same_offset_until(from).min(end));
            match pieces.last_mut() {
                Some(last) if last.0 == day => last.2 = to,
                _ => pieces.push((day, from, to)),
            }
            from = to;
        }
        pieces
    }

    /// The Unix second at which a local day is over.
    #[must_use]
    pub fn end_of(&self, day: Day) -> i64 {
        let next = day.tomorrow().unwrap_or(day);
        let at = |zone: &TimeZone| next.to_zoned(zone.clone()).map(|start| start.timestamp().as_second());
        // The zone in force at the day's end, found from the newest one back.
        let found =
            self.zones.iter().rev().find_map(|(since, zone)| at(zone).ok().filter(|end| *end >= *since));
        found.unwrap_or(i64::MAX)
    }

    /// The nearest second after `from` at which the local day may change: the next midnight under the offset in force,
    /// the next change of the offset, or a change of the zone. Midnight need not exist and can come twice.
    fn same_offset_until(&self, from: i64) -> i64 {
        let zone = self.zone_at(from);
        let at = Instant::from_seconds(from).timestamp();
        let offset = i64::from(zone.to_offset(at).seconds());
        let midnight = (from + offset).div_euclid(86_400) * 86_400 + 86_400 - offset;
        let transition = zone.following(at).next().map_or(i64::MAX, |next| next.timestamp().as_second());
        let change =
            self.zones.iter().map(|(since, _)| *since).find(|since| *since > from).unwrap_or(i64::MAX);
        midnight.min(transition).min(change)
    }

    fn zone_at(&self, second: i64) -> &TimeZone {
        let index = self.zones.partition_point(|(from, _)| *from <= second);
        &self.zones[index.saturating_sub(1)].1
    }
}

#[cfg(test)]
#[path = "days_tests.rs"]
mod zones;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn check(zone: &str, start: &str, end: &str, expected: &[(&str, i64)]) {
        let calendar = Calendar::new(TimeZone::get(zone).unwrap());
        let got: Vec<(String, i64)> =
            calendar.split(at(start), at(end)).iter().map(|(day, a, b)| (day.to_string(), b - a)).collect();
        let expected: Vec<(String, i64)> = expected.iter().map(|(day, s)| ((*day).to_string(), *s)).collect();
        assert_eq!(got, expected, "{zone} {start} {end}");
    }

    #[test]
    fn a_zone_changes_from_an_instant_on() {
        let from = Instant::from_seconds(at("2026-05-06T12:00:00Z"));
        let text = Calendar::with_change("Europe/London", from, "Asia/Tokyo");
        let calendar = Calendar::parse(&text).unwrap();
        assert_eq!(calendar.text().as_deref(), Some(&*text));
        assert_eq!((calendar.name(), calendar.last_change()), (Some("Asia/Tokyo"), Some(from)));
        let days = |start: &str, end: &str| -> Vec<(String, i64)> {
            let pieces = calendar.split(at(start), at(end));
            pieces.iter().map(|(day, from, to)| (day.to_string(), to - from)).collect()
        };
        let day = |day: &str, seconds| (day.to_owned(), seconds);
        assert_eq!(
            days("2026-05-05T22:00:00Z", "2026-05-05T23:30:00Z"),
            [day("2026-05-05", 3600), day("2026-05-06", 1800)]
        );
        // 12:00 UTC is 21:00 in Tokyo; the day is over at 15:00 UTC.
        assert_eq!(
            days("2026-05-06T11:00:00Z", "2026-05-06T16:00:00Z"),
            [day("2026-05-06", 14_400), day("2026-05-07", 3600)]
        );
        assert!(
            Calendar::parse("Europe/London;x Asia/Tokyo").is_none() && Calendar::parse("no/zone").is_none()
        );
    }

    #[test]
    fn days_split_at_local_midnight() {
        check(
            "UTC",
            "2026-05-05T23:59:00Z",
            "2026-05-06T00:01:00Z",
            &[("2026-05-05", 60), ("2026-05-06", 60)],
        );
        check("UTC", "2026-05-05T00:00:00Z", "2026-05-06T00:00:00Z", &[("2026-05-05", 86_400)]);
        // A day of 23 hours and one of 25.
        check(
            "America/New_York",
            "2026-03-08T05:00:00Z",
            "2026-03-09T05:00:00Z",
            &[("2026-03-08", 82_800), ("2026-03-09", 3_600)],
        );
        check("America/New_York", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", &[("2026-11-01", 90_000)]);
        // Midnight did not exist: the day began at 01:00.
        check(
            "America/Sao_Paulo",
            "2018-11-04T02:30:00Z",
            "2018-11-04T03:30:00Z",
            &[("2018-11-03", 1_800), ("2018-11-04", 1_800)],
        );
        // Midnight came twice: 00:00:59 on the 2nd was followed by 23:01 on the 1st.
        check(
            "America/Goose_Bay",
            "2009-11-01T02:30:00Z",
            "2009-11-01T04:30:00Z",
            &[("2009-10-31", 1_800), ("2009-11-01", 60), ("2009-10-31", 3_540), ("2009-11-01", 1_800)],
        );
        // Samoa skipped a day.
        check(
            "Pacific/Apia",
            "2011-12-30T09:00:00Z",
            "2011-12-30T11:00:00Z",
            &[("2011-12-29", 3_600), ("2011-12-31", 3_600)],
        );
    }
}

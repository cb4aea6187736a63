//! Hours of the week in which a row holds: peak prices.

use crate::model::Instant;

const MINUTES: i64 = 24 * 60;

/// Hours of the day, on some weekdays, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Minutes of the day, `[from, to)`.
    spans: Vec<(i64, i64)>,
    /// 1 is Monday; empty is every day.
    weekdays: Vec<u8>,
    /// Days since 1970 on which it does not hold.
    except: Vec<i64>,
}

impl Window {
    /// From `01:00-04:00`, weekdays from 1 (Monday) to 7, and days that are left out; the text that is none of that.
    pub(super) fn parse(hours: &[&str], weekdays: Vec<u8>, except: &[&str]) -> Result<Self, String> {
        let span = |text: &&str| {
            let (from, to) = text.split_once('-')?;
            let (from, to) = (minutes(from)?, minutes(to)?);
            (from < to).then_some((from, to))
        };
        let spans: Result<_, String> =
            hours.iter().map(|text| span(text).ok_or_else(|| (*text).to_owned())).collect();
        if let Some(day) = weekdays.iter().find(|day| !(1..=7).contains(*day)) {
            return Err(day.to_string());
        }
        let day = |text: &&str| Instant::parse(&format!("{text}T00:00:00Z")).map(day_of);
        let except: Result<_, String> =
            except.iter().map(|text| day(text).ok_or_else(|| (*text).to_owned())).collect();
        Ok(Self { spans: spans?, weekdays, except: except? })
    }

    /// Whether the instant is in it.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        let day = day_of(at);
        // 1970-01-01 was a Thursday.
        let weekday = u8::try_from((day + 3).rem_euclid(7) + 1).unwrap_or(0);
        let minute = at.seconds().div_euclid(60).rem_euclid(MINUTES);
        (self.weekdays.is_empty() || self.weekdays.contains(&weekday))
            && !self.except.contains(&day)
            && self.spans.iter().any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// The first and last-but-excluded minute of each span.
    #[must_use]
    pub fn spans(&self) -> &[(i64, i64)] {
        &self.spans
    }
}

impl std::fmt::Display for Window {
    /// `01:00-04:00, 06:00-10:00 UTC, Mon-Fri`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (from, to)) in self.spans.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        f.write_str(" UTC")?;
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let names = self.weekdays.iter().filter_map(|day| NAMES.get(usize::from(*day) - 1));
        for (at, name) in names.enumerate() {
            write!(f, "{}{name}", if at == 0 { ", " } else { " " })?;
        }
        if !self.except.is_empty() {
            write!(f, ", but {} days", self.except.len())?;
        }
        Ok(())
    }
}

fn day_of(at: Instant) -> i64 {
    at.seconds().div_euclid(24 * 3600)
}

fn minutes(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    let all = hour * 60 + minute;
    ((0..=24).contains(&hour) && (0..60).contains(&minute) && all <= MINUTES).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_knows_hours_weekdays_and_holidays() {
        let window =
            Window::parse(&["01:00-04:00", "06:00-10:00"], vec![1, 2, 3, 4, 5], &["2026-10-05"]).unwrap();
        let at = |text: &str| window.holds(Instant::parse(text).unwrap());
        // A Tuesday.
        assert!(!at("2026-10-20T00:59:59Z") && at("2026-10-20T01:00:00Z") && at("2026-10-20T03:59:59Z"));
        assert!(!at("2026-10-20T04:00:00Z") && at("2026-10-20T09:59:59Z") && !at("2026-10-20T10:00:00Z"));
        assert!(at("2026-10-23T02:00:00Z") && !at("2026-10-24T02:00:00Z") && !at("2026-10-25T02:00:00Z"));
        assert!(!at("2026-10-05T02:00:00Z") && at("2026-10-12T02:00:00Z"));
        let whole = Window::parse(&["00:00-24:00"], Vec::new(), &[]).unwrap();
        assert!(whole.holds(Instant::parse("1969-12-31T23:59:59Z").unwrap()));
        for (hours, weekdays, except) in [
            (vec!["04:00-01:00"], vec![], vec![]),
            (vec!["1-2"], vec![], vec![]),
            (vec!["23:00-24:01"], vec![], vec![]),
            (vec![], vec![0], vec![]),
            (vec![], vec![8], vec![]),
            (vec![], vec![], vec!["monday"]),
        ] {
            assert!(Window::parse(&hours, weekdays, &except).is_err());
        }
    }
}

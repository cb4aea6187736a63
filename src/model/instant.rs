//! A point in time.

use std::fmt;
use std::time::Duration;

/// Milliseconds since the Unix epoch, UTC. Finer digits of a log line are cut: no rule needs them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Instant(i64);

impl Instant {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From whole seconds since the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Parses RFC 3339 with any number of decimals and any offset; `None` if it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        parse_utc(text.as_bytes())
            .or_else(|| text.parse::<jiff::Timestamp>().ok().map(|at| at.as_millisecond()))
            .map(Self)
    }

    /// This instant as a `jiff` timestamp; out of its range becomes its nearest end.
    #[must_use]
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Time from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This instant moved forward, saturating.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This instant moved by milliseconds either way, saturating.
    #[must_use]
    pub const fn moved(self, by_millis: i64) -> Self {
        Self(self.0.saturating_add(by_millis))
    }

    /// This instant moved back, saturating.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Instant {
    /// RFC 3339, UTC, always with three decimals, so that text order is time order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The shape that nearly every line has, `2026-11-21T01:46:42.947Z`, without the general parser.
fn parse_utc(text: &[u8]) -> Option<i64> {
    let [
        y0,
        y1,
        y2,
        y3,
        b'-',
        m0,
        m1,
        b'-',
        d0,
        d1,
        b'T',
        h0,
        h1,
        b':',
        n0,
        n1,
        b':',
        s0,
        s1,
        b'.',
        f0,
        f1,
        f2,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let digit = |b: u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
    let two = |a: u8, b: u8| Some(digit(a)? * 10 + digit(b)?);
    let (year, month, day) = (two(y0, y1)? * 100 + two(y2, y3)?, two(m0, m1)?, two(d0, d1)?);
    let (hour, minute, second) = (two(h0, h1)?, two(n0, n1)?, two(s0, s1)?);
    let millis = digit(f0)? * 100 + two(f1, f2)?;
    let days = days_in_month(year, month)?;
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from civil date: H. Hinnant's public-domain algorithm, years counted from March.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let epoch_days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(((epoch_days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis)
}

fn days_in_month(year: i64, month: i64) -> Option<i64> {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) { 29 } else { 28 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_parser_agrees_with_the_general_one() {
        for day in 0..40_000_i64 {
            let at = Instant::from_millis(day * 86_399_777 - 20_000_000_000);
            let text = at.to_string();
            assert_eq!(parse_utc(text.as_bytes()), Some(at.millis()), "{text}");
            assert_eq!(text.parse::<jiff::Timestamp>().unwrap().as_millisecond(), at.millis());
        }
    }

    #[test]
    fn other_shapes_of_rfc_3339_parse_and_nonsense_does_not() {
        let at = |text| Instant::parse(text).map(Instant::millis);
        assert_eq!(at("2026-11-21T01:46:42Z"), Some(1_795_225_602_000));
        assert_eq!(at("2026-11-21T02:46:42.947123+01:00"), Some(1_795_225_602_947));
        assert_eq!(at("2026-02-29T00:00:00.000Z"), None);
        assert_eq!(
            at("2026-11-21T01:46:60.000Z").is_some(),
            "2026-11-21T01:46:60Z".parse::<jiff::Timestamp>().is_ok()
        );
        assert_eq!(at("yesterday"), None);
    }
}

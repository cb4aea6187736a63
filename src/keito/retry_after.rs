//! `Retry-After`: seconds, or an HTTP date.

use std::time::Duration;

use jiff::{Timestamp, fmt::rfc2822};

use crate::model::Instant;

/// The span from now that the server asks for. A date is measured against the answer's own `Date` header, so that
/// neither our clock nor its error matters; without that header a date says nothing. Past dates are zero, junk is
/// `None`. The caller clamps.
pub(super) fn parse(retry_after: Option<&str>, date: Option<&str>) -> Option<Duration> {
    let asked = retry_after?.trim();
    if !asked.is_empty() && asked.bytes().all(|b| b.is_ascii_digit()) {
        return asked.parse().ok().map(Duration::from_secs);
    }
    let (until, now) = (http_date(asked)?, http_date(date?.trim())?);
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

/// An HTTP date as an instant.
pub(super) fn instant(text: &str) -> Option<Instant> {
    http_date(text.trim()).map(|date| Instant::from_millis(date.as_millisecond()))
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_junk_is_not() {
        let now = Some("Sat, 21 Nov 2026 10:00:00 GMT");
        let seconds = |asked, date| parse(asked, date).map(|span| span.as_secs());
        assert_eq!(seconds(Some("0"), None), Some(0));
        assert_eq!(seconds(Some(" 3600 "), None), Some(3600));
        assert_eq!(seconds(Some("Sat, 21 Nov 2026 10:01:30 GMT"), now), Some(90));
        assert_eq!(seconds(Some("Sat, 21 Nov 2026 09:00:00 GMT"), now), Some(0));
        assert_eq!(seconds(Some("Sat, 21 Nov 2026 10:01:30 GMT"), None), None);
        for junk in ["", "soon", "-1", "1.5", "99999999999999999999", "2026-11-21T10:00:00Z"] {
            assert_eq!(seconds(Some(junk), now), None, "{junk}");
        }
        assert_eq!(seconds(None, now), None);
    }
}

//! Instants that logs give as numbers.

use serde_json::value::RawValue;

use crate::model::Instant;

/// Seconds since the Unix epoch with any number of decimals, as the log spells them: a float would have to be rounded.
pub(super) fn seconds(number: Option<&RawValue>) -> Option<Instant> {
    of_seconds(number?.get())
}

fn of_seconds(text: &str) -> Option<Instant> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok().filter(|seconds| *seconds > 0)?;
    let mut millis = 0;
    for place in 0..3 {
        let digit = decimals.as_bytes().get(place).map_or(Some(0), |digit| (*digit as char).to_digit(10))?;
        millis = millis * 10 + i64::from(digit);
    }
    decimals.bytes().all(|digit| digit.is_ascii_digit()).then_some(())?;
    seconds.checked_mul(1000)?.checked_add(millis).map(Instant::from_millis)
}

/// Milliseconds since the Unix epoch.
pub(super) fn millis(number: Option<&RawValue>) -> Option<Instant> {
    let text = number?.get();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse().ok().filter(|millis| *millis > 0).map(Instant::from_millis)
}

/// A number since the Unix epoch whose unit only its magnitude tells: seconds, milliseconds or microseconds. The three do
/// not meet between the years 1973 and 5138.
pub(super) fn by_magnitude(text: &str) -> Option<Instant> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    let number: i64 = whole.parse().ok().filter(|number| *number > 0)?;
    match number {
        0..100_000_000_000 => of_seconds(text),
        100_000_000_000..100_000_000_000_000 => Some(Instant::from_millis(number)),
        100_000_000_000_000..100_000_000_000_000_000 => Some(Instant::from_millis(number / 1000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_instants_without_a_float() {
        let cases = [
            ("1795225595.5216694", Some(1_795_225_595_521)),
            ("1795225595.5", Some(1_795_225_595_500)),
            ("1795225595", Some(1_795_225_595_000)),
            ("1795225595.95e1", None),
            ("1e9", None),
            ("-5", None),
            ("0", None),
            ("\"1795225595\"", None),
            ("9223372036854775807", None),
            ("null", None),
        ];
        for (text, expected) in cases {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            assert_eq!(seconds(Some(raw)).map(Instant::millis), expected, "{text}");
        }
        let raw: &RawValue = serde_json::from_str("1795225691236.5").unwrap();
        assert_eq!(millis(Some(raw)).map(Instant::millis), Some(1_795_225_691_236));
        assert_eq!(millis(None), None);
    }

    #[test]
    fn the_magnitude_tells_the_unit() {
        let cases = [
            ("1795225595", Some(1_795_225_595_000)),
            ("1795225595.521", Some(1_795_225_595_521)),
            ("1795225595521", Some(1_795_225_595_521)),
            ("1795225595521.7", Some(1_795_225_595_521)),
            ("1795225595521004", Some(1_795_225_595_521)),
            ("1795225595521004000", None),
            ("-1", None),
            ("soon", None),
        ];
        for (text, expected) in cases {
            assert_eq!(by_magnitude(text).map(Instant::millis), expected, "{text}");
        }
    }
}

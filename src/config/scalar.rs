//! What a single value may be.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use toml::de::DeValue;

use super::document::Value;
use super::error::Trouble;
use crate::model::{Day, Instant};

type Checked<T> = Result<T, Trouble>;

/// Text that says something: neither empty nor with control characters.
pub(super) fn text(value: &Value<'_>) -> Checked<String> {
    match value.de {
        DeValue::String(text) if !text.trim().is_empty() && !text.chars().any(char::is_control) => {
            Ok(text.trim().to_owned())
        }
        _ => Err(Trouble::Expected("a text in quotes that is not empty")),
    }
}

/// Text that may be empty.
pub(super) fn any_text(value: &Value<'_>) -> Checked<String> {
    match value.de {
        DeValue::String(text) => Ok(text.to_string()),
        _ => Err(Trouble::Expected("a text in quotes")),
    }
}

/// A list of texts with at least one element.
pub(super) fn texts(value: &Value<'_>) -> Checked<Vec<String>> {
    let wrong = Trouble::Expected("a list of texts, such as [\"a\", \"b\"]");
    let DeValue::Array(elements) = value.de else { return Err(wrong) };
    let list: Vec<String> = elements
        .iter()
        .filter_map(|element| element.get_ref().as_str().map(str::to_owned))
        .filter(|text| !text.is_empty())
        .collect();
    if list.is_empty() || list.len() != elements.len() { Err(wrong) } else { Ok(list) }
}

pub(super) fn flag(value: &Value<'_>) -> Checked<bool> {
    match value.de {
        DeValue::Boolean(flag) => Ok(*flag),
        _ => Err(Trouble::Expected("true or false")),
    }
}

/// A whole number from 0 on.
pub(super) fn count(value: &Value<'_>) -> Checked<u64> {
    integer(value).and_then(|n| u64::try_from(n).ok()).ok_or(Trouble::Expected("a whole number from 0 on"))
}

/// A whole number from `least` to `most`; `allowed` says so.
pub(super) fn range(least: u32, most: u32, allowed: &'static str) -> impl Fn(&Value<'_>) -> Checked<u32> {
    move |value| {
        integer(value)
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| (least..=most).contains(n))
            .ok_or(Trouble::Expected(allowed))
    }
}

fn integer(value: &Value<'_>) -> Option<i64> {
    match value.de {
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
        _ => None,
    }
}

/// `"200ms"`, `"300s"`, `"10m"`, `"1h"`, `"2d"`.
pub(super) fn duration(value: &Value<'_>) -> Checked<Duration> {
    value
        .de
        .as_str()
        .and_then(parse_duration)
        .ok_or(Trouble::Expected("a duration, such as \"200ms\", \"300s\", \"10m\", \"1h\" or \"2d\""))
}

/// A duration that is longer than nothing.
pub(super) fn some_time(value: &Value<'_>) -> Checked<Duration> {
    match duration(value)? {
        Duration::ZERO => Err(Trouble::Expected("a duration longer than 0")),
        duration => Ok(duration),
    }
}

/// A duration, or `"off"`.
pub(super) fn duration_or_off(value: &Value<'_>) -> Checked<Option<Duration>> {
    match value.de.as_str() {
        Some("off") => Ok(None),
        _ => some_time(value)
            .map(Some)
            .map_err(|_| Trouble::Expected("a duration, such as \"24h\", or \"off\"")),
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let (digits, unit) = split_unit(text)?;
    let number: u64 = digits.parse().ok()?;
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    // A century is more than anybody means, and keeps every sum of instants in range.
    number.checked_mul(seconds).filter(|total| *total <= 100 * 366 * 86_400).map(Duration::from_secs)
}

/// Bytes: a whole number, or one with `B`, `KiB`, `MiB` or `GiB`.
pub(super) fn bytes(value: &Value<'_>) -> Checked<u64> {
    let written = || {
        if let Some(n) = integer(value) {
            return u64::try_from(n).ok();
        }
        let (digits, unit) = split_unit(value.de.as_str()?)?;
        let shift = match unit {
            "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return None,
        };
        digits.parse::<u64>().ok()?.checked_mul(1 << shift)
    };
    written().filter(|n| *n > 0).ok_or(Trouble::Expected("a size, such as \"512KiB\", \"64MiB\" or \"1GiB\""))
}

fn split_unit(text: &str) -> Option<(&str, &str)> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0)?;
    Some((&text[..at], text[at..].trim_start()))
}

/// An exact decimal: digits in quotes, or a whole number.
pub(super) fn decimal(value: &Value<'_>) -> Checked<Decimal> {
    let wrong = Trouble::Expected("a decimal in quotes, such as \"0.79\"");
    match value.de {
        DeValue::Float(_) => Err(Trouble::Float),
        // Fewer digits than the type holds, so that no later sum or product overflows unseen.
        DeValue::String(text) if text.len() <= 18 => Decimal::from_str_exact(text.trim()).map_err(|_| wrong),
        DeValue::Integer(_) => integer(value).map(Decimal::from).ok_or(wrong),
        _ => Err(wrong),
    }
}

/// A decimal from 0 on.
pub(super) fn amount(value: &Value<'_>) -> Checked<Decimal> {
    match decimal(value)? {
        amount if amount.is_sign_negative() => Err(Trouble::Expected("a decimal from 0 on")),
        amount => Ok(amount),
    }
}

/// A decimal above 0.
pub(super) fn factor(value: &Value<'_>) -> Checked<Decimal> {
    match amount(value)? {
        amount if amount.is_zero() => Err(Trouble::Expected("a decimal above 0")),
        amount => Ok(amount),
    }
}

/// A percentage that leaves something: a markup above -100.
pub(super) fn markup(value: &Value<'_>) -> Checked<Decimal> {
    let percent = decimal(value)?;
    if percent > Decimal::from(-100) && percent <= Decimal::from(10_000) {
        Ok(percent)
    } else {
        Err(Trouble::Expected("a percentage above -100, such as \"10\""))
    }
}

/// A discount from 0 to 100 percent.
pub(super) fn discount(value: &Value<'_>) -> Checked<Decimal> {
    let percent = amount(value)?;
    if percent <= Decimal::ONE_HUNDRED {
        Ok(percent)
    } else {
        Err(Trouble::Expected("a percentage from 0 to 100"))
    }
}

/// RFC 3339 with an offset, quoted or as TOML's own date-time.
pub(super) fn instant(value: &Value<'_>) -> Checked<Instant> {
    let parsed = match value.de {
        DeValue::String(text) => Instant::parse(text.trim()),
        DeValue::Datetime(at) if at.offset.is_some() => Instant::parse(&at.to_string()),
        _ => None,
    };
    parsed.ok_or(Trouble::Expected("an instant with its offset, such as \"2026-05-05T00:00:00+02:00\""))
}

/// A day, quoted or as TOML's own date.
pub(super) fn day(value: &Value<'_>) -> Checked<Day> {
    let parsed = match value.de {
        DeValue::String(text) => text.trim().parse().ok(),
        DeValue::Datetime(at) if at.time.is_none() => at.to_string().parse().ok(),
        _ => None,
    };
    parsed.ok_or(Trouble::Expected("a day, such as \"2026-05-01\""))
}

/// An IANA zone by name.
pub(super) fn zone(value: &Value<'_>) -> Checked<TimeZone> {
    let name = value.de.as_str().ok_or(Trouble::Zone)?;
    TimeZone::get(name.trim()).map_err(|_| Trouble::Zone)
}

/// Three capital letters.
pub(super) fn currency(value: &Value<'_>) -> Checked<String> {
    match value.de.as_str() {
        Some(code) if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) => Ok(code.to_owned()),
        _ => Err(Trouble::Expected("a currency code, such as \"GBP\"")),
    }
}

/// An absolute path; `~` is `home`.
pub(super) fn path(env: &super::Env) -> impl Fn(&Value<'_>) -> Checked<PathBuf> {
    move |value| {
        value
            .de
            .as_str()
            .map(|text| env.expand(text))
            .filter(|path| path.is_absolute())
            .ok_or(Trouble::Expected("an absolute path, or one that begins with ~/"))
    }
}

/// A list of absolute paths.
pub(super) fn paths(env: &super::Env) -> impl Fn(&Value<'_>) -> Checked<Vec<PathBuf>> {
    move |value| {
        let list: Vec<PathBuf> = texts(value)?.iter().map(|text| env.expand(text)).collect();
        if list.iter().all(|path| path.is_absolute()) {
            Ok(list)
        } else {
            Err(Trouble::Expected("a list of absolute paths, or of ones that begin with ~/"))
        }
    }
}

/// One of a fixed set of words.
pub(super) fn word<T: Copy>(
    words: &'static [(&'static str, T)],
    allowed: &'static str,
) -> impl Fn(&Value<'_>) -> Checked<T> {
    move |value| {
        words
            .iter()
            .find(|(word, _)| value.de.as_str() == Some(word))
            .map(|(_, meaning)| *meaning)
            .ok_or(Trouble::Expected(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(toml: &str, check: impl Fn(&Value<'_>) -> Checked<T>) -> Option<T> {
        let value = DeValue::parse(toml).expect("a value");
        check(&Value { de: value.get_ref(), text: toml }).ok()
    }

    #[test]
    fn durations_and_sizes() {
        let seconds = |toml| read(toml, duration).map(|d| d.as_millis());
        assert_eq!(seconds(r#""200ms""#), Some(200));
        assert_eq!(seconds(r#""300s""#), Some(300_000));
        assert_eq!(seconds(r#""10m""#), Some(600_000));
        assert_eq!(seconds(r#""2d""#), Some(172_800_000));
        for bad in [r#""""#, "300", r#""s""#, r#""-1s""#, r#""1.5h""#, r#""1w""#, r#""99999999999999d""#] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
        assert_eq!(read(r#""64MiB""#, bytes), Some(64 << 20));
        assert_eq!(read("4096", bytes), Some(4096));
        assert_eq!(read(r#""64MB""#, bytes), None);
        assert_eq!(read(r#""0B""#, bytes), None);
        assert_eq!(read(r#""off""#, duration_or_off), Some(None));
    }

    #[test]
    fn money_is_exact_or_refused() {
        let digits = |toml| read(toml, decimal).map(|d| d.to_string());
        assert_eq!(digits(r#""0.79""#), Some("0.79".into()));
        assert_eq!(digits("10"), Some("10".into()));
        assert_eq!(digits("0.79"), None);
        assert_eq!(digits(r#""1e3""#), None);
        assert_eq!(digits(r#""0.1234567890123456789""#), None);
        assert_eq!(read(r#""-1""#, amount), None);
        assert_eq!(read(r#""0""#, factor), None);
        assert_eq!(read(r#""-100""#, markup), None);
        assert!(read(r#""-99.9""#, markup).is_some());
        assert_eq!(read("101", discount), None);
    }

    #[test]
    fn instants_need_an_offset_and_zones_exist() {
        let at = Instant::from_seconds(1_777_932_000);
        assert_eq!(read(r#""2026-05-05T00:00:00+02:00""#, instant), Some(at));
        assert_eq!(read("2026-05-05T00:00:00+02:00", instant), Some(at));
        assert_eq!(read("2026-05-05T00:00:00", instant), None);
        assert_eq!(read("2026-05-05", instant), None);
        assert!(read("2026-05-05", day).is_some());
        assert!(read(r#""Europe/London""#, zone).is_some());
        assert_eq!(read(r#""Europe/Londn""#, zone), None);
    }
}

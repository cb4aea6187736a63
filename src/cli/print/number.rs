//! Counts, times and money as people read them. No floats.

use rust_decimal::{Decimal, RoundingStrategy};

/// A count with its thousands apart: `8,120,344`. Not by spaces: those are between columns.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds as `1h 05m`, `3m 20s`, `7s`.
pub(crate) fn duration(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m {rest:02}s"),
        _ => format!("{hours}h {minutes:02}m"),
    }
}

/// Seconds as `1:02:05`, `16:10`, `0:07`: to the second, for sums that somebody checks.
pub(super) fn clock(seconds: u64) -> String {
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{rest:02}") } else { format!("{minutes}:{rest:02}") }
}

/// A decimal string with four decimals, half-even; something smaller than they show keeps its digits, so that no cost
/// looks like none. `None` if it is no decimal.
pub(super) fn money(text: &str) -> Option<String> {
    let exact = Decimal::from_str_exact(text).ok()?;
    let rounded = exact.round_dp_with_strategy(4, RoundingStrategy::MidpointNearestEven);
    Some(if rounded.is_zero() && !exact.is_zero() {
        exact.normalize().to_string()
    } else {
        format!("{rounded:.4}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (count, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (8_120_344, "8,120,344")] {
            assert_eq!(grouped(count), text);
        }
        for (seconds, text) in
            [(0, "0s"), (59, "59s"), (60, "1m 00s"), (3599, "59m 59s"), (3600, "1h 00m"), (90_061, "25h 01m")]
        {
            assert_eq!(duration(seconds), text);
        }
        for (given, shown) in [
            ("0", Some("0.0000")),
            ("9.311907", Some("9.3119")),
            ("0.00005", Some("0.00005")),
            ("0.00025", Some("0.0002")),
            ("0.000000000001", Some("0.000000000001")),
            ("-1.5", Some("-1.5000")),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(money(given).as_deref(), shown, "{given}");
        }
    }
}

//! Money and hours, exact. Integers inside, decimal digits at the edges, floats nowhere.

use std::fmt;

/// Pico-USD (10^-12 USD).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub struct Usd(pub i128);

impl Usd {
    /// Adds, saturating.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for Usd {
    /// Decimal digits without exponent and without trailing zeros: `9.311907`, `0`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, 12, 0)
    }
}

impl fmt::Debug for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

/// An amount in the workspace's currency with the number of decimals it is sent with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    /// The amount times 10^`decimals`.
    pub units: i128,
    /// Decimals, 0 to 12.
    pub decimals: u32,
}

impl Amount {
    /// Rounds half to even.
    #[must_use]
    pub fn round(pico: i128, decimals: u32) -> Self {
        let unit = 10_i128.pow(12 - decimals.min(12));
        let (whole, rest) = (pico.div_euclid(unit), pico.rem_euclid(unit));
        let up = match (rest * 2).cmp(&unit) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => whole % 2 != 0,
            std::cmp::Ordering::Less => false,
        };
        Self { units: whole + i128::from(up), decimals: decimals.min(12) }
    }

    /// The next amount of a running sum that is sent in parts: what `exact` pico units, the next part included, round to,
    /// without the `sent` ones.
    #[must_use]
    pub fn next(exact: i128, sent: i128, decimals: u32) -> Self {
        let rest = Self::round(exact, decimals).pico() - sent;
        let next = Self::round(rest, decimals);
        // What was sent with more decimals than are left leaves a rest that cannot be sent: the nearest that can.
        if next.pico() == rest { next } else { Self::round(exact - sent, decimals) }
    }

    /// Parses plain decimal digits, with at most 12 decimals and an optional exponent as JSON numbers have it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            // A wider exponent cannot be held anyway, and would make the loops below long.
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok().filter(|e| (-40..=40).contains(e))?),
            None => (text, 0),
        };
        let (negative, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = [whole, fraction].concat();
        if all.is_empty() || all.len() > 30 || !all.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut units: i128 = all.parse().ok()?;
        let mut scale = i32::try_from(fraction.len()).ok()? - exponent;
        while scale < 0 {
            units = units.checked_mul(10)?;
            scale += 1;
        }
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        let decimals = u32::try_from(scale).ok().filter(|scale| *scale <= 12)?;
        Some(Self { units: if negative { -units } else { units }, decimals })
    }

    /// The amount times 10^12.
    #[must_use]
    pub fn pico(&self) -> i128 {
        self.units.saturating_mul(10_i128.pow(12 - self.decimals.min(12)))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.units, self.decimals, 0)
    }
}

/// Hours to two decimals, as Keito takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hours {
    /// Hundredths of an hour.
    pub hundredths: u64,
}

impl Hours {
    /// Seconds to hours, half to even at 0.01 (36 s).
    #[must_use]
    pub fn from_seconds(seconds: u64) -> Self {
        let (whole, rest) = (seconds / 36, seconds % 36);
        let up = rest > 18 || (rest == 18 && whole % 2 == 1);
        Self { hundredths: whole + u64::from(up) }
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, i128::from(self.hundredths), 2, 0)
    }
}

/// Prints `units` / 10^`decimals` with at least `least` decimals.
fn decimal(f: &mut fmt::Formatter<'_>, units: i128, decimals: u32, least: usize) -> fmt::Result {
    let scale = 10_u128.pow(decimals);
    let (whole, fraction) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    let width = usize::try_from(decimals).unwrap_or_default();
    let mut digits = if decimals == 0 { String::new() } else { format!("{fraction:0width$}") };
    while digits.len() > least && digits.ends_with('0') {
        digits.pop();
    }
    let sign = if units < 0 { "-" } else { "" };
    if digits.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_round_half_to_even_and_print_their_digits() {
        let cent = |pico| Amount::round(pico, 2).to_string();
        assert_eq!(cent(125_000_000_000), "0.12");
        assert_eq!(cent(135_000_000_000), "0.14");
        assert_eq!(cent(-125_000_000_000), "-0.12");
        assert_eq!(cent(1_000_000_000_000), "1");
        assert_eq!(Usd(9_311_907_000_000).to_string(), "9.311907");
    }

    #[test]
    fn parts_make_up_what_their_sum_rounds_to() {
        // Exact sums in tenths of the last digit, and what each part adds to what was sent.
        let sums = [4, 9, 15, 15, 25, 31];
        let mut sent = 0;
        let parts = sums.map(|tenths| {
            let next = Amount::next(tenths * 10_000_000, sent, 4);
            sent += next.pico();
            next.units
        });
        assert_eq!(parts, [0, 1, 1, 0, 0, 1]);
        // Two decimals are left after 0.0130 was sent.
        assert_eq!(Amount::next(25_000_000_000, 13_000_000_000, 2), Amount { units: 1, decimals: 2 });
        assert_eq!(Amount::next(14_000_000_000, 13_000_000_000, 2).units, 0);
    }

    #[test]
    fn a_json_number_keeps_its_digits() {
        let pico = |text| Amount::parse(text).map(|amount| amount.pico());
        assert_eq!(pico("0.135"), Some(135_000_000_000));
        assert_eq!(pico("1.5e-3"), Some(1_500_000_000));
        assert_eq!(pico("2E2"), Some(200_000_000_000_000));
        assert_eq!(pico("0.1350000000000000"), Some(135_000_000_000));
        assert_eq!(pico("0.0000000000001"), None);
        assert_eq!(pico("NaN"), None);
        assert_eq!(pico("0e2147483647"), None);
        assert_eq!(pico("1e-2147483648"), None);
    }

    #[test]
    fn hours_round_half_to_even_at_a_hundredth() {
        let hours = |seconds| Hours::from_seconds(seconds).to_string();
        assert_eq!((hours(17).as_str(), hours(18).as_str(), hours(54).as_str()), ("0", "0", "0.02"));
        assert_eq!((hours(90).as_str(), hours(3600).as_str()), ("0.02", "1"));
    }
}

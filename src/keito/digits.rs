//! Amounts from their digits, never through a float.

use rust_decimal::Decimal;

use crate::model::Amount;

/// An amount as its digits say. A server that adds in binary floating point prints tails such as
/// `0.30000000000000004`: what lies below 10^-12, where our money ends, is rounded half to even.
pub(super) fn amount(text: &str) -> Option<Amount> {
    Amount::parse(text).or_else(|| {
        let long = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()?;
        Amount::parse(&long.round_dp(12).to_string())
    })
}

/// A count: digits without a fraction, however they are written (`12`, `12.0`, `1.2e1`).
pub(super) fn count(text: &str) -> Option<u64> {
    let amount = Amount::parse(text).filter(|amount| amount.decimals == 0)?;
    u64::try_from(amount.units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_their_digits() {
        let read = |text| amount(text).map(|amount| amount.to_string());
        for (text, want) in [
            ("0.1", "0.1"),
            ("1e-3", "0.001"),
            ("12345678901234.5678", "12345678901234.5678"),
            ("0.135", "0.135"),
            ("-2.50", "-2.5"),
            ("0.30000000000000004", "0.3"),
            ("1.2345678901239e-3", "0.001234567890"),
        ] {
            let want = want.trim_end_matches('0');
            assert_eq!(read(text).as_deref(), Some(want), "{text}");
        }
        assert_eq!((read(""), read("NaN"), read("1e99"), read("0x1")), (None, None, None, None));
    }

    #[test]
    fn counts_are_whole() {
        assert_eq!((count("12500"), count("12500.0"), count("1e3")), (Some(12500), Some(12500), Some(1000)));
        assert_eq!((count("-1"), count("0.5"), count("1e30"), count("x")), (None, None, None, None));
    }
}

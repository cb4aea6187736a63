//! Amounts that logs name, without a float.

use serde_json::value::RawValue;

use crate::model::Usd;

/// Decimals of a pico-USD.
const DECIMALS: i32 = 12;

/// USD as the log spells them, rounded to a pico-USD: agents add floats up, so the last digits are noise. `None` if it
/// is no number, negative, or no amount that a request could cost.
pub(super) fn usd(number: Option<&RawValue>) -> Option<Usd> {
    decimal(number?.get())
}

/// The same of digits.
pub(super) fn decimal(text: &str) -> Option<Usd> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-40..=10).contains(exponent))?;
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = || whole.bytes().chain(decimals.bytes());
    if whole.is_empty() || !all().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    // How many of the digits stand for a pico-USD or more.
    let kept = i32::try_from(whole.len()).ok()? + DECIMALS + exponent;
    let (mut pico, mut up) = (0_i128, false);
    for (place, digit) in (0..).zip(all().map(|digit| i128::from(digit - b'0'))) {
        if place < kept {
            pico = pico.checked_mul(10)?.checked_add(digit)?;
        } else if place == kept {
            up = digit >= 5;
        }
    }
    let missing = kept - i32::try_from(whole.len() + decimals.len()).ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(missing.max(0)).ok()?)?;
    let pico = pico.checked_mul(scale)? + i128::from(up);
    (pico < 1_000_000 * 10_i128.pow(12)).then_some(Usd(pico))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_pico_usd() {
        let cases = [
            ("0", Some(0)),
            ("0.0054524", Some(5_452_400_000)),
            ("0.017075800000000002", Some(17_075_800_000)),
            ("0.0000000000005", Some(1)),
            ("0.00000000000049", Some(0)),
            ("12", Some(12_000_000_000_000)),
            ("1e-6", Some(1_000_000)),
            ("2.5E-7", Some(250_000)),
            ("1e-39", Some(0)),
            ("1e3", Some(1_000_000_000_000_000)),
            ("1e7", None),
            ("99999999999999999999999999999999999999999999", None),
            ("-1", None),
            ("\"1\"", None),
            ("true", None),
        ];
        for (text, expected) in cases {
            let raw: &RawValue = serde_json::from_str(text).unwrap();
            assert_eq!(usd(Some(raw)), expected.map(Usd), "{text}");
        }
        assert_eq!(usd(None), None);
    }
}

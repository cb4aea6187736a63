//! A JSON number that keeps the digits it came with.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::fmt;
use std::str::FromStr;

/// A JSON number: its value and its exact digits. Lists answer with the digits, so a client's test sees what it sent.
#[derive(Clone)]
pub struct Number {
    digits: Box<RawValue>,
    value: Decimal,
}

impl Number {
    /// Takes the digits of a JSON number; `None` for another JSON value or more than 28 significant digits.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let digits = RawValue::from_string(digits.trim().to_owned()).ok()?;
        let value = match digits.get() {
            text if text.contains(['e', 'E']) => Decimal::from_scientific(text),
            text => Decimal::from_str(text),
        };
        Some(Self { value: value.ok()?, digits })
    }

    /// A number from a value, its digits without trailing zeros, as JavaScript prints them.
    #[must_use]
    pub fn of(value: Decimal) -> Self {
        let value = value.normalize();
        Self { digits: RawValue::from_string(value.to_string()).unwrap_or_default(), value }
    }

    /// The digits as received.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.digits.get()
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Decimal {
        self.value
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.digits.serialize(serializer)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.digits())
    }
}

impl PartialEq for Number {
    /// Equal digits, not equal values: `0.10` is not `0.1` here, because the point is what was sent.
    fn eq(&self, other: &Self) -> bool {
        self.digits() == other.digits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive_and_other_values_are_refused() {
        for text in ["0.1350", "12", "-1", "1.5e-3", "0.30000000000000004"] {
            assert_eq!(Number::parse(text).unwrap().digits(), text);
        }
        assert_eq!(Number::parse("1.5e-3").unwrap().value().to_string(), "0.0015");
        for text in ["\"1\"", "null", "NaN", "01", "", "true", "1e400"] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
        assert_eq!(Number::of(Decimal::new(2500, 3)).digits(), "2.5");
    }
}

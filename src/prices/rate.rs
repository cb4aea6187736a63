//! Rates and factors as integers: pico-USD a token, never a float.

use std::fmt;

use crate::model::{Amount, Tokens};

/// What a rate is for. The token classes come in the order of [`Tokens::classes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Prompt tokens that were not cached.
    Input,
    /// Prompt tokens read from a cache.
    CacheRead,
    /// Prompt tokens written to a cache for five minutes.
    CacheWrite5m,
    /// Prompt tokens written to a cache for an hour.
    CacheWrite1h,
    /// Tokens of the answer.
    Output,
    /// Tokens of the answer that were reasoning, where a vendor has a rate of its own for them.
    Reasoning,
    /// Web searches, by call.
    WebSearch,
}

impl Class {
    /// The token classes.
    pub const TOKENS: [Self; 5] =
        [Self::Input, Self::CacheRead, Self::CacheWrite5m, Self::CacheWrite1h, Self::Output];

    /// The name in the table and in the config.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheWrite5m => "cache_write_5m",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::WebSearch => "web_search",
        }
    }
}

/// The price of one token in pico-USD, which is USD per million tokens times 10^6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

impl Rate {
    /// Parses USD per million tokens; `None` if it is no price or has more than six decimals.
    #[must_use]
    pub fn per_million(text: &str) -> Option<Self> {
        scaled(text, 6).map(Self)
    }

    /// Pico-USD a token.
    #[must_use]
    pub fn pico(self) -> i128 {
        i128::from(self.0)
    }
}

impl fmt::Display for Rate {
    /// USD per million tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Amount { units: self.pico(), decimals: 6 }.fmt(f)
    }
}

impl fmt::Debug for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}/M")
    }
}

/// The price of one call in pico-USD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fee(u64);

impl Fee {
    /// No fee.
    pub const FREE: Self = Self(0);

    /// Parses USD per thousand calls.
    #[must_use]
    pub fn per_thousand(text: &str) -> Option<Self> {
        scaled(text, 9).map(Self)
    }

    /// Pico-USD a call.
    #[must_use]
    pub fn pico(self) -> i128 {
        i128::from(self.0)
    }
}

impl fmt::Display for Fee {
    /// USD a call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::model::Usd(self.pico()).fmt(f)
    }
}

/// A factor on all token classes, as a fraction: 11/10 for +10 %.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Factor {
    over: u64,
    under: u64,
}

impl Factor {
    /// No change.
    pub const ONE: Self = Self { over: 1, under: 1 };

    /// Parses a decimal such as `1.1`; at most six decimals, at most 1000.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        scaled(text, 6)
            .filter(|over| *over <= 1_000_000_000)
            .map(|over| Self { over, under: 1_000_000 }.reduced())
    }

    /// What remains after a discount: `10` is 9/10. `None` outside 0 to 100 or with more than four decimals.
    #[must_use]
    pub fn discount_percent(text: &str) -> Option<Self> {
        let off = scaled(text, 4).filter(|off| *off <= 1_000_000)?;
        Some(Self { over: 1_000_000 - off, under: 1_000_000 }.reduced())
    }

    /// Both factors. Each side stays below 10^9 and at most three are combined, so nothing overflows.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self { over: self.over.saturating_mul(other.over), under: self.under.saturating_mul(other.under) }
            .reduced()
    }

    /// The factor on an amount, half to even at a pico-USD.
    #[must_use]
    pub fn apply(self, pico: i128) -> i128 {
        let (product, under) = (pico.saturating_mul(i128::from(self.over)), i128::from(self.under));
        let (whole, rest) = (product.div_euclid(under), product.rem_euclid(under));
        let up = match (rest * 2).cmp(&under) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => whole % 2 != 0,
            std::cmp::Ordering::Less => false,
        };
        whole + i128::from(up)
    }

    fn reduced(self) -> Self {
        let (mut a, mut b) = (self.over, self.under);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1);
        Self { over: self.over / common, under: self.under / common }
    }
}

impl fmt::Display for Factor {
    /// `1.1`, or a fraction if it has no short decimal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scaled = u128::from(self.over) * 1_000_000_000_000;
        if scaled % u128::from(self.under) == 0 {
            let units = i128::try_from(scaled / u128::from(self.under)).unwrap_or(i128::MAX);
            return crate::model::Usd(units).fmt(f);
        }
        write!(f, "{}/{}", self.over, self.under)
    }
}

impl fmt::Debug for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.over, self.under)
    }
}

/// Rates by token class; a class without a rate makes a request that needs it unpriced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rates {
    classes: [Option<Rate>; 5],
    reasoning: Option<Rate>,
}

impl Rates {
    /// In the order of [`Class::TOKENS`]; reasoning costs what output costs.
    #[must_use]
    pub fn new(classes: [Option<Rate>; 5]) -> Self {
        Self { classes, reasoning: None }
    }

    /// The same with a rate of its own for reasoning.
    #[must_use]
    pub fn with_reasoning(self, reasoning: Option<Rate>) -> Self {
        Self { reasoning, ..self }
    }

    /// These rates, and `under` where there is none. A rate for output is one for reasoning too.
    #[must_use]
    pub fn or(self, under: Self) -> Self {
        let mut classes = self.classes;
        for (rate, other) in classes.iter_mut().zip(under.classes) {
            *rate = rate.or(other);
        }
        let output = Self::new(self.classes).get(Class::Output);
        let reasoning = if output.is_some() { self.reasoning } else { self.reasoning.or(under.reasoning) };
        Self { classes, reasoning }
    }

    /// Whether no class has a rate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.iter().all(Option::is_none)
    }

    /// The rate of a class.
    #[must_use]
    pub fn get(&self, class: Class) -> Option<Rate> {
        self.iter().find(|(other, _)| *other == class).map(|(_, rate)| rate)
    }

    /// The classes that have a rate.
    pub fn iter(&self) -> impl Iterator<Item = (Class, Rate)> {
        let reasoning = self.reasoning.map(|rate| (Class::Reasoning, rate));
        Class::TOKENS
            .into_iter()
            .zip(self.classes)
            .filter_map(|(class, rate)| Some((class, rate?)))
            .chain(reasoning)
    }

    /// Class, tokens and rate of every class that holds tokens; the class if one of them has no rate. Each token is
    /// in one class.
    pub fn lines(&self, tokens: &Tokens) -> impl Iterator<Item = Result<(Class, u64, Rate), Class>> {
        let apart = if self.reasoning.is_some() { tokens.reasoning.min(tokens.output) } else { 0 };
        let mut counts = tokens.classes();
        counts[4] -= apart;
        let all = Class::TOKENS.into_iter().zip(self.classes).zip(counts);
        let reasoning = std::iter::once(((Class::Reasoning, self.reasoning), apart));
        all.chain(reasoning)
            .filter(|(_, count)| *count > 0)
            .map(|((class, rate), count)| rate.map(|rate| (class, count, rate)).ok_or(class))
    }
}

/// A decimal times 10^`digits` as an integer; `None` if it is negative, not a number, or has more decimals.
fn scaled(text: &str, digits: u32) -> Option<u64> {
    let amount = Amount::parse(text)?;
    let shift = digits.checked_sub(amount.decimals)?;
    u64::try_from(amount.units.checked_mul(10_i128.pow(shift))?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_an_exact_integer_or_refused() {
        let rate = |text| Rate::per_million(text).map(Rate::pico);
        assert_eq!(rate("0.003625"), Some(3_625));
        assert_eq!(rate("15"), Some(15_000_000));
        assert_eq!(rate("0"), Some(0));
        assert_eq!((rate("0.0000001"), rate("-1"), rate("1,5"), rate("")), (None, None, None, None));
        assert_eq!(Fee::per_thousand("10").map(Fee::pico), Some(10_000_000_000));
        assert_eq!(Rate::per_million("3.750").map(|rate| rate.to_string()), Some("3.75".into()));
    }

    #[test]
    fn a_factor_rounds_half_to_even_once() {
        let half = Factor::parse("0.5").unwrap();
        assert_eq!((half.apply(1), half.apply(3), half.apply(-1), half.apply(5)), (0, 2, 0, 2));
        let both = Factor::parse("1.1").unwrap().times(half);
        assert_eq!((both.apply(100), both.to_string()), (55, "0.55".into()));
        assert_eq!(Factor::discount_percent("10").map(|f| f.apply(1000)), Some(900));
        assert_eq!((Factor::discount_percent("101"), Factor::parse("-1")), (None, None));
    }
}

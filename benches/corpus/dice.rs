//! Chance that is the same for the same seed.

use keitod::model::Instant;

/// Draws numbers, names and instants.
pub struct Dice(fastrand::Rng);

impl Dice {
    /// A source of its own for the session of this number: sessions do not depend on how many others there are.
    pub fn of(seed: u64, session: u64) -> Self {
        let mut first = fastrand::Rng::with_seed(seed);
        Self(fastrand::Rng::with_seed(first.u64(..) ^ session.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// Below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end.max(1))
    }

    /// From `low` to `high`, both included.
    pub fn within(&mut self, low: u64, high: u64) -> u64 {
        self.0.u64(low..=high)
    }

    /// True in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A size with a long tail: half of them are under `median`, a tenth is over six times, one in a thousand over
    /// sixty times that.
    pub fn size(&mut self, median: u64) -> u64 {
        let doublings = match self.below(1000) {
            0 => 6,
            1..10 => 5,
            10..40 => 4,
            40..100 => 3,
            100..250 => 2,
            250..500 => 1,
            500..800 => return self.within(median / 4, median),
            _ => return self.within(median / 16, median / 4),
        };
        self.within(median << (doublings - 1), median << doublings)
    }

    /// Lower-case hexadecimal digits.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.0.u64(..)));
        }
        text.truncate(digits);
        text
    }

    /// A random UUID.
    pub fn uuid(&mut self) -> String {
        let hex = self.hex(30);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..30])
    }

    /// The instant some seconds later.
    pub fn later(&mut self, at: Instant, low: u64, high: u64) -> Instant {
        at.plus(std::time::Duration::from_millis(self.within(low * 1000, high * 1000)))
    }

    /// One of these.
    pub fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }
}

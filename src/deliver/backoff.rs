//! How long to wait before the next attempt.

use std::time::Duration;

/// Limits of the wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Upper bound of the first wait.
    pub base: Duration,
    /// Upper bound of every wait.
    pub max: Duration,
}

/// Full jitter: a random part of min(max, base · 2^attempts). `random` is uniform over all of u32.
///
/// The schedule itself is stored with the write before anybody sleeps, so a crash loop cannot hammer the server; that
/// is why no crate that counts attempts in memory does this.
#[must_use]
pub fn delay(backoff: Backoff, attempts: u32, random: u32) -> Duration {
    let bound = backoff.base.saturating_mul(1 << attempts.min(20)).min(backoff.max);
    let millis = bound.as_millis() * u128::from(random) / u128::from(u32::MAX);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_its_bound() {
        let backoff = Backoff { base: Duration::from_secs(2), max: Duration::from_secs(900) };
        let longest: Vec<u64> =
            [0, 1, 5, 9, 40].iter().map(|n| delay(backoff, *n, u32::MAX).as_secs()).collect();
        assert_eq!(longest, [2, 4, 64, 900, 900]);
        assert_eq!(delay(backoff, 9, 0), Duration::ZERO);
    }
}

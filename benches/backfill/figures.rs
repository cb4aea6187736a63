//! Numbers as they are printed.

use std::time::Duration;

/// `a / b` with two digits.
pub fn ratio(a: u128, b: u128) -> String {
    let hundredths = (a * 100 + b / 2) / b.max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Of two durations.
pub fn times(a: Duration, b: Duration) -> String {
    ratio(a.as_nanos(), b.as_nanos())
}

/// KiB as MiB.
pub fn mib(kib: u64) -> String {
    ratio(kib.into(), 1024)
}

/// Smallest, middle and largest of some values.
pub fn spread<T: Copy + Ord>(values: &[T]) -> (T, T, T) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    (sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1])
}

/// The spread of the ratios of pairs that were measured in turn.
pub fn pairs(pairs: &[(Duration, Duration)]) -> String {
    let parts: Vec<u128> = pairs.iter().map(|(a, b)| a.as_nanos() * 1000 / b.as_nanos().max(1)).collect();
    let (low, middle, high) = spread(&parts);
    format!("{} ({} … {})", ratio(middle, 1000), ratio(low, 1000), ratio(high, 1000))
}

/// A part of a hundred with two digits.
pub fn percent(part: u64, whole: u64) -> String {
    ratio(u128::from(part) * 100, whole.into())
}

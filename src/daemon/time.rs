//! The only place that reads clocks and makes randomness.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Instant;

/// Now, by the system's clock.
#[must_use]
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Now, as the runtime counts.
#[must_use]
pub fn tokio_now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// Uniform over all of u32, for jitter alone.
#[must_use]
pub fn random() -> u32 {
    fastrand::u32(..)
}

/// A clock that only goes forward, in milliseconds from its making.
#[derive(Debug, Clone, Copy)]
pub struct Monotonic(std::time::Instant);

impl Monotonic {
    /// Starts at zero.
    #[must_use]
    pub fn new() -> Self {
        Self(std::time::Instant::now())
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn millis(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for Monotonic {
    fn default() -> Self {
        Self::new()
    }
}

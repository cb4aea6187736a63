//! The only place that reads clocks and makes randomness.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::deliver::Clocks;
use crate::model::{Instant, hash64};

/// Now, by the system's clock: for what is shown.
#[must_use]
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Instant::from_millis(millis.saturating_add(super::hooks::clock_skew()))
}

/// Both clocks at one moment: for what waits.
#[must_use]
pub fn clocks() -> Clocks {
    loop {
        let before = steady();
        let wall = now();
        let steady = steady();
        // Stopped between the two, they would seem to have parted.
        if steady.saturating_sub(before) < 100 {
            return Clocks { wall, steady, boot: *BOOT };
        }
    }
}

#[cfg(target_os = "linux")]
const STEADY: ClockId = ClockId::Boottime;
/// Elsewhere the monotonic clock goes on while the machine sleeps.
#[cfg(not(target_os = "linux"))]
const STEADY: ClockId = ClockId::Monotonic;

/// Milliseconds since the machine started, its sleep included.
#[must_use]
pub fn steady() -> u64 {
    let at = clock_gettime(STEADY);
    let millis = i128::from(at.tv_sec) * 1000 + i128::from(at.tv_nsec) / 1_000_000;
    u64::try_from(millis).unwrap_or(0)
}

/// Which start of the machine this is. A time namespace has a steady clock of its own (time_namespaces(7)). Where the
/// system gives no name to its starts, each process is a start of its own.
static BOOT: LazyLock<u64> = LazyLock::new(|| {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").ok();
    let space = std::fs::read_link("/proc/self/ns/time").unwrap_or_default();
    match id {
        Some(id) => hash64(&[b"boot", &id, space.as_os_str().as_encoded_bytes()]),
        None => fastrand::u64(..),
    }
});

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

/// A clock that only goes forward, in milliseconds from its making; the machine's sleep counts.
#[derive(Debug, Clone, Copy)]
pub struct Monotonic(u64);

impl Monotonic {
    /// Starts at zero.
    #[must_use]
    pub fn new() -> Self {
        Self(steady())
    }

    /// Milliseconds since the start.
    #[must_use]
    pub fn millis(&self) -> u64 {
        steady().saturating_sub(self.0)
    }
}

/// Measures how long a piece of work takes, where milliseconds are too coarse.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self(std::time::Instant::now())
    }

    /// Since then.
    #[must_use]
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

impl Default for Monotonic {
    fn default() -> Self {
        Self::new()
    }
}

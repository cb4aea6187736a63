//! The demo's sample sessions: what is in their files, and what arrives of them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panic too"
)]

mod arrive;
mod decode;

use keitod::model::Instant;

/// Noon of a day that is over, so that all is on one day.
fn noon() -> Instant {
    Instant::parse("2025-11-19T12:00:00Z").unwrap()
}

/// Three minutes after a midnight in Auckland.
fn after_midnight() -> Instant {
    Instant::parse("2025-11-20T00:03:00+13:00").unwrap()
}

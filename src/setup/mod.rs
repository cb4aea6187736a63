//! Set-up and its checks.

pub mod samples;

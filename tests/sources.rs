//! The sources against logs that real programs wrote, of which each request is known.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panic too"
)]

#[path = "sources/claude_code.rs"]
mod claude_code;

#[path = "sources/decoders.rs"]
mod decoders;

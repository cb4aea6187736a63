//! The embedded Keito over real HTTP: what it answers, what it stores, how it fails on demand, what its page shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod access;
mod client;
mod delivery;
mod expenses;
mod faults;
mod lists;
mod page;
mod time;

//! The machine under the program fails: the disk is full, writes and syncs fail, the power goes. After each, every
//! request and every second is at Keito once.
//!
//! ```text
//! KEITOD_FAULTS=50 KEITOD_SEED=7 cargo test --test faults -- --nocapture
//! ```
//!
//! `KEITOD_CALLS=1` kills it at every call of a kind instead of at a few. `KEITOD_FAULTS` (default 3) says how many rounds of each, `KEITOD_SEED` (default 1) where they strike. Most need root
//! and Linux; without them they are skipped and say so.

#![cfg(target_os = "linux")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it saw, ends where it must, and shares its helpers with another"
)]

#[path = "../daemon/keito.rs"]
mod keito;
#[path = "../daemon/lines.rs"]
mod lines;
#[path = "../daemon/place.rs"]
mod place;

mod calls;
mod errors;
mod full;
mod limits;
mod mounted;
mod power;
mod readonly;
mod world;

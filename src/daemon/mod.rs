//! Wiring, clock, signals, shutdown. No rule lives here.

pub mod clerk;

//! Wiring, clock, signals, shutdown. No rule lives here.

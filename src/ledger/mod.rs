//! The pure core: facts → requests, spans, days, records that are due. Takes `now`; knows no I/O and no clock.

pub mod admitted;
pub mod basis;
pub mod days;
pub mod due;
mod entries;
mod expenses;
pub mod format;
pub mod held;
pub mod identity;
pub mod overlap;
pub mod owner;
pub mod spans;
pub mod stretches;
pub mod waiting;

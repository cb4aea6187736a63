//! Reports: what the agents did, in time, tokens and cost, over any keys. Values alone: where the rows come
//! from, what a price or a link is, and how a report is printed, others know.

mod build;
mod by;
mod days;
pub mod explained;
mod group;
mod json;
mod kept;
mod rows;
mod rules;
mod sessions;
mod sums;
mod time;

pub use build::{Report, Row, cost_of};
pub use by::{By, Filter, NotAKey};
pub use days::DayCache;
pub use kept::KeptDay;
pub use rows::{Billed, IdleRow, Names, PinnedRow, RequestRow, Rows, SessionName, SpanRow};
pub use rules::{Place, Rules};
pub use sessions::{SessionLine, SessionList, TokenCounts};
pub use sums::{Qualities, Sums, Time};

#[cfg(test)]
mod kept_tests;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

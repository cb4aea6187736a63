//! Reports: what the agents did, in time, tokens and cost, over any keys. Values and their tables; where the rows come
//! from and what a price or a link is, others know.

mod build;
mod by;
mod csv;
mod days;
mod group;
mod json;
mod rows;
mod rules;
mod sessions;
mod style;
mod sums;
mod table;
mod time;

pub use build::{Report, Row};
pub use by::{By, ByError, Filter, parse_by};
pub use days::DayCache;
pub use rows::{Billed, IdleRow, Names, PinnedRow, RequestRow, Rows, SessionName, SpanRow};
pub use rules::{Place, Rules};
pub use sessions::{SessionLine, SessionList, TokenCounts};
pub use style::{Style, duration, grouped, plain};
pub(crate) use style::{cell, minute, new_table, number};
pub use sums::{Qualities, Sums, Time};

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

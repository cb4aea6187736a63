//! What a report asks of the configuration in force.

use std::sync::Arc;

use super::RequestRow;
use crate::ledger::days::Calendar;
use crate::model::{DirRef, Instant, SessionRef, Usd};

/// Where a directory's work goes. Cheap to clone: one is asked for with every span.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// Keito project; `None`: no link.
    pub project: Option<Arc<str>>,
    /// The repository's own `min_duration_seconds`.
    pub min_seconds: Option<u64>,
    /// The repository's own `max_duration_seconds`.
    pub max_seconds: Option<u64>,
}

/// The rules of a report. The functions are asked once per row, so they should remember their answers.
pub struct Rules<'a> {
    /// Local days.
    pub calendar: &'a Calendar,
    /// `time.min_seconds`.
    pub min_seconds: u64,
    /// `time.max_seconds`.
    pub max_seconds: Option<u64>,
    /// The price of a request's tokens; `None`: unpriced. A request whose billed tokens grew is asked for twice, the
    /// second time with the tokens that are billed.
    pub price: &'a dyn Fn(&RequestRow) -> Option<Usd>,
    /// Where the work in a directory goes that no record holds yet.
    pub place_of: &'a dyn Fn(Option<DirRef>, SessionRef, Instant) -> Place,
    /// A project's name in Keito, if the catalogue is known.
    pub project_name: &'a dyn Fn(&str) -> Option<String>,
}

//! Values of a row.

use super::cost;
use super::loose::Count;
use super::stamp;
use crate::model::{Cell, Facts, Instant, Reject, RejectReason, Tokens, Usd};

/// Text that holds anything.
pub(super) fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// A token count.
pub(super) fn count(cell: &Cell) -> Count {
    match cell {
        Cell::Null => Count::Absent,
        Cell::Integer(count) => match u64::try_from(*count) {
            Ok(count) if count <= Tokens::MAX_PER_CLASS => Count::Is(count),
            _ => Count::Bad,
        },
        _ => Count::Bad,
    }
}

/// Whether it is SQLite's true.
pub(super) fn flag(cell: &Cell) -> bool {
    *cell == Cell::Integer(1)
}

/// An instant as a number since the Unix epoch, of a unit that its magnitude tells.
pub(super) fn instant(cell: &Cell) -> Option<Instant> {
    match cell {
        Cell::Integer(number) => stamp::by_magnitude(&number.to_string()),
        Cell::Real(number) => stamp::by_magnitude(number),
        _ => None,
    }
}

/// An amount of USD.
pub(super) fn usd(cell: &Cell) -> Option<Usd> {
    match cell {
        Cell::Integer(whole) => cost::decimal(&whole.to_string()),
        Cell::Real(number) => cost::decimal(number),
        _ => None,
    }
}

/// Counts a row that cannot be read.
pub(super) fn settle(read: Result<(), RejectReason>, facts: &mut Facts) {
    if let Err(reason) = read {
        facts.rejects.push(Reject { offset: 0, length: 0, reason });
    }
}

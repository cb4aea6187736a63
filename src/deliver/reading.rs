//! Is a listing whole? (design section 7: a listing counts as a reading only if …)

use std::collections::BTreeSet;

use crate::coverage::Listed;
use crate::model::Day;

/// A paged listing as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// All rows of all pages, in the order they came.
    pub rows: Vec<Listed>,
    /// `total_entries` of each page.
    pub totals: Vec<u64>,
    /// Rows that had no id.
    pub unreadable: u64,
}

/// The rows, each id once, if the listing is whole: every page names the same total, the distinct rows are as many,
/// and all are inside the asked range. `None`: it proves nothing.
#[must_use]
pub fn judge(reading: &Reading, from: Day, to: Day) -> Option<Vec<Listed>> {
    let mut seen = BTreeSet::new();
    let rows: Vec<Listed> = reading.rows.iter().filter(|row| seen.insert(row.id.clone())).cloned().collect();
    let total = *reading.totals.first()?;
    let whole = reading.unreadable == 0
        && reading.totals.iter().all(|other| *other == total)
        && rows.len() as u64 == total
        && rows.iter().all(|row| row.day >= from && row.day <= to);
    whole.then_some(rows)
}

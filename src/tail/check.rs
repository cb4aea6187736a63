//! Whether a file is to be read, asked of its bytes and not of its `stat` alone.

use super::cursor::{Cursor, Verdict, judge};
use super::open::Root;
use super::scan::Found;
use super::trail::observe;

/// Whether the file is not what its cursor says, though size and time may be: bytes were exchanged and the time set
/// back, or two writes fell into one tick of the file system's clock. Opens the file and reads 4.5 KiB at most, so it
/// is for the most recent files. A file that cannot be looked at counts as changed: reading it says why.
#[must_use]
pub fn has_changed(root: &Root, found: &Found, cursor: &Cursor) -> bool {
    if !cursor.is_unchanged(&found.stat) {
        return true;
    }
    let Ok(file) = root.open_file(found.relative()) else { return true };
    observe(&file, cursor).map_or(true, |seen| judge(cursor, Some(&seen)) != Verdict::Unchanged)
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;

//! Row 11: what is read a second time after SIGKILL in the middle of a backfill.

use std::path::Path;
use std::time::Duration;

use crate::common::Place;
use crate::common::process::{bytes_read, signal, whole};
use crate::figures;

/// Prints the row.
pub fn measure(home: &Path, bytes: u64) {
    let whole = whole(Place::over(home).keitod(&["run", "--once"]));
    let mut again = Vec::new();
    for part in 1..=5 {
        let place = Place::over(home);
        let mut child = place.keitod(&["run", "--once"]).spawn().unwrap();
        std::thread::sleep(whole.wall * part / 6);
        // Stopped first, so that what it has read is what it had read when it died.
        signal(&child, "STOP");
        std::thread::sleep(Duration::from_millis(20));
        let read = bytes_read(child.id());
        signal(&child, "KILL");
        child.wait().unwrap();
        let Ok(database) = rusqlite::Connection::open(place.path("state/keitod.db")) else { continue };
        let kept =
            database.query_row("SELECT coalesce(sum(offset), 0) FROM file", [], |row| row.get::<_, i64>(0));
        let Ok(kept) = kept else { continue };
        again.push(read.saturating_sub(u64::try_from(kept).unwrap()));
    }
    if again.is_empty() {
        return println!("row 11 after SIGKILL: no kill hit the middle");
    }
    let (low, middle, high) = figures::spread(&again);
    println!(
        "row 11 read and not kept at a SIGKILL in the middle: {} MB ({} … {}; of {} MB; with what SQLite and the start read)",
        figures::ratio(middle.into(), 1_000_000),
        figures::ratio(low.into(), 1_000_000),
        figures::ratio(high.into(), 1_000_000),
        bytes / 1_000_000
    );
}

//! Row 4: a daemon that has read everything and has nothing to do.

use std::path::Path;
use std::time::{Duration, Instant};

use keitod::server::{Client, Question};

use crate::common::Place;
use crate::common::process::{signal, status, switches, ticks};
use crate::figures;

/// For what is put off a little after the last read, and for threads that wait ten seconds for more work.
const CALM: Duration = Duration::from_secs(20);

/// Waits until all is read.
pub fn caught_up(place: &Place, within: Duration) -> Duration {
    let (client, begun) = (Client::new(&place.socket()), Instant::now());
    loop {
        let told = client.ask(&Question::Status).ok();
        let status = told.and_then(|told| serde_json::from_slice::<serde_json::Value>(&told).ok());
        if status.is_some_and(|status| status["caught_up"] == true) {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < within, "the daemon does not catch up");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Prints the row.
pub fn measure(home: &Path, watched: Duration) {
    let place = Place::over(home);
    let mut child = place.keitod(&["run"]).spawn().unwrap();
    caught_up(&place, Duration::from_secs(600));
    let pid = child.id();
    std::thread::sleep(CALM);
    let peak = status(pid, "VmHWM").unwrap();
    let before = (switches(pid), ticks(pid));
    std::thread::sleep(watched);
    let after = (switches(pid), ticks(pid));
    let switched: u64 = after.0.iter().map(|(thread, now)| now - before.0.get(thread).unwrap_or(&0)).sum();
    let resident = status(pid, "VmRSS").unwrap();
    let parts = ["RssAnon", "RssFile"].map(|part| figures::mib(status(pid, part).unwrap_or(0)));
    println!(
        "row 4  idle for {watched:?}: {} MiB resident ({} anonymous, {} of files; {} at most), {} context switches, {} ticks, {} threads",
        figures::mib(resident),
        parts[0],
        parts[1],
        figures::mib(peak),
        switched,
        after.1 - before.1,
        status(pid, "Threads").unwrap(),
    );
    signal(&child, "TERM");
    child.wait().unwrap();
}

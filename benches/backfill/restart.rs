//! Row 9: a start with everything known and nothing new.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::common::Place;
use crate::common::process::{signal, whole};
use crate::figures;
use crate::idle::caught_up;

const STARTS: usize = 9;

/// Prints the row.
pub fn measure(home: &Path) {
    let place = Place::over(home);
    whole(place.keitod(&["run", "--once"]));
    let (mut ready, mut read) = (Vec::new(), Vec::new());
    let mut files = 0;
    for _ in 0..STARTS {
        let begun = Instant::now();
        files = 0;
        crate::walk(home, &mut |_, _| files += 1);
        let plain = begun.elapsed();
        let _ = fs::remove_file(place.notify());
        let told = UnixDatagram::bind(place.notify()).unwrap();
        told.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let begun = Instant::now();
        let mut child = place.keitod(&["run"]).env("NOTIFY_SOCKET", place.notify()).spawn().unwrap();
        let mut words = [0; 4096];
        while !told.recv(&mut words).is_ok_and(|length| words[..length].starts_with(b"READY=1")) {
            assert!(begun.elapsed() < Duration::from_secs(60), "never ready");
        }
        ready.push((begun.elapsed(), plain));
        caught_up(&place, Duration::from_secs(60));
        read.push((begun.elapsed(), plain));
        signal(&child, "TERM");
        child.wait().unwrap();
    }
    let median = |pairs: &[(Duration, Duration)]| figures::spread(pairs).1.0;
    println!(
        "row 9  restart with {files} known files, to READY: {} x walk + stat (median {:.1?}); to caught up: {} x ({:.1?})",
        figures::pairs(&ready),
        median(&ready),
        figures::pairs(&read),
        median(&read),
    );
}

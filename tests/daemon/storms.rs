//! More changes than can be told, and roots that come and go. The next scan is a minute away, further than the tests
//! wait, so what shows has come by events and by what answers their loss.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use rustix::process::{Pid, Signal, kill_process};

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, until};

const COUNTS: Counts = Counts { input: 7, cache_read: 0, write_5m: 0, write_1h: 0, output: 3 };

#[test]
fn more_writes_than_the_kernel_queues_lose_nothing() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talks = [Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work")];
    place.append("a", &talks[0].exchange());
    place.append("b", &talks[1].exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 2).then_some(()));
    let pid = Pid::from_raw(i32::try_from(service.child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    let text: Vec<String> = talks
        .iter_mut()
        .map(|talk| (1..=30).map(|step| talk.answer(180 + step, COUNTS)).collect())
        .collect();
    let open = |name: &str| OpenOptions::new().append(true).open(place.log_of(name)).unwrap();
    let mut files = [open("a"), open("b")];
    // Alternating, byte by byte: repeated events of one file would be merged by the kernel.
    let mut writes = 0;
    for at in 0..text[0].len().max(text[1].len()) {
        for (file, text) in files.iter_mut().zip(&text) {
            if let Some(byte) = text.as_bytes().get(at) {
                file.write_all(&[*byte]).unwrap();
                writes += 1;
            }
        }
    }
    assert!(writes > 16_384, "{writes} writes do not overflow the queue");
    // A file of which no event can have been queued any more.
    place.append("late", &Talk::new(3, "/home/dev/work").exchange());
    kill_process(pid, Signal::CONT).unwrap();
    until("everything is found", || (service.requests() == 63).then_some(()));
}

#[test]
fn a_line_written_byte_by_byte_counts_once() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let mut talk = Talk::new(1, "/home/dev/work");
    place.append("slow", &talk.exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 1).then_some(()));
    let line = talk.answer(180, COUNTS);
    let (last, bytes) = line.as_bytes().split_last().unwrap();
    for byte in bytes {
        place.append("slow", std::str::from_utf8(&[*byte]).unwrap());
    }
    service.flush();
    assert_eq!(service.requests(), 1, "half a line was counted");
    place.append("slow", std::str::from_utf8(&[*last]).unwrap());
    until("the line shows", || (service.requests() == 2).then_some(()));
    assert_eq!(service.get("/v1/report")["totals"]["output_tokens"], 103);
}

#[test]
fn a_root_that_is_removed_and_made_again_is_read_again() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("before", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 1).then_some(()));
    for round in 2..5 {
        fs::remove_dir_all(place.path(".claude/projects")).unwrap();
        place.append("after", &Talk::new(round, "/home/dev/work").exchange());
        until("the new root is read", || (service.requests() == round).then_some(()));
    }
}

#[test]
fn without_any_events_a_scan_finds_all() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let path = place.path("keitod.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}\n[tail]\nwatcher = \"off\"\nscan = \"1s\"\nscan_max = \"1s\"\n")).unwrap();
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("the history is read", || (service.requests() == 1).then_some(()));
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    until("the scan finds it", || (service.requests() == 2).then_some(()));
    assert_eq!(service.get("/v1/status")["sources"][0]["watcher"], "off");
}

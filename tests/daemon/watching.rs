//! What the kernel's events leave out is found all the same.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::Command;

use rustix::process::Signal;

use crate::lines::{Counts, Talk};
use crate::place::{Place, Service, until};

const COUNTS: Counts = Counts { input: 7, cache_read: 0, write_5m: 0, write_1h: 0, output: 3 };

/// A home with one session of one request, no way to Keito, and a scan that comes too late to help.
fn place(tail: &str) -> Place {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    place.config(&format!("[tail]\n{tail}\n"));
    place.append("1", &Talk::new(1, "/home/dev/work").exchange());
    place
}

#[track_caller]
fn shows(service: &Service<'_>, requests: u64) {
    until(&format!("{requests} requests show"), || (service.requests() == requests).then_some(()));
}

fn reason(service: &Service<'_>, code: &str) -> bool {
    let status = service.get("/v1/status");
    status["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == code)
}

#[test]
fn more_changes_than_the_kernel_tells_of_are_all_read() {
    let place = place("scan = \"15m\"");
    let service = place.start();
    shows(&service, 1);
    let mut talks = [Talk::new(2, "/home/dev/work"), Talk::new(3, "/home/dev/work")];
    let mut files =
        ["2", "3"].map(|name| OpenOptions::new().create(true).append(true).open(place.log_of(name)).unwrap());
    service.signal(Signal::STOP);
    // Equal neighbours are one event, so two files in turn; the kernel keeps 16,384.
    for n in 0..17_000_usize {
        let line = talks[n % 2].answer(i64::try_from(n).unwrap(), COUNTS);
        files[n % 2].write_all(line.as_bytes()).unwrap();
    }
    place.append("4", &Talk::new(4, "/home/dev/work").exchange());
    service.signal(Signal::CONT);
    shows(&service, 17_002);
}

#[test]
fn a_line_written_byte_by_byte_is_one_request_and_never_early() {
    let place = place("scan = \"15m\"\ndebounce = \"1ms\"");
    let service = place.start();
    shows(&service, 1);
    let line = Talk::new(2, "/home/dev/work").answer(5, COUNTS);
    for (at, byte) in line.bytes().enumerate() {
        place.append("2", std::str::from_utf8(&[byte]).unwrap());
        if at % 97 == 0 {
            assert_eq!(service.requests(), 1, "after {at} bytes");
        }
    }
    shows(&service, 2);
    assert_eq!(service.get("/v1/status")["sources"][0]["rejected_lines"], 0);
}

#[test]
fn a_root_that_goes_comes_back_or_comes_late_is_read() {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    place.config("[tail]\nscan = \"15m\"\n");
    let service = place.start();
    let mut seed = 0;
    let mut write = |place: &Place| {
        seed += 1;
        place.append(&seed.to_string(), &Talk::new(seed, "/home/dev/work").exchange());
        seed
    };
    for _ in 0..3 {
        // Nothing above is there at first, and later nothing of it.
        shows(&service, write(&place));
        shows(&service, write(&place));
        fs::remove_dir_all(place.path(".claude")).unwrap();
    }
    fs::create_dir(place.path(".claude")).unwrap();
    fs::create_dir(place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path("elsewhere"), place.path(".claude/projects")).unwrap();
    shows(&service, write(&place));
}

#[test]
fn without_any_events_all_is_read_within_the_period_of_the_scan() {
    let place = place("scan = \"1s\"\nwatcher = \"off\"");
    let service = place.start();
    shows(&service, 1);
    assert_eq!(service.get("/v1/status")["sources"][0]["watcher"], "off");
    for seed in 2..5 {
        place.append(&seed.to_string(), &Talk::new(seed, "/home/dev/work").exchange());
        shows(&service, seed);
    }
}

#[test]
fn at_the_limit_of_watches_a_tree_is_polled_and_that_is_told() {
    const LIMIT: &str = "/proc/sys/user/max_inotify_watches";
    let lowered = format!("echo 3 >{LIMIT}; exec \"$0\" \"$@\"");
    let words = ["unshare", "-Ur", "sh", "-c", lowered.as_str()];
    let probe = format!("echo 3 >{LIMIT} && test $(cat {LIMIT}) = 3");
    let able = Command::new("unshare").args(["-Ur", "sh", "-c", &probe]).status();
    if !able.is_ok_and(|status| status.success()) {
        println!("skipped: this user may not lower the limit of watches in a namespace of its own");
        return;
    }
    let mut place = place("scan = \"15m\"");
    for seed in 2..8 {
        let dir = place.path(&format!(".claude/projects/-{seed}"));
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("log.jsonl"), Talk::new(seed, "/home/dev/work").exchange()).unwrap();
    }
    place.through = Some(words.map(str::to_owned).to_vec());
    let service = place.start();
    shows(&service, 7);
    assert!(reason(&service, "watcher_poll"), "{}", service.get("/v1/status"));
    assert_eq!(service.get("/v1/status")["sources"][0]["watcher"], "poll");
    place.append("late", &Talk::new(8, "/home/dev/work").exchange());
    shows(&service, 8);
}

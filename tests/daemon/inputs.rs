//! Logs that are no logs: each is told or counted, and every other session stays exact.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use crate::lines::Talk;
use crate::place::{Place, Service, until};

/// A home with two good sessions, and no way to Keito.
fn home() -> Place {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    for seed in 1..3 {
        place.append(&seed.to_string(), &Talk::new(seed, "/home/dev/work").exchange());
    }
    place
}

fn read(service: &Service<'_>) -> (Value, Value) {
    service.flush();
    (service.get("/v1/report?by=session"), service.get("/v1/status"))
}

fn rejected(status: &Value) -> u64 {
    status["sources"][0]["rejected_lines"].as_u64().unwrap()
}

fn codes(status: &Value) -> Vec<&str> {
    status["reasons"].as_array().unwrap().iter().filter_map(|reason| reason["code"].as_str()).collect()
}

#[test]
fn a_home_without_logs_is_empty() {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    let service = place.start();
    assert_eq!(service.requests(), 0);
    assert_eq!(service.stop(), 0);
}

#[test]
fn what_is_no_log_harms_no_other() {
    let clean = home();
    let (truth, status) = read(&clean.start());
    assert_eq!(truth["totals"]["requests"], 2);
    assert_eq!(rejected(&status), 0);

    type Harm = fn(&Place);
    let harms: [(&str, Harm, u64); 5] = [
        (
            "a file in place of a directory",
            |place| fs::write(place.path(".claude/projects/-file"), "x\n").unwrap(),
            0,
        ),
        (
            "a pipe",
            |place| {
                let made = Command::new("mkfifo").arg(place.log_of("pipe")).status().unwrap();
                assert!(made.success());
            },
            0,
        ),
        (
            "a link out of the tree",
            |place| {
                let outside = place.path("outside.jsonl");
                fs::write(&outside, "not a log\n").unwrap();
                symlink(outside, place.log_of("link")).unwrap();
                symlink("/", place.path(".claude/projects/-root")).unwrap();
            },
            0,
        ),
        (
            "random bytes",
            |place| {
                let mut random = fastrand::Rng::with_seed(5);
                let mut bytes: Vec<u8> = (0..65_536).map(|_| random.u8(..)).collect();
                bytes.push(b'\n');
                fs::write(place.log_of("random"), bytes).unwrap();
            },
            1,
        ),
        (
            "zeros at the end",
            |place| {
                let mut file = File::options().append(true).open(place.log_of("1")).unwrap();
                file.write_all(&[0; 4096]).unwrap();
            },
            0,
        ),
    ];
    for (what, harm, rejects) in harms {
        let place = home();
        harm(&place);
        let service = place.start();
        let (report, status) = read(&service);
        assert_eq!(report, truth, "{what}: {status}");
        assert!(rejected(&status) >= rejects, "{what}: {status}");
        assert_eq!(codes(&status).contains(&"rejects"), rejects > 0, "{what}: {status}");
        assert_eq!(service.stop(), 0, "{what}");
    }
}

#[test]
fn a_line_without_end_is_counted_and_what_follows_is_read() {
    for limit in ["", "[tail]\nmax_line = \"1MiB\"\n"] {
        let place = home();
        place.config(limit);
        let mut file = File::options().append(true).open(place.log_of("1")).unwrap();
        let megabyte = vec![b'x'; 1 << 20];
        // The default admits 64 MiB.
        for _ in 0..(if limit.is_empty() { 100 } else { 3 }) {
            file.write_all(&megabyte).unwrap();
        }
        let mut talk = Talk::new(9, "/home/dev/work");
        file.write_all(b"\n").unwrap();
        file.write_all(talk.exchange().as_bytes()).unwrap();
        let service = place.start();
        until("what follows is read", || (service.requests() == 3).then_some(()));
        let status = service.get("/v1/status");
        assert_eq!(rejected(&status), 1, "{limit}: {status}");
        assert!(codes(&status).contains(&"rejects"), "{limit}: {status}");
    }
}

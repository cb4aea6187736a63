//! How long after a line is appended to a live log is its request committed and seen on the socket?
//!
//! `cargo bench --bench live` prints median and p99 over appends that are further apart than the debounce, each time as a
//! multiple of a `GET /healthz` over the same socket in the same run: with nothing else to do, while a backlog is being
//! read, and with a thousand hostile clients on the socket; for these the append is looked for in the database, because
//! the socket is theirs, and compared with the same look before they came. Real binary, real inotify, real SQLite.
//! `KEITOD_BENCH_APPENDS` is the number of appends (100), `KEITOD_BENCH_BACKLOG` the MB of backlog (100),
//! `KEITOD_BENCH_HOSTILE` the number of clients (1000).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Asking, Place, number, ratio, request, spread, wait};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// Longer than the debounce: the first line after a pause is read at once, repeats within 200 ms wait for their turn.
const PAUSE: Duration = Duration::from_millis(220);
/// The day of the appends, which no history reaches.
const DAY: i64 = 1_735_714_800;
const REPORT: &str = "/v1/report?by=day&from=2025-01-01&to=2025-01-01";
const LIVE: usize = 9_999_999;

/// A log that grows.
struct Live {
    log: File,
    lines: u64,
}

impl Live {
    fn append(&mut self) -> (Instant, u64) {
        self.lines += 1;
        let at = keitod::model::Instant::from_seconds(DAY + i64::try_from(self.lines).unwrap());
        let line = request(LIVE, usize::try_from(self.lines).unwrap(), at, "claude-opus-4-6") + "\n";
        let begun = Instant::now();
        self.log.write_all(line.as_bytes()).unwrap();
        (begun, self.lines)
    }
}

fn until(begun: Instant, mut seen: impl FnMut() -> u64, lines: u64) -> Duration {
    while seen() < lines {
        assert!(begun.elapsed() < Duration::from_secs(60), "append {lines} does not show");
    }
    begun.elapsed()
}

fn on_the_socket(asking: &mut Asking) -> u64 {
    let document: Value = serde_json::from_slice(&asking.answer(REPORT).1).unwrap();
    document["totals"]["requests"].as_u64().unwrap_or(0)
}

fn told(what: &str, shown: &mut [Duration], plain: &mut [Duration], of: &str) {
    let (count, (middle, high), (base, base_high)) = (shown.len(), spread(shown), spread(plain));
    println!(
        "append → {what}: median {middle:?}, p99 {high:?} over {count}; {of} {base:?}, p99 {base_high:?}; ratio {}, p99 {}",
        ratio(middle, base),
        ratio(high, base_high)
    );
}

/// Appends as long as `more` says so, seen on the socket.
fn appends(what: &str, place: &Place, live: &mut Live, mut more: impl FnMut(usize) -> bool) {
    let (mut shown, mut plain) = (Vec::new(), Vec::new());
    let mut asking = Asking::new(&place.socket());
    while more(shown.len()) {
        std::thread::sleep(PAUSE);
        plain.push(asking.ask("/healthz"));
        let (begun, lines) = live.append();
        shown.push(until(begun, || on_the_socket(&mut asking), lines));
    }
    if shown.is_empty() {
        println!("append → {what}: it was over at once; more MB are needed");
    } else {
        told(what, &mut shown, &mut plain, "GET /healthz");
    }
}

/// Appends seen in the database.
fn committed(database: &Connection, live: &mut Live, count: usize) -> Vec<Duration> {
    let sql = "SELECT count(*) FROM request q JOIN session s ON s.id = q.session WHERE s.native = ?1";
    let mut select = database.prepare(sql).unwrap();
    let name = format!("s{LIVE}");
    let mut seen = || select.query_row([&name], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs();
    let one = |_| {
        std::thread::sleep(PAUSE);
        let (begun, lines) = live.append();
        until(begun, &mut seen, lines)
    };
    (0..count).map(one).collect()
}

/// Comes again and again: silent, slow, garbage, half a head, or asking and not listening.
fn hostile(socket: &Path, number: usize, over: &AtomicBool, met: &AtomicUsize) {
    let words: [&[u8]; 5] = [
        b"",
        b"GET /v1/sta",
        &[0xff; 4096],
        b"POST /v1/flush HTTP/1.1\r\nhost: k\r\ncontent-length: 999999\r\n\r\n",
        b"GET /v1/status HTTP/1.1\r\nhost: k\r\n\r\nGET /v1/status HTTP/1.1\r\nhost: k\r\n\r\n",
    ];
    while !over.load(Ordering::Relaxed) {
        if let Ok(mut stream) = UnixStream::connect(socket) {
            met.fetch_add(1, Ordering::Relaxed);
            let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
            let _ = stream.write_all(words[number % words.len()]);
            let _ = stream.read(&mut [0; 64]);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn main() {
    let count = number("KEITOD_BENCH_APPENDS", 100);
    let place = Place::new("since = \"2020-01-01T00:00:00Z\"\ntimezone = \"UTC\"\n");
    let log = OpenOptions::new().create(true).append(true).open(place.logs().join("live.jsonl")).unwrap();
    let mut live = Live { log, lines: 0 };
    let daemon = place.daemon();
    place.read_to_the_end();
    live.append();
    wait("the first append", || on_the_socket(&mut Asking::new(&place.socket())) == 1);
    appends("socket", &place, &mut live, |done| done < count);

    let open = Connection::open_with_flags(place.path("state/keitod.db"), OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = open.unwrap();
    let mut quiet = committed(&database, &mut live, count);
    let (over, met) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut crowded = std::thread::scope(|scope| {
        for number in 0..number("KEITOD_BENCH_HOSTILE", 1000) {
            let (socket, over, met) = (place.socket(), &over, &met);
            let thread = std::thread::Builder::new().stack_size(64 << 10);
            thread.spawn_scoped(scope, move || hostile(&socket, number, over, met)).unwrap();
        }
        wait("hostile clients", || met.load(Ordering::Relaxed) > 100);
        let crowded = committed(&database, &mut live, count);
        over.store(true, Ordering::Relaxed);
        crowded
    });
    println!("{} connections of hostile clients meanwhile", met.load(Ordering::Relaxed));
    told("commit, among hostile clients", &mut crowded, &mut quiet, "without them");

    wait("a seat", || place.status().is_some());
    std::thread::scope(|scope| {
        // It is read while it comes.
        let coming = scope.spawn(|| place.history(number("KEITOD_BENCH_BACKLOG", 100)));
        appends("socket, while a backlog is read", &place, &mut live, |_| {
            !coming.is_finished() || place.lag().is_none_or(|lag| lag > 0)
        });
    });
    drop(daemon);
}

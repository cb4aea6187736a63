//! How long after a line is appended to a live log is its request committed and seen on the socket?
//!
//! `cargo bench --bench live` prints median and p99 over appends that are further apart than the debounce, each time as a
//! multiple of a `GET /healthz` over the same socket in the same run: with nothing else to do, while a backlog is being
//! read, and with a thousand hostile clients on the socket. For these the append is looked for in the database, because
//! the socket is theirs. They come and go ten appends at a time, so that with and without them are measured in turn on a
//! machine that is now fast and now slow, and against them stands a third turn: the same clients at a socket of the bench
//! that does nothing. What they cost there is theirs, of a machine with so many cores, and not keitod's. Real binary, real
//! inotify, real SQLite.
//! `KEITOD_BENCH_APPENDS` is the number of appends (100), `KEITOD_BENCH_BACKLOG` the MB of backlog (100; 0: without),
//! `KEITOD_BENCH_HOSTILE` the number of clients (1000), `KEITOD_BENCH_TURNS` the turns of ten appends each (20).

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark ends where it must")]

mod common;

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
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

/// Whom the clients go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whom {
    Nobody,
    /// A socket of the bench.
    Wall,
    Keitod,
}

/// A thousand clients that come again and again, when and where they are told to.
struct Crowd {
    whom: Mutex<Option<Whom>>,
    told: Condvar,
    keitod: PathBuf,
    wall: PathBuf,
    /// Connections to keitod.
    met: AtomicUsize,
    /// Clients that are at it.
    busy: AtomicUsize,
}

impl Crowd {
    fn tell(&self, whom: Option<Whom>) {
        *self.whom.lock().unwrap() = whom;
        self.told.notify_all();
    }

    /// Sends them there; returns when all are on their way, or all are back.
    fn send(&self, whom: Whom, clients: usize) {
        self.tell(Some(Whom::Nobody));
        wait("the clients' return", || self.busy.load(Ordering::Relaxed) == 0);
        if whom != Whom::Nobody {
            self.tell(Some(whom));
            wait("the clients", || self.busy.load(Ordering::Relaxed) == clients);
        }
    }

    /// Silent, slow, garbage, half a head, or asking and not listening.
    fn client(&self, number: usize) {
        let words: [&[u8]; 5] = [
            b"",
            b"GET /v1/sta",
            &[0xff; 4096],
            b"POST /v1/flush HTTP/1.1\r\nhost: k\r\ncontent-length: 999999\r\n\r\n",
            b"GET /v1/status HTTP/1.1\r\nhost: k\r\n\r\nGET /v1/status HTTP/1.1\r\nhost: k\r\n\r\n",
        ];
        loop {
            let idle = |whom: &mut Option<Whom>| *whom == Some(Whom::Nobody);
            let whom = *self.told.wait_while(self.whom.lock().unwrap(), idle).unwrap();
            let socket = match whom {
                None => return,
                Some(Whom::Wall) => &self.wall,
                Some(_) => &self.keitod,
            };
            self.busy.fetch_add(1, Ordering::Relaxed);
            while *self.whom.lock().unwrap() == whom {
                if let Ok(mut stream) = UnixStream::connect(socket) {
                    self.met.fetch_add(usize::from(whom == Some(Whom::Keitod)), Ordering::Relaxed);
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(500)));
                    let _ = stream.write_all(words[number % words.len()]);
                    let _ = stream.read(&mut [0; 64]);
                }
                std::thread::sleep(Duration::from_millis(100));
            }
            self.busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Takes connections, says that nobody is at home, and lets go of them: the least that can be done with them.
fn wall(listener: &UnixListener) {
    while let Ok((mut stream, _)) = listener.accept() {
        let _ = stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    }
}

fn among_hostile(place: &Place, database: &Connection, live: &mut Live) {
    let clients = number("KEITOD_BENCH_HOSTILE", 1000);
    let crowd = Crowd {
        whom: Mutex::new(Some(Whom::Nobody)),
        told: Condvar::new(),
        keitod: place.socket(),
        wall: place.path("wall.sock"),
        met: AtomicUsize::new(0),
        busy: AtomicUsize::new(0),
    };
    let listener = UnixListener::bind(&crowd.wall).unwrap();
    // It ends with the bench.
    std::thread::spawn(move || wall(&listener));
    let mut took = [Whom::Nobody, Whom::Keitod, Whom::Wall].map(|whom| (whom, Vec::new()));
    std::thread::scope(|scope| {
        for number in 0..clients {
            let crowd = &crowd;
            let thread = std::thread::Builder::new().stack_size(64 << 10);
            thread.spawn_scoped(scope, move || crowd.client(number)).unwrap();
        }
        for turn in 0..number("KEITOD_BENCH_TURNS", 20) {
            // Each comes first as often as the others: what grows meanwhile is no difference.
            took.rotate_left(turn % 2 + 1);
            for (whom, times) in &mut took {
                crowd.send(*whom, clients);
                times.extend(committed(database, live, 10));
            }
        }
        crowd.send(Whom::Nobody, clients);
        crowd.tell(None);
    });
    took.sort_by_key(|(whom, _)| *whom as u8);
    let [(_, quiet), (_, wall), (_, keitod)] = &mut took;
    println!("{} connections of {clients} hostile clients meanwhile", crowd.met.load(Ordering::Relaxed));
    told("commit, among hostile clients", keitod, quiet, "without them");
    told("commit, among hostile clients", keitod, wall, "while they are elsewhere");
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
    among_hostile(&place, &database, &mut live);

    let backlog = number("KEITOD_BENCH_BACKLOG", 100);
    if backlog == 0 {
        return;
    }
    wait("a seat", || place.status().is_some());
    std::thread::scope(|scope| {
        // It is read while it comes.
        let coming = scope.spawn(|| place.history(backlog));
        appends("socket, while a backlog is read", &place, &mut live, |_| {
            !coming.is_finished() || place.lag().is_none_or(|lag| lag > 0)
        });
    });
    drop(daemon);
}

//! Clients that send garbage, half lines or too much, never read or never speak: the daemon answers others and goes on
//! reading logs.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

/// What a client of this number does before it falls silent with its connection open.
fn misbehave(number: usize, stream: &mut UnixStream) {
    stream.set_nonblocking(true).unwrap();
    let bytes: Vec<u8> = match number % 8 {
        0 => Vec::new(),
        1 => b"GET /v1/sta".to_vec(),
        2 => (0..=255).cycle().skip(number).take(5000).collect(),
        3 => b"GET /v1/report?by=day,model HTTP/1.1\r\nhost: k\r\n\r\n".repeat(2000),
        4 => [b"GET /".to_vec(), vec![b'a'; 200_000]].concat(),
        5 => b"POST /v1/flush HTTP/1.1\r\nhost: k\r\ncontent-length: 100000000000\r\n\r\n{".to_vec(),
        6 => b"POST /v1/rescan HTTP/1.1\r\nhost: k\r\ntransfer-encoding: chunked\r\n\r\nfffffff\r\n".to_vec(),
        _ => b"GET /healthz HTTP/1.1\r\nhost: k\r\n\r\n".to_vec(),
    };
    // It may have been turned away already, or takes no more.
    let _ = stream.write(&bytes);
}

/// From the end of a line to its request in the database, which no client stands before.
fn ingest(place: &Place, database: &Path, round: u64, known: u64) -> Duration {
    let reader = rusqlite::Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let reader = reader.unwrap();
    let text = Talk::new(round, "/home/dev/work").exchange();
    // Longer than the debounce: what comes sooner is read a moment later.
    std::thread::sleep(Duration::from_millis(250));
    let begun = Instant::now();
    place.append(&format!("s{round}"), &text);
    loop {
        let count: i64 = reader.query_row("SELECT count(*) FROM request", [], |row| row.get(0)).unwrap();
        if u64::try_from(count).unwrap() > known {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it is not read");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[test]
fn a_thousand_hostile_clients_do_not_slow_reading_down() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    // Without delivery: reading is all that is measured.
    place.key = None;
    let service = place.start();
    let database = place.path("state/keitod.db");
    let mut known = 0..;
    let mut next = || known.next().unwrap();
    let alone = median(
        (0..5)
            .map(|_| {
                let at = next();
                ingest(&place, &database, 100 + at, at)
            })
            .collect(),
    );
    let beside = (0..5).map(|_| {
        let clients: Vec<UnixStream> = (0..200)
            .map(|number| {
                let mut stream = UnixStream::connect(place.socket()).unwrap();
                misbehave(number, &mut stream);
                stream
            })
            .collect();
        let at = next();
        let took = ingest(&place, &database, 100 + at, at);
        drop(clients);
        took
    });
    let beside = median(beside.collect());
    println!("a line is read after {alone:?}, and after {beside:?} beside hostile clients");
    assert!(beside < alone * 3 + Duration::from_millis(100), "{beside:?} beside, {alone:?} alone");
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_thousand_hostile_clients_change_nothing() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let service = place.start();
    let open = || std::fs::read_dir(format!("/proc/{}/fd", service.child.id())).map_or(0, Iterator::count);
    let before = open();
    let mut answered = 0;
    for round in 1..=5 {
        let clients: Vec<UnixStream> = (0..200)
            .map(|number| {
                let mut stream = UnixStream::connect(place.socket()).unwrap();
                misbehave(number, &mut stream);
                stream
            })
            .collect();
        place.append(&format!("s{round}"), &Talk::new(round, "/home/dev/work").exchange());
        until("an honest client is answered while they sit there", || {
            let (body, status) = service.raw("GET", "/v1/report", "");
            let report: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            (status == "200" && report["totals"]["requests"] == round).then_some(())
        });
        answered += 1;
        drop(clients);
    }
    assert_eq!(answered, 5);
    until("an honest flush is answered", || (service.raw("POST", "/v1/flush", "").1 == "200").then_some(()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (5, 5));
    if before > 0 {
        // The five logs may be held open, to be read out if they are renamed.
        until("all connections are closed", || (open() <= before + 13).then_some(()));
    }
    assert_eq!(service.stop(), 0);
}

#[test]
fn another_user_is_turned_away_though_the_doors_are_open() {
    if !rustix::process::geteuid().is_root() {
        println!("skipped: only root can become somebody else");
        return;
    }
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let service = place.start();
    for (path, mode) in [(place.path(""), 0o711), (place.path("run"), 0o711), (place.socket(), 0o666)] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let ask = |user: &str| {
        let mut other = Command::new("setpriv");
        other.args(["--reuid", user, "--clear-groups", "curl", "--silent", "--unix-socket"]);
        other.arg(place.socket()).arg("http://localhost/healthz").output().unwrap()
    };
    let own = ask("0");
    assert_eq!(String::from_utf8_lossy(&own.stdout), "ok");
    let other = ask("65534");
    assert!(!other.status.success() && other.stdout.is_empty(), "{other:?}");
    assert!(place.log().contains("a client of another user was turned away"), "{}", place.log());
    assert_eq!(service.stop(), 0);
}

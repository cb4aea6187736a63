//! What a service manager hears: readiness, the end, and a watchdog that is fed by progress, not by being alive.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use crate::hooks::Hooks;
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

/// Of the watchdog, where there is one.
const PERIOD: Duration = Duration::from_millis(400);

impl Manager {
    fn new(place: &mut Place, watchdog: bool) -> Self {
        let path = place.path("notify");
        // A restarted service has the same manager.
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_nonblocking(true).unwrap();
        place.more.push(("NOTIFY_SOCKET", path.display().to_string()));
        if watchdog {
            place.more.push(("WATCHDOG_USEC", PERIOD.as_micros().to_string()));
        }
        Self { socket, heard: Vec::new() }
    }

    fn listen(&mut self) {
        let mut bytes = [0; 4096];
        while let Ok(count) = self.socket.recv(&mut bytes) {
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            self.heard.extend(text.lines().map(str::to_owned));
        }
    }

    fn count(&mut self, word: &str) -> usize {
        self.listen();
        self.heard.iter().filter(|heard| *heard == word).count()
    }

    #[track_caller]
    fn hears(&mut self, word: &str, times: usize) {
        until(word, || (self.count(word) >= times).then_some(()));
    }
}

#[test]
fn the_manager_hears_of_beginning_and_end() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let mut manager = Manager::new(&mut place, false);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.launch(&["run"]);
    manager.hears("READY=1", 1);
    assert!(place.socket().exists() && place.path("state/keitod.db").exists(), "ready before it is");
    assert_eq!(service.raw("GET", "/healthz", "").1, "200");
    manager.hears("STATUS=watching the logs", 1);
    assert_eq!(manager.count("STOPPING=1"), 0);
    assert_eq!(service.stop(), 0);
    assert_eq!((manager.count("STOPPING=1"), manager.count("READY=1")), (1, 1));
    assert_eq!(manager.count("WATCHDOG=1"), 0, "nobody asked for it");
}

#[test]
fn a_reload_is_told_with_its_instant_and_ends() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let mut manager = Manager::new(&mut place, false);
    let service = place.launch(&["run"]);
    manager.hears("STATUS=watching the logs", 1);
    let before = monotonic();
    service.signal(rustix::process::Signal::HUP);
    manager.hears("READY=1", 2);
    let told = |word: &str| manager.heard.iter().position(|heard| heard.starts_with(word)).unwrap();
    let (reloading, instant) = (told("RELOADING=1"), told("MONOTONIC_USEC="));
    // sd_notify(3): both in one message, and only then the end of it.
    assert_eq!(instant, reloading + 1, "{:?}", manager.heard);
    let told: i128 = manager.heard[instant].split_once('=').unwrap().1.parse().unwrap();
    assert!((before..=monotonic()).contains(&told), "{told} is not between {before} and now");
    assert!(manager.heard.contains(&"STATUS=looking at config, credentials and logs again".to_owned()));
    manager.hears("STATUS=watching the logs", 2);
    // A file that cannot be used ends a reload, too, and the manager's status names the place.
    let good = std::fs::read_to_string(place.path("keitod.toml")).unwrap();
    std::fs::write(place.path("keitod.toml"), format!("zone = 1\n{good}")).unwrap();
    service.signal(rustix::process::Signal::HUP);
    manager.hears("READY=1", 3);
    let said =
        format!("the config is not used: {}:1: zone is not a key", place.path("keitod.toml").display());
    until(&said, || {
        manager.listen();
        manager.heard.iter().any(|heard| heard.starts_with("STATUS=") && heard.contains(&said)).then_some(())
    });
    assert_eq!(manager.count("STOPPING=1"), 0);
    assert_eq!(service.stop(), 0);
    assert_eq!(manager.count("STATUS=ending requests under way"), 1);
}

fn monotonic() -> i128 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000
}

#[test]
fn a_watchdog_is_fed_while_nothing_is_to_be_done() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let mut manager = Manager::new(&mut place, true);
    let service = place.start();
    manager.hears("WATCHDOG=1", 10);
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_manager_that_does_not_listen_holds_nothing_up() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let _deaf = Manager::new(&mut place, true);
    let service = place.start();
    // More meals than a kernel keeps for it.
    until("it has been up for a while", || {
        (service.get("/v1/status")["uptime_seconds"].as_u64() >= Some(4)).then_some(())
    });
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    service.settle();
    assert_eq!(service.stop(), 0);
}

#[test]
fn what_hangs_is_not_fed_and_loses_nothing() {
    for (number, part) in (1..).zip(["reader", "clerk", "sender"]) {
        let keito = Keito::start();
        let mut place = Place::new(&keito.origin);
        let hooks = Hooks::arm(&mut place);
        let mut manager = Manager::new(&mut place, true);
        place.append("one", &Talk::new(number, "/home/dev/work").exchange());
        let mut service = place.start();
        service.settle();
        hooks.set(part, "hang");
        place.append("two", &Talk::new(number + 10, "/home/dev/work").exchange());
        hooks.reached(part);
        // The last meal may be on its way; after it none comes for two periods.
        std::thread::sleep(PERIOD);
        let before = manager.count("WATCHDOG=1");
        std::thread::sleep(2 * PERIOD);
        assert_eq!(manager.count("WATCHDOG=1"), before, "{part} hangs and the watchdog is fed");
        // The sender holds up whoever would tell.
        let named = place.log().contains(&format!("\"part\":\"{part}\""));
        assert!(named || part == "sender", "{part} hangs: {}", place.log());
        // As a service manager does then.
        service.child.kill().unwrap();
        drop(service);
        let service = place.start();
        until("both are read", || (service.requests() == 2).then_some(()));
        service.settle();
        assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2), "{part}");
        assert_eq!(service.stop(), 0);
    }
}

/// Others may wait for the writer, and are stuck as well: here nothing is to be read or sent, and a client waits.
#[test]
fn a_writer_that_hangs_by_itself_is_not_fed() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let hooks = Hooks::arm(&mut place);
    let mut manager = Manager::new(&mut place, true);
    let mut service = place.start();
    service.settle();
    manager.hears("WATCHDOG=1", 1);
    hooks.set("clerk", "hang");
    let socket = place.socket();
    let client = std::thread::spawn(move || {
        // It ends without an answer.
        let _ = keitod::server::Client::new(&socket).call("POST", "/v1/pause", b"", None);
    });
    hooks.reached("clerk");
    std::thread::sleep(PERIOD);
    let before = manager.count("WATCHDOG=1");
    std::thread::sleep(2 * PERIOD);
    assert_eq!(manager.count("WATCHDOG=1"), before, "the writer hangs and the watchdog is fed");
    assert!(place.log().contains(r#""part":"clerk""#), "{}", place.log());
    service.child.kill().unwrap();
    client.join().unwrap();
}

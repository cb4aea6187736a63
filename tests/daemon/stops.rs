//! It ends when told, and goes on where it was.

use std::time::Duration;

use keitod::sandbox::{Cut, Fault, Kind, Rule};
use rustix::process::Signal;

use crate::hooks::Hooks;
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

#[test]
fn it_ends_when_told_and_goes_on() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    service.settle();
    let begun = std::time::Instant::now();
    assert_eq!(service.stop(), 0);
    assert!(begun.elapsed().as_secs() < 10);
    assert!(!place.socket().exists());
    let log = std::fs::metadata(place.path("state/keitod.db-wal")).map_or(0, |meta| meta.len());
    assert_eq!(log, 0, "the database's log is written back");

    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    keito.forget_requests();
    let service = place.start();
    until("both are read", || (service.requests() == 2).then_some(()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2));
    assert_eq!(keito.asked("POST", "/").len(), 2);
}

/// Sessions whose first POST is on its way and strikes `fault`, with a flush waiting for them in `scope`.
fn sending<'a, 'p>(
    scope: &'a std::thread::Scope<'a, '_>,
    keito: &Keito,
    place: &'p Place,
    fault: Fault,
) -> Service<'p> {
    for number in 1..6 {
        place.append(&format!("s{number}"), &Talk::new(number, "/home/dev/work").exchange());
    }
    keito.faults().add(Rule::new(fault).method("POST"));
    let service = place.start();
    until("all is read", || (service.requests() == 5).then_some(()));
    let socket = place.socket();
    scope.spawn(move || {
        let flush = r#"{"settle":true,"expenses":true}"#;
        // Its answer is of no interest: the daemon ends under it.
        let _ = keitod::server::Client::new(&socket).call("POST", "/v1/flush", flush.as_bytes(), None);
    });
    until("a request is on its way", || (!keito.asked("POST", "/").is_empty()).then_some(()));
    service
}

fn arrives_once(keito: &Keito, place: &Place) {
    keito.faults().clear();
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (5, 5));
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_flush_hears_the_stop_and_what_is_on_its_way_ends() {
    let (keito, place) = with_keito();
    std::thread::scope(|scope| {
        let fault = Fault::Commit(Cut::Delay(Duration::from_millis(1500)));
        let service = sending(scope, &keito, &place, fault);
        service.signal(Signal::TERM);
        until("it has heard", || (!place.socket().exists()).then_some(()));
        assert_eq!(service.ended(), 0);
        // What had left may arrive after the socket is gone.
        let posts = keito.asked("POST", "/").len();
        assert!(posts <= 2, "{posts}: one of each kind until one came back, and none after the stop");
    });
    keito.forget_requests();
    let stored = keito.entries().len() + keito.expenses().len();
    arrives_once(&keito, &place);
    assert_eq!(keito.asked("POST", "/").len(), 10 - stored, "what ended in time is known as sent");
}

#[test]
fn what_does_not_end_in_time_is_looked_for_at_the_next_start() {
    let (keito, place) = with_keito();
    std::thread::scope(|scope| {
        let fault = Fault::Commit(Cut::Silence(Duration::from_secs(60)));
        let service = sending(scope, &keito, &place, fault);
        let begun = std::time::Instant::now();
        assert_eq!(service.stop(), 0, "{}", place.log());
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    });
    arrives_once(&keito, &place);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let (keito, place) = with_keito();
    std::thread::scope(|scope| {
        let service = sending(scope, &keito, &place, Fault::Commit(Cut::Silence(Duration::from_secs(60))));
        service.signal(Signal::INT);
        until("it has heard", || (!place.socket().exists()).then_some(()));
        service.signal(Signal::INT);
        assert_eq!(service.ended(), 130);
    });
    arrives_once(&keito, &place);
}

#[test]
fn a_pass_hears_the_stop() {
    let (keito, place) = with_keito();
    for number in 1..6 {
        place.append(&format!("s{number}"), &Talk::new(number, "/home/dev/work").exchange());
    }
    keito.faults().add(
        Rule::new(Fault::Commit(Cut::Delay(Duration::from_millis(1500))))
            .kind(Kind::TimeEntries)
            .method("POST"),
    );
    let pass = place.launch(&["run", "--once"]);
    until("a request is on its way", || (!keito.asked("POST", "/").is_empty()).then_some(()));
    assert_eq!(pass.stop(), 0, "{}", place.log());
    assert!(keito.entries().len() <= 1, "it went on");
    arrives_once(&keito, &place);
}

#[test]
fn a_clerk_that_hangs_does_not_hold_up_the_end() {
    let (keito, mut place) = with_keito();
    let hooks = Hooks::arm(&mut place);
    let service = place.start();
    hooks.set("clerk", "hang");
    place.append("s1", &Talk::new(1, "/home/dev/work").exchange());
    hooks.reached("clerk");
    assert_eq!(service.stop(), 6, "{}", place.log());
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

fn with_keito() -> (Keito, Place) {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    (keito, place)
}

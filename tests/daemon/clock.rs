//! The wall clock is set while it runs and while it does not: nothing stalls, nothing leaves twice.

use keitod::sandbox::{Answer, Fault, Kind, Rule};

use crate::hooks::Hooks;
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, Service, until};

const HOUR: i64 = 3_600_000;
const TEN_YEARS: i64 = 87_600 * HOUR;

fn codes(service: &Service<'_>) -> Vec<String> {
    let status = service.get("/v1/status");
    let code = |reason: &serde_json::Value| reason["code"].as_str().unwrap_or_default().to_owned();
    status["reasons"].as_array().unwrap().iter().map(code).collect()
}

#[test]
fn a_clock_that_is_set_changes_nothing() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let hooks = Hooks::arm(&mut place);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    keito.faults().add(Rule::new(Fault::Answer(Answer::status(425))).on("POST", Kind::Expenses));
    let service = place.start();
    until("an expense waits", || (keito.asked("POST", "/").len() > 1).then_some(()));
    assert!(!codes(&service).contains(&"clock_jump".to_owned()));
    for (times, skew) in (1..).zip([TEN_YEARS, -TEN_YEARS, HOUR, -HOUR, 0]) {
        hooks.set("clock", &skew.to_string());
        until("it is seen", || (place.log().matches("the clock was set").count() == times).then_some(()));
        assert!(codes(&service).contains(&"clock_jump".to_owned()), "{skew}");
        let asked = keito.requests().len();
        until("it goes on trying", || (keito.requests().len() > asked + 2).then_some(()));
    }
    keito.faults().clear();
    hooks.set("clock", &TEN_YEARS.to_string());
    until("it arrives", || {
        service.flush();
        (keito.expenses().len() == 1).then_some(())
    });
    assert_eq!(keito.entries().len(), 1);
    assert_eq!(service.stop(), 0);

    // Ten years back while it is not running: what was stored then lies in the future.
    hooks.set("clock", "0");
    place.append("two", &Talk::new(2, "/home/dev/work").exchange());
    let service = place.start();
    until("both are read", || (service.requests() == 2).then_some(()));
    assert!(codes(&service).contains(&"clock_jump".to_owned()));
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2));
    let days: Vec<String> = keito.expenses().iter().map(|row| row.spent_date.to_string()).collect();
    assert_eq!(days, ["2026-01-05", "2026-01-05"]);
    assert_eq!(service.stop(), 0);
}

#[test]
fn what_lies_in_the_future_waits_for_its_instant() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let hooks = Hooks::arm(&mut place);
    // A machine in 2020 reads what another one wrote in 2026.
    hooks.set("clock", &(-TEN_YEARS).to_string());
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let service = place.start();
    until("it is read", || (service.requests() == 1).then_some(()));
    service.flush();
    assert!(codes(&service).contains(&"clock_ahead".to_owned()), "{:?}", codes(&service));
    assert!(keito.entries().is_empty() && keito.expenses().is_empty());
    hooks.set("clock", "0");
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    assert!(!codes(&service).contains(&"clock_ahead".to_owned()));
    assert_eq!(service.stop(), 0);
}

#[test]
fn a_machine_that_does_not_know_the_time_sets_no_cut_off() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    let hooks = Hooks::arm(&mut place);
    let config = std::fs::read_to_string(place.path("keitod.toml")).unwrap();
    let config: Vec<&str> = config.lines().filter(|line| !line.starts_with("since")).collect();
    std::fs::write(place.path("keitod.toml"), config.join("\n")).unwrap();
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    hooks.set("clock", &(-6 * TEN_YEARS).to_string());
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 8, "{err}");
    assert!(err.contains("set the clock"), "{err}");
    hooks.set("clock", "0");
    assert_eq!(place.run(&["run", "--once"]).0, 0);
    assert!(keito.expenses().is_empty(), "it is older than the first start");
}

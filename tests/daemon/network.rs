//! The network is gone, or names are: everything waits and arrives once.

use std::process::Command;

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, told};

/// A network without anything in it, for one command. `None`: this system gives none to us.
fn unconnected(place: &Place) -> Option<(i32, String, String)> {
    let can = Command::new("unshare").args(["-n", "true"]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        println!("skipped: no network namespace without root and unshare");
        return None;
    }
    let inside = place.command(&["run", "--once"]);
    let mut command = Command::new("unshare");
    command.arg("-n").arg(inside.get_program()).args(inside.get_args()).env_clear();
    command.envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Some(told(&command.output().unwrap()))
}

#[test]
fn without_a_network_everything_waits() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let Some((code, _, err)) = unconnected(&place) else { return };
    assert_eq!(code, 7, "{err}");
    assert!(keito.requests().is_empty());
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
}

#[test]
fn without_names_everything_waits() {
    let place = Place::new("https://keito.invalid");
    place.patient();
    place.append("one", &Talk::new(1, "/home/dev/work").exchange());
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 7, "{err}");
}

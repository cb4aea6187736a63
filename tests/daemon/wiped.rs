//! Keito itself says what is billed: a lost state and a new mapping bill nothing again.

use std::fs;
use std::path::Path;

use keitod::sandbox::{self, ids};

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

fn link(repo: &Path, project: &str) {
    fs::create_dir_all(repo.join(".keito")).unwrap();
    let (account, task) = (sandbox::ACCOUNT, ids::DEVELOPMENT);
    let text = format!("version: 1\nworkspace_id: {account}\nproject_id: {project}\ntask_id: {task}\n");
    fs::write(repo.join(".keito/config.yml"), text).unwrap();
}

#[test]
fn a_lost_state_and_another_project_post_nothing_again() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let repo = place.path("work");
    link(&repo, ids::WEBSITE);
    for seed in 1..4 {
        place.append(&seed.to_string(), &Talk::new(seed, repo.to_str().unwrap()).exchange());
    }
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (3, 3));
    assert!(keito.entries().iter().all(|entry| entry.project == ids::WEBSITE));

    fs::remove_dir_all(place.path("state")).unwrap();
    link(&repo, ids::BILLING);
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!(service.requests(), 3);
    assert_eq!(keito.asked("POST", "/").len(), 0, "{:?}", keito.requests());
    // What is new goes where the mapping leads now.
    place.append("4", &Talk::new(4, repo.to_str().unwrap()).exchange());
    service.settle();
    assert_eq!(keito.asked("POST", "/").len(), 2, "{:?}", keito.requests());
    assert_eq!(keito.entries().last().unwrap().project, ids::BILLING);
}

#[test]
fn a_lost_state_and_an_earlier_copy_post_nothing_again() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (mut talk, mut other) = (Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work"));
    let counts = Counts { input: 1000, output: 100, ..Counts::default() };
    place.append("1", &(talk.prompt(0) + &talk.answer(120, counts)));
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!(keito.expenses().len(), 1);

    // The same message in another session, a minute before and under another request id: its key is the request's now,
    // and Keito has it under the other one.
    let mut again = Talk::new(1, "/home/dev/work");
    let copy = again.prompt(0) + &again.answer(60, counts);
    let copy = copy.lines().last().unwrap().replace(&talk.id, &other.id).replace("\"req_", "\"req_again_");
    place.append("2", &(other.prompt(0) + &copy + "\n"));
    fs::remove_dir_all(place.path("state")).unwrap();
    let service = place.start();
    service.settle();
    assert_eq!(service.requests(), 1, "both lines are one request");
    assert_eq!(keito.expenses().len(), 1, "{:?}", keito.expenses());
}

#[test]
fn after_a_loss_time_that_was_held_goes_to_its_own_project() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (here, there) = (place.path("here"), place.path("there"));
    link(&here, ids::WEBSITE);
    link(&there, "");
    let mut talk = Talk::new(1, here.to_str().unwrap());
    let counts = Counts { input: 1000, output: 100, ..Counts::default() };
    let elsewhere = |line: String| line.replace(here.to_str().unwrap(), there.to_str().unwrap());
    let lines = [talk.prompt(0), talk.answer(120, counts), elsewhere(talk.answer(200, counts))];
    place.append("1", &(lines.concat() + &talk.answer(300, counts)));
    let seconds = || -> Vec<(String, String)> {
        let of = |entry: keitod::sandbox::Entry| {
            (entry.project, entry.metadata.unwrap().text("duration_seconds").unwrap())
        };
        keito.entries().into_iter().map(of).collect()
    };
    let website = (ids::WEBSITE.to_owned(), "220".to_owned());
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!(seconds(), std::slice::from_ref(&website));

    // What the entry holds lies around the 80 s that it lacks: which are which only its laying tells.
    fs::remove_dir_all(place.path("state")).unwrap();
    link(&there, ids::BILLING);
    let service = place.start();
    service.settle();
    assert_eq!(seconds(), [website, (ids::BILLING.to_owned(), "80".to_owned())]);
}

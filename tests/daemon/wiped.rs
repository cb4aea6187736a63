//! Keito itself says what is billed: a lost state and a new mapping bill nothing again.

use std::fs;

use keitod::sandbox::{self, ids};

use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::Place;

#[test]
fn a_lost_state_and_another_project_post_nothing_again() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let repo = place.path("work");
    fs::create_dir_all(repo.join(".keito")).unwrap();
    let link = |project: &str| {
        let text = format!(
            "version: 1\nworkspace_id: {}\nproject_id: {project}\ntask_id: {}\n",
            sandbox::ACCOUNT,
            ids::DEVELOPMENT
        );
        fs::write(repo.join(".keito/config.yml"), text).unwrap();
    };
    link(ids::WEBSITE);
    for seed in 1..4 {
        place.append(&seed.to_string(), &Talk::new(seed, repo.to_str().unwrap()).exchange());
    }
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (3, 3));
    assert!(keito.entries().iter().all(|entry| entry.project == ids::WEBSITE));

    fs::remove_dir_all(place.path("state")).unwrap();
    link(ids::BILLING);
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

//! Keito itself says what is billed: a lost state and a new mapping bill nothing again.

use std::fs;
use std::path::Path;

use keitod::sandbox::{self, End, Fault, Kind, Rule, ids};

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::{Place, until};

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
fn what_was_attempted_and_another_machine_billed_by_a_later_copy_waits_for_a_person() {
    let keito = Keito::start();
    let (here, there) = (Place::new(&keito.origin), Place::new(&keito.origin));
    here.append("3", &Talk::new(3, "/home/dev/work").exchange());
    let ours = here.start();
    ours.settle();

    // There is only the copy of a session, a minute after what it copies. Here is what it copies too: what is sealed ends
    // at that instant, and whether the attempt arrived nobody knows.
    let (mut talk, mut other) = (Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work"));
    let counts = Counts { input: 1000, output: 100, ..Counts::default() };
    let mut again = Talk::new(1, "/home/dev/work");
    let copy = again.prompt(0) + &again.answer(180, counts);
    let copy = copy.lines().last().unwrap().replace(&talk.id, &other.id).replace("\"req_", "\"req_again_");
    let copy = other.prompt(0) + &copy + "\n";
    keito.faults().add(Rule::new(Fault::Drop(End::Reset)).on("POST", Kind::Expenses));
    keito.forget_requests();
    here.append("1", &(talk.prompt(0) + &talk.answer(120, counts) + &talk.answer(30, counts)));
    here.append("2", &copy);
    until("an attempt", || {
        ours.flush();
        (!keito.asked("POST", "/api/v2/expenses").is_empty()).then_some(())
    });
    assert_eq!(ours.stop(), 0);
    keito.faults().clear();

    there.append("2", &copy);
    let theirs = there.start();
    theirs.settle();
    assert_eq!(theirs.stop(), 0);
    let ours = here.start();
    until("it is in conflict", || {
        ours.flush();
        (ours.get("/v1/status")["queue"]["conflict"] == 1).then_some(())
    });
    assert_eq!(ours.requests(), 3, "both lines are one request");
    assert_eq!(keito.expenses().len(), 2, "{:?}", keito.expenses());
}

#[test]
fn a_lost_state_and_a_lost_log_leave_a_copy_its_own_time_alone() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let (mut talk, mut other) = (Talk::new(1, "/home/dev/work"), Talk::new(2, "/home/dev/work"));
    let counts = Counts { input: 1000, output: 100, ..Counts::default() };
    let seconds = |keito: &Keito| -> Vec<u64> {
        let of = |entry: &sandbox::Entry| entry.metadata.as_ref()?.text("duration_seconds")?.parse().ok();
        let mut all: Vec<u64> = keito.entries().iter().filter_map(of).collect();
        all.sort_unstable();
        all
    };
    // A session in two files; another one goes on from the second of them.
    place.append("1", &(talk.prompt(10) + &talk.answer(70, counts)));
    let second = talk.prompt(600) + &talk.answer(700, counts);
    place.append("1b", &second);
    place.append(
        "2",
        &(second.replace(&talk.id, &other.id) + &other.prompt(1200) + &other.answer(1230, counts)),
    );
    let service = place.start();
    service.settle();
    assert_eq!(service.stop(), 0);
    assert_eq!((seconds(&keito), keito.expenses().len()), (vec![30, 160], 2));

    // What is left tells of the copy alone; Keito's expense of the first session says whose requests those are.
    fs::remove_dir_all(place.path("state")).unwrap();
    fs::remove_file(place.log_of("1b")).unwrap();
    let service = place.start();
    service.settle();
    assert_eq!((seconds(&keito), keito.expenses().len()), (vec![30, 160], 2), "{:?}", keito.entries());
    assert_eq!(service.stop(), 0);
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

#[test]
fn without_state_and_decisions_the_cut_off_is_the_oldest_day_that_keito_lists_of_this_machine() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    // At noon: a session over midnight would be two entries.
    let today = jiff::Timestamp::now().as_second() / 86_400;
    let days_ago = |seed: u64, days: i64| {
        let mut talk = Talk::new(seed, "/home/dev/work");
        let second = (today - days) * 86_400 + 43_200 - 1_767_607_200;
        let counts = Counts { input: 1000, output: 10, ..Counts::default() };
        [talk.prompt(second), talk.answer(second + 60, counts), talk.answer(second + 120, counts)].concat()
    };
    place.append("billed", &days_ago(1, 5));
    place.start().settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 1));
    let day = keito.entries()[0].spent_date;

    // The user's own cut-off goes with all the rest.
    place.without_since();
    std::fs::remove_dir_all(place.path("state")).unwrap();
    let data = place.path(".local/share/keitod");
    std::fs::remove_file(data.join("decisions.jsonl")).unwrap();
    place.append("meanwhile", &days_ago(2, 3));
    place.append("long before", &days_ago(3, 20));
    keito.forget_requests();
    let service = place.start();
    service.settle();
    assert_eq!((keito.entries().len(), keito.expenses().len()), (2, 2), "what lies after it, and once");
    assert_eq!(service.get("/v1/status")["since"], format!("{day}T00:00:00.000Z"));
    assert_eq!(service.stop(), 0);
    let decided = std::fs::read_to_string(data.join("decisions.jsonl")).unwrap();
    assert_eq!(decided.matches("\"since\"").count() / 2, 2, "{decided}");

    // Who was never here before begins today.
    let strange = Keito::start();
    place.deliver_to(&strange.origin);
    std::fs::remove_dir_all(place.path("state")).unwrap();
    std::fs::remove_file(data.join("decisions.jsonl")).unwrap();
    place.start().settle();
    assert_eq!((strange.entries().len(), strange.expenses().len()), (0, 0));
}

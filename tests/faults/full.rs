//! The disk is full while logs are read, and while an answer is on its way.

use std::fs;
use std::io::Write as _;
use std::time::Duration;

use keitod::sandbox::{Cut, Fault, Rule};

use super::mounted::Mounted;
use super::place::{Place, until};
use super::world::{World, reason, rounds};

/// Takes all the room there is.
fn fill(place: &Place) -> std::path::PathBuf {
    let path = place.path("state/filler");
    let mut file = fs::File::create(&path).unwrap();
    for size in [64 << 10, 4096, 1] {
        let block = vec![1_u8; size];
        while file.write_all(&block).is_ok() {}
    }
    path
}

#[test]
fn reading_waits_for_room_and_loses_nothing() {
    let mut mounted = None;
    let world = World::new(|place| mounted = Mounted::memory(&place.path("state"), "6m"));
    let Some(_mounted) = mounted else { return println!("skipped: no right to mount") };
    for round in 0..rounds() {
        let service = world.place.start();
        until("there is a ballast", || world.place.path("state/ballast").exists().then_some(()));
        let filler = fill(&world.place);
        let (mut work, mut posts) = (0, 0);
        until("it says so", || {
            // Enough to need more than the log's own file holds.
            (work < 20).then(|| world.work(1));
            work += 1;
            posts = world.keito.asked("POST", "/").len();
            reason(&service, "disk_low").then_some(())
        });
        std::thread::sleep(Duration::from_millis(500));
        assert!(world.keito.asked("POST", "/").len() <= posts + 4, "sends go on in round {round}");
        fs::remove_file(filler).unwrap();
        world.settle(&service);
        assert!(!reason(&service, "disk_low") && world.place.path("state/ballast").exists());
        world.check("after a full disk");
    }
}

#[test]
fn an_answer_that_comes_to_a_full_disk_is_recorded() {
    let mut mounted = None;
    let world = World::new(|place| mounted = Mounted::memory(&place.path("state"), "6m"));
    let Some(_mounted) = mounted else { return println!("skipped: no right to mount") };
    for _ in 0..rounds() {
        let service = world.place.start();
        until("there is a ballast", || world.place.path("state/ballast").exists().then_some(()));
        world.keito.faults().add(Rule::new(Fault::Commit(Cut::Delay(Duration::from_secs(1)))).method("POST"));
        world.keito.forget_requests();
        world.work(2);
        until("a request is under way", || (!world.keito.asked("POST", "/").is_empty()).then_some(()));
        let filler = fill(&world.place);
        until("the answers are recorded while the disk is full", || {
            let counts = &service.get("/v1/queue")["counts"];
            let open = ["sending", "unknown", "reconciling"].map(|state| counts[state].as_u64().unwrap_or(0));
            (open == [0; 3]).then_some(())
        });
        fs::remove_file(filler).unwrap();
        world.keito.faults().clear();
        world.settle(&service);
        world.check("after answers to a full disk");
    }
}

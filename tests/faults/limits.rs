//! Limits of the process: the size of files, the number of open ones.

use super::place::until;
use super::world::{World, reason, run, works};

#[test]
fn a_limit_on_the_size_of_files_is_a_disk_that_fails() {
    if !works("prlimit", &["--version"]) {
        return println!("skipped: no prlimit here");
    }
    let world = World::new(|_| ());
    let service = world.place.start();
    let pid = service.child.id().to_string();
    run("prlimit", &["--pid", &pid, "--fsize=4096:unlimited"]);
    world.work(5);
    until("it says so", || reason(&service, "database").then_some(()));
    run("prlimit", &["--pid", &pid, "--fsize=unlimited"]);
    world.settle(&service);
    assert!(!reason(&service, "database"));
    world.check("after the limit is lifted");
}

#[test]
fn few_open_files_are_enough() {
    if !works("prlimit", &["--version"]) {
        return println!("skipped: no prlimit here");
    }
    let world = World::new(|_| ());
    for limit in [40, 32] {
        world.work(10);
        world.deliver(&["/usr/bin/prlimit", &format!("--nofile={limit}")]);
        world.check("with few files");
    }
}

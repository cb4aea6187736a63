//! The k-th sync or write fails, once or from then on, and the process is killed on top of it or not.

use super::world::{World, rounds, works};
use crate::place::until;

fn strike(calls: &str, kill: bool) {
    let probe =
        ["-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1", "true"];
    if !works("strace", &probe) {
        return println!("skipped: strace cannot trace here");
    }
    let world = World::new(|_| ());
    for round in 0..rounds() {
        world.work(2);
        let k = world.random.borrow_mut().u32(1..60);
        let repeat = if world.random.borrow_mut().bool() { "" } else { "+7" };
        let inject = format!("inject={calls}:error=EIO:when={k}{repeat}");
        println!("{inject}, killed: {kill}");
        let trace = format!("trace={calls}");
        let below = ["/usr/bin/strace", "-D", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        if kill {
            let mut service = world.place.spawn(&below);
            std::thread::sleep(std::time::Duration::from_millis(world.random.borrow_mut().u64(200..2500)));
            service.child.kill().unwrap();
            service.child.wait().unwrap();
            world.deliver(&[]);
        } else {
            world.deliver(&below);
        }
        world.check(&format!("round {round}, {inject}, killed: {kill}"));
    }
}

#[test]
fn syncs_fail() {
    strike("fsync,fdatasync", false);
}

#[test]
fn syncs_fail_and_it_is_killed() {
    strike("fsync,fdatasync", true);
}

#[test]
fn writes_fail() {
    strike("pwrite64", false);
}

#[test]
fn a_flush_does_not_wait_for_a_disk_that_stays_broken() {
    let probe =
        ["-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1", "true"];
    if !works("strace", &probe) {
        return println!("skipped: strace cannot trace here");
    }
    let world = World::new(|_| ());
    world.work(1);
    // After the start, whose own writes may not fail.
    let inject = "inject=pwrite64:error=EIO:when=300+";
    let below = ["/usr/bin/strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", inject];
    let service = world.place.spawn(&below);
    let flush = || service.raw("POST", "/v1/flush", r#"{"settle":true,"expenses":true}"#);
    until("the disk fails and a flush says so", || {
        world.work(1);
        let (body, status) = flush();
        (status == "424").then(|| assert!(body.contains("disk I/O error; ask again"), "{body}"))
    });
    drop(service);
    world.deliver(&[]);
    world.check("on another disk");
}

#[test]
fn a_log_that_cannot_be_read_is_told_and_its_neighbours_are_read() {
    let probe =
        ["-D", "-f", "-o", "/dev/null", "-P", "/dev/null", "-e", "inject=pread64:error=EIO:when=1", "true"];
    if !works("strace", &probe) {
        return println!("skipped: strace cannot trace here");
    }
    let world = World::new(|_| ());
    world.work(2);
    let log = world.place.log_of("2");
    let log = log.to_str().unwrap();
    let below = [
        "/usr/bin/strace",
        "-D",
        "-f",
        "-o",
        "/dev/null",
        "-P",
        log,
        "-e",
        "inject=pread64:error=EIO:when=1+",
    ];
    let service = world.place.spawn(&below);
    until("the third log is read and the second is told of", || {
        let (body, _) = service.raw("GET", "/v1/status", "");
        let status: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let told: Vec<&serde_json::Value> = status["reasons"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|reason| reason["code"] == "unreadable")
            .collect();
        let [told] = told[..] else { return None };
        assert!(
            told["message"].as_str().unwrap().contains("claude-code: ~/.claude/projects/-work/2.jsonl: "),
            "{told}"
        );
        (service.requests() == 2).then_some(())
    });
    drop(service);
    world.deliver(&[]);
    world.check("after the log could be read again");
}

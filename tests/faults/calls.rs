//! Killed at the k-th system call of a kind that any of its threads makes, for one k after the other, until it gets
//! through its work unharmed. `KEITOD_CALLS` says which: 1 is each, 5 every fifth; without it a few.

use super::world::{World, number, rounds, works};

/// Far beyond what one piece of work needs.
const CALLS: u64 = 2000;

fn killed_at_each(calls: &str) {
    let probe =
        ["-D", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:signal=KILL:when=9", "true"];
    if !works("strace", &probe) {
        return println!("skipped: strace cannot trace here");
    }
    let world = World::new(|_| ());
    let trace = format!("trace={calls}");
    let (every, few) = (number("KEITOD_CALLS", 0), rounds());
    let mut k = 1;
    for round in 0.. {
        world.work(1);
        let inject = format!("inject={calls}:signal=KILL:when={k}");
        let below = ["/usr/bin/strace", "-D", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let killed = world.deliver(&below);
        world.check(&format!("round {round}, {inject}"));
        println!("{inject}: {}", if killed { "killed" } else { "got through" });
        if !killed || k > CALLS || (every == 0 && round + 1 >= few) {
            assert!(round > 0, "it was never killed");
            return;
        }
        k += if every > 0 { every } else { world.random.borrow_mut().u64(1..12) };
    }
}

#[test]
fn killed_at_each_write() {
    killed_at_each("pwrite64");
}

#[test]
fn killed_at_each_sync() {
    killed_at_each("fsync,fdatasync");
}

#[test]
fn killed_at_each_send() {
    killed_at_each("sendto,writev,write");
}

#[test]
fn killed_at_each_answer() {
    killed_at_each("recvfrom,read");
}

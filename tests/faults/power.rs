//! The power goes: what was not synced is gone.

use super::mounted::Mounted;
use super::place::until;
use super::world::{World, rounds, works};

/// `FS_IOC_SHUTDOWN` of linux/fs.h without writing the journal out: 2.
const CUT: &str =
    "import fcntl,os,struct,sys;fcntl.ioctl(os.open(sys.argv[1],os.O_RDONLY),0x8004587D,struct.pack('I',2))";

#[test]
fn the_power_goes() {
    let mut mounted = None;
    let world = World::new(|place| mounted = Mounted::image(&place.path("image"), &place.path("state")));
    let Some(mut now) = mounted else { return println!("skipped: no right to mount") };
    if !works("python3", &["-c", "import fcntl"]) {
        return println!("skipped: no python3 here");
    }
    let (image, state) = (world.place.path("image"), world.place.path("state"));
    for round in 0..rounds() {
        let mut service = world.place.spawn(&[]);
        world.work(3);
        std::thread::sleep(std::time::Duration::from_millis(world.random.borrow_mut().u64(100..3000)));
        assert!(works("python3", &["-c", CUT, state.to_str().unwrap()]));
        service.child.kill().unwrap();
        service.child.wait().unwrap();
        now.unmount();
        now = Mounted::image(&image, &state).unwrap();
        world.deliver(&[]);
        world.check(&format!("after cut {round}"));
    }
}

/// The cut above strikes where it may; here each intent and each answer is seen to reach the disk.
#[test]
fn each_commit_of_a_write_is_synced() {
    if !works("strace", &["-D", "-f", "-y", "-o", "/dev/null", "-e", "trace=fdatasync", "true"]) {
        return println!("skipped: strace cannot trace here");
    }
    let world = World::new(|_| ());
    let trace = world.place.path("syncs");
    world.keito.forget_requests();
    world.work(3);
    let file = trace.to_str().unwrap();
    world.deliver(&["/usr/bin/strace", "-D", "-f", "-y", "-o", file, "-e", "trace=fsync,fdatasync"]);
    let writes = world.keito.asked("POST", "/").len();
    assert_eq!(writes, 6);
    until("two syncs of the log of the database for each write", || {
        let text = std::fs::read_to_string(&trace).unwrap();
        (text.lines().filter(|line| line.contains("keitod.db-wal>")).count() >= 2 * writes).then_some(())
    });
}

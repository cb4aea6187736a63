//! The power goes: what was not synced is gone.

use super::mounted::Mounted;
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

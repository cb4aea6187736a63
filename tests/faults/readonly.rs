//! The file system of the state turns read-only under the running program.

use super::mounted::Mounted;
use super::place::until;
use super::world::{World, reason};

#[test]
fn a_disk_that_takes_nothing_any_more_stops_sends_first() {
    let mut mounted = None;
    let world = World::new(|place| mounted = Mounted::image(&place.path("image"), &place.path("state")));
    let Some(mounted) = mounted else { return println!("skipped: no right to mount") };
    let service = world.place.start();
    let trigger = mounted.device().map(|device| format!("/sys/fs/ext4/{device}/trigger_fs_error"));
    if trigger.is_none_or(|path| std::fs::write(path, "test").is_err()) {
        return println!("skipped: this kernel triggers no error of ext4");
    }
    world.keito.forget_requests();
    world.work(3);
    until("it says so", || reason(&service, "database").then_some(()));
    assert_eq!(world.keito.asked("POST", "/").len(), 0);
    drop(service);
    mounted.unmount();
    let (image, state) = (world.place.path("image"), world.place.path("state"));
    assert!(super::world::works("fsck.ext4", &["-p", image.to_str().unwrap()]) || image.exists());
    let _mounted = Mounted::image(&image, &state).unwrap();
    world.deliver(&[]);
    world.check("after a read-only time");
}

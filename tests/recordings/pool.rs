//! A few homes at a time: most of a run is waiting for the grace time.

use std::sync::Mutex;

const AT_ONCE: usize = 4;

/// Runs `work` on each item; panics if one did, after all are done.
pub fn each<T: Send>(items: Vec<T>, work: impl Fn(T) + Sync) {
    let queue = Mutex::new(items.into_iter());
    let next = || queue.lock().unwrap().next();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(item) = next() {
                    work(item);
                }
            });
        }
    });
}

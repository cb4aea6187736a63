//! When clocks and process took a step, so that nobody has to look at the time again and again: the wall clock was set,
//! the machine woke up, the process was stopped and goes on.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::run::Running;

/// Has everything looked at again after each step, until `stop`.
pub(super) async fn watch(running: Running, changed: Arc<Notify>, stop: CancellationToken) {
    let mut continued = signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw())).ok();
    let clock = clock_steps();
    loop {
        let goes_on = async {
            match &mut continued {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = goes_on => tracing::info!("stopped for a while: everything is looked at again"),
            () = clock.notified() => tracing::debug!("the clock was set, or the machine slept"),
        }
        // Events may have been lost meanwhile, and waits have other ends now.
        running.ask_for_scan();
        changed.notify_one();
    }
}

/// Says when the wall clock took a step, the one of waking up included: a timer that never ends is cancelled then
/// (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). A thread waits for it, for the runtime takes foreign descriptors by
/// unsafe code alone; it sleeps in the kernel all its life.
#[cfg(target_os = "linux")]
fn clock_steps() -> Arc<Notify> {
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    let told = Arc::new(Notify::new());
    let teller = Arc::clone(&told);
    let never = Timespec { tv_sec: i64::from(u32::MAX) * 4, tv_nsec: 0 };
    let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    let wait = move || {
        let Ok(timer) = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::CLOEXEC) else { return };
        while timerfd_settime(&timer, flags, &once).is_ok() {
            match rustix::io::read(&timer, &mut [0_u8; 8]) {
                Err(rustix::io::Errno::CANCELED) => teller.notify_one(),
                Err(rustix::io::Errno::INTR) => {}
                _ => return,
            }
        }
    };
    // Without it the look at credentials, once a minute, sees a step too.
    let thread = std::thread::Builder::new().name("clock".into()).stack_size(64 * 1024);
    if let Err(error) = thread.spawn(wait) {
        tracing::warn!(%error, "no thread watches the clock");
    }
    told
}

/// Nobody tells: the look at credentials, once a minute, sees it.
#[cfg(not(target_os = "linux"))]
fn clock_steps() -> Arc<Notify> {
    Arc::new(Notify::new())
}

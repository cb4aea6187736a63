//! What the service manager hears (sd_notify(3)): readiness, what is done just now, a reload, the end; and its watchdog
//! (sd_watchdog_enabled(3)), fed only while every part makes progress or waits for work. Nobody listens unless one started us.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use sd_notify::NotifyState;

use super::pulse::Pulse;

/// Ready, with a line for `systemctl status`. Also the end of a reload.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// What it does just now.
pub fn status(text: &str) {
    tell(&[NotifyState::Status(text)]);
}

/// A reload begins; [`ready`] ends it. The manager tells two reloads apart by the instant, which it wants with the word.
pub fn reloading(status: &str) {
    let Ok(now) = NotifyState::monotonic_usec_now() else { return };
    tell(&[NotifyState::Reloading, now, NotifyState::Status(status)]);
}

/// The end begins.
pub fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// How long a manager that does not listen may hold us up. A kernel keeps as few as ten messages for it, and whoever sends
/// one more waits: `sd_notify::notify` would for ever.
const HEARING: Duration = Duration::from_millis(100);

fn tell(state: &[NotifyState<'_>]) {
    let Some(path) = crate::config::manager_socket() else { return };
    let text: String = state.iter().map(|part| format!("{part}\n")).collect();
    // A manager that does not hear it learns of our end all the same.
    let _ = UnixDatagram::unbound().and_then(|socket| {
        socket.set_write_timeout(Some(HEARING))?;
        socket.connect(path)?;
        socket.send(text.as_bytes())
    });
}

/// Feeds the watchdog, if there is one; without one no timer exists.
pub(super) async fn feed(pulse: Pulse) {
    let Some(period) = sd_notify::watchdog_enabled().filter(|period| !period.is_zero()) else { return };
    // Four looks a period: a part may take half of it for one step, and a meal comes in time after that.
    let mut looks = tokio::time::interval(period / 4);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let (mut seen, mut told) = ([0; 3], None);
    loop {
        looks.tick().await;
        let stuck = pulse.stuck(&mut seen);
        if stuck.is_none() {
            tell(&[NotifyState::Watchdog]);
        } else if stuck != told
            && let Some(part) = stuck
        {
            tracing::error!(part = part.name(), "no progress: the watchdog is not fed until there is");
        }
        told = stuck;
    }
}

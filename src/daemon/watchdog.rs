//! The service manager's watchdog (sd_watchdog_enabled(3)): fed only while every part makes progress or waits for work.

use sd_notify::NotifyState;

use super::pulse::Pulse;

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
            // Whoever gave us a watchdog listens.
            let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        } else if stuck != told
            && let Some(part) = stuck
        {
            tracing::error!(part = part.name(), "no progress: the watchdog is not fed until there is");
        }
        told = stuck;
    }
}

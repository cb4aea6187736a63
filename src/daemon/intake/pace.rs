//! How hard a backlog is read: at idle priority where that is wanted or the machine runs on battery, and with no more than
//! its share of a processor. Files that change meanwhile are read as ever.

use std::path::{Path, PathBuf};
use std::time::Duration;

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
    thread_native_id,
};

use super::power;

/// What a backlog may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Only what nobody else wants of the processor and the disk.
    pub idle: bool,
    /// Percent of one processor, 1 to 100.
    pub percent: u32,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { idle: false, percent: 100 }
    }
}

/// Milliseconds between two looks at where the power comes from.
const POWER: u64 = 5000;

/// Decides for each turn of a backlog.
#[derive(Debug)]
pub(super) struct Pace {
    backlog: Backlog,
    supplies: PathBuf,
    /// With when it was looked at.
    on_battery: Option<(u64, bool)>,
}

impl Pace {
    pub(super) fn new(backlog: Backlog) -> Self {
        Self { backlog, supplies: PathBuf::from(power::SUPPLIES), on_battery: None }
    }

    /// Takes another directory for the system's power supplies.
    pub(super) fn powered_by(&mut self, supplies: &Path) {
        self.supplies = supplies.to_owned();
    }

    pub(super) fn supplies(&self) -> &Path {
        &self.supplies
    }

    /// Whether the backlog is to be read at idle priority; `now` is monotonic milliseconds.
    pub(super) fn is_idle(&mut self, now: u64) -> bool {
        if self.backlog.idle {
            return true;
        }
        match self.on_battery {
            Some((at, known)) if now.saturating_sub(at) < POWER => known,
            _ => {
                let found = power::on_battery(&self.supplies);
                self.on_battery = Some((now, found));
                found
            }
        }
    }

    /// How long to rest after so much work, for the work to be its share of the time.
    pub(super) fn rest(&self, worked: Duration) -> Duration {
        let percent = self.backlog.percent.clamp(1, 100);
        worked.saturating_mul(100 - percent) / percent
    }
}

/// This thread is served last from here on, by the processor and, on Linux, by the disk: a thread of the idle policy is of
/// the idle class of ioprio_set(2). There is no way back without privileges, which is why a backlog has a thread of its own.
pub(super) fn be_idle() {
    let idle = ThreadSchedulePolicy::Normal(
        #[cfg(target_os = "linux")]
        NormalThreadSchedulePolicy::Idle,
        #[cfg(not(target_os = "linux"))]
        NormalThreadSchedulePolicy::Other,
    );
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, idle) {
        tracing::debug!("the backlog is read at normal priority: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_its_share_of_the_time() {
        for (percent, worked, rest) in
            [(100, 50, 0), (50, 50, 50), (25, 10, 30), (10, 10, 90), (1, 10, 990), (0, 10, 990), (400, 10, 0)]
        {
            let pace = Pace::new(Backlog { idle: true, percent });
            let millis = Duration::from_millis;
            assert_eq!(pace.rest(millis(worked)), millis(rest), "{percent} %");
        }
    }

    #[test]
    fn a_battery_makes_it_idle_and_the_mains_take_that_back() {
        let dir = tempfile::tempdir().unwrap();
        let mut pace = Pace::new(Backlog { idle: false, percent: 100 });
        pace.powered_by(dir.path());
        assert!(!pace.is_idle(0), "a machine without supplies is on the mains");
        power::tests::supply(dir.path(), "BAT0", &[("type", "Battery"), ("status", "Discharging")]);
        assert!(!pace.is_idle(POWER - 1), "nobody looks all the time");
        assert!(pace.is_idle(POWER));
        power::tests::supply(dir.path(), "BAT0", &[("type", "Battery"), ("status", "Charging")]);
        assert!(!pace.is_idle(2 * POWER));
        assert!(Pace::new(Backlog { idle: true, percent: 100 }).is_idle(0));
    }
}

//! The ticks of a panel's hours, in the zone of its days.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::lanes::Panel;

/// Seconds between ticks, from fine to coarse.
const STEPS: [i64; 13] = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600];
/// At most so many ticks stand beside each other without touching.
const MOST: i64 = 12;

/// Instants with their labels. They lie on whole local times, also where the clock was set.
pub(super) fn ticks(panel: &Panel, zone: &TimeZone) -> Vec<(i64, String)> {
    let (start, end) = panel.range;
    let step = STEPS.into_iter().find(|step| (end - start) / step <= MOST).unwrap_or(21_600);
    let Ok(midnight) = panel.day.to_zoned(zone.clone()) else { return Vec::new() };
    let offset = |second: i64| {
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH);
        i64::from(zone.to_offset(at).seconds())
    };
    let mut ticks = Vec::new();
    let mut at = midnight.timestamp().as_second();
    while at <= end {
        if at >= start {
            let form = if step < 60 { "%H:%M:%S" } else { "%H:%M" };
            let shown =
                Timestamp::from_second(at).map(|at| at.to_zoned(zone.clone()).strftime(form).to_string());
            ticks.push((at, shown.unwrap_or_default()));
        }
        let next = at + step;
        // After a change of the offset the next whole local time is another one.
        at = next - (next + offset(next)).rem_euclid(step.min(3600));
        if at < next - step + 1 {
            at = next;
        }
    }
    ticks
}

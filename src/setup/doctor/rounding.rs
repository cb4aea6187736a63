//! What the workspace makes of hours: it may round each entry up, and many short entries then bill more than was worked.

use super::{Finding, Room};
use crate::config::EntryPer;
use crate::model::Hours;

/// Half of what an hour is sent in: no difference but our own rounding.
const OWN: u64 = 18;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let (Some(config), Some(me)) = (room.config(), room.me()) else { return Vec::new() };
    let Some(company) = &me.company else { return Vec::new() };
    let mut found = Vec::new();
    let rule = company.time_rounding.as_deref().unwrap_or("none");
    let up = rule.starts_with("up");
    found.push(if up && config.time.entry == EntryPer::Session {
        let seen =
            format!("the workspace rounds each entry ({rule}), and each session is an entry of its own");
        let remedy = "entry = \"day\" in [time]: one entry a day, link and agent; or leave it so on purpose";
        Finding::warn(seen, remedy)
    } else {
        Finding::ok(format!("the workspace's rule: {rule}"))
    });
    if let Some(hours) = room.known().map(|known| known.hours).filter(|hours| hours.entries > 0) {
        let (ours, shown) = (Hours::from_seconds(hours.seconds), Hours::from_seconds(hours.shown));
        let noun = if hours.entries == 1 { "entry" } else { "entries" };
        let seen = format!(
            "{} {noun} of the last 30 days: {ours} h were counted, Keito shows {shown} h",
            hours.entries
        );
        let detail = serde_json::json!({
            "entries": hours.entries, "counted_seconds": hours.seconds, "shown_seconds": hours.shown,
        });
        let differs = hours.shown.abs_diff(hours.seconds) > OWN * hours.entries;
        let finding = if differs {
            Finding::warn(
                seen,
                "the workspace's rounding, or edits by hand: `keitod audit` names the entries",
            )
        } else {
            Finding::ok(seen)
        };
        found.push(finding.of("hours").with(detail));
    }
    if let Some(currency) = company.currency.as_deref().filter(|currency| *currency != "USD") {
        let has_rate = config.money.rates.iter().any(|rate| rate.currency == currency);
        found.push(if has_rate {
            Finding::ok(format!("there is a rate for {currency}")).of("currency")
        } else {
            let seen = format!("amounts are in {currency}, and the config has no rate: expenses are held");
            Finding::warn(seen, "add a [[money.rate]] to the config").of("currency")
        });
    }
    found
}

//! What the last comparison of both sides found.

use super::{Blame, Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(status) = room.status() else { return Vec::new() };
    vec![match &status.last_audit {
        None => Finding::ok("none yet; the daemon makes one a day, `keitod audit` makes one now"),
        Some(audit) => {
            let parts = [
                (audit.missing, "missing"),
                (audit.extra, "extra"),
                (audit.duplicate, "twice"),
                (audit.drift, "with other numbers"),
            ];
            let told: Vec<String> = parts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{count} {what}"))
                .collect();
            if told.is_empty() {
                Finding::ok(format!("clean at {}", audit.at))
            } else {
                let seen = format!("at {}: {}", audit.at, told.join(", "));
                if audit.missing + audit.duplicate > 0 {
                    Finding::fail(Blame::Conflict, seen, "keitod audit")
                } else {
                    Finding::warn(seen, "keitod audit")
                }
            }
        }
    }]
}

//! Does delivery stand still?

use super::{Blame, Finding, Room};
use crate::status::remedy as held;

/// Codes of the status that stop delivery, with what they are.
const STOPS: &[(&str, Blame)] = &[
    ("auth", Blame::Auth),
    ("plan", Blame::Auth),
    ("captive_portal", Blame::Network),
    ("tls", Blame::Network),
    ("wrong_url", Blame::Config),
    ("schema_drift", Blame::Server),
    ("amount_mismatch", Blame::Server),
    ("breaker_open", Blame::Network),
    ("database", Blame::Config),
];
/// Codes that other checks tell of, beside those of held work.
const ELSEWHERE: &[&str] = &[
    "no_credentials",
    "unreadable",
    "rejects",
    "format_alarm",
    "watcher_poll",
    "unpriced",
    "dead",
    "conflict",
];

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(status) = room.status() else { return Vec::new() };
    let mut found = Vec::new();
    for reason in &status.reasons {
        let stop = STOPS.iter().find(|(code, _)| *code == reason.code);
        let (seen, remedy) = (reason.message.clone(), reason.remedy.clone());
        let finding = match stop {
            Some((_, blame)) => Finding::fail(*blame, seen, remedy),
            None if ELSEWHERE.contains(&reason.code.as_str()) || held(&reason.code).is_some() => continue,
            // Whatever else it says: a reason that nobody looks at would be one that nobody sees.
            None => Finding::warn(seen, remedy),
        };
        found.push(finding.of(reason.code.clone()));
    }
    if found.is_empty() {
        let last = status.keito.last_ok_at.as_deref();
        let seen = last.map_or_else(
            || "nothing stops it".to_owned(),
            |at| format!("nothing stops it; last answer {at}"),
        );
        found.push(Finding::ok(seen));
    }
    found
}

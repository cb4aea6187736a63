//! What is held, dead or in conflict.

use super::{Blame, Finding, Room};
use crate::status::remedy;

/// Held reasons that other checks tell of.
const ELSEWHERE: &[&str] = &["unmapped", "mapping_error", "other_account", "project_closed", "unpriced"];

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(status) = room.status() else { return Vec::new() };
    let queue = &status.queue;
    let mut found = Vec::new();
    for (count, state, what) in
        [(queue.dead, "dead", "refused for good"), (queue.conflict, "conflict", "in conflict with Keito")]
    {
        if count > 0 {
            let are = if count == 1 { "record is" } else { "records are" };
            let seen = format!("{count} {are} {what}");
            found.push(
                Finding::fail(Blame::Conflict, seen, format!("keitod queue list --state {state}")).of(state),
            );
        }
    }
    for (code, count) in queue.held.iter().filter(|(code, _)| !ELSEWHERE.contains(&code.as_str())) {
        let told = status.reasons.iter().find(|reason| reason.code == *code);
        let seen = told.map_or_else(|| format!("{count} records are held"), |reason| reason.message.clone());
        found.push(Finding::warn(seen, remedy(code).unwrap_or("keitod queue list")).of(code.clone()));
    }
    if found.is_empty() {
        let waiting = queue.open + queue.pending;
        found.push(Finding::ok(format!(
            "{} records at Keito, {waiting} on their way, none refused",
            queue.done
        )));
    }
    found
}

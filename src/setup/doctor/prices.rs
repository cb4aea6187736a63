//! Does every request have a price, and is it the agents' own?

use super::{Finding, Room};

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(status) = room.status() else { return Vec::new() };
    let unpriced = status.reasons.iter().filter(|reason| reason.code == "unpriced");
    let mut found: Vec<Finding> = unpriced
        .map(|reason| Finding::warn(reason.message.clone(), reason.remedy.clone()).of("unpriced"))
        .collect();
    if found.is_empty() {
        found.push(Finding::ok("no request waits for a price"));
    }
    found.extend(
        status
            .prices_unused
            .iter()
            .map(|message| Finding::warn(message.clone(), "keitod prices update").of("table")),
    );
    for drift in &status.price_drift {
        let seen = format!("what {} says {} costs is not our price list's", drift.agent, drift.model);
        let remedy = format!("keitod prices check, keitod prices show {}", drift.model);
        found.push(Finding::warn(seen, remedy).of("drift"));
    }
    found
}

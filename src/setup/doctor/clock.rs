//! Is this machine's clock the server's? Days and cut-offs are told by it.

use std::time::Duration;

use super::{Blame, Finding, Room};

/// A line that is further ahead than this waits for its instant.
const FAR: Duration = Duration::from_secs(300);
/// More than any exchange of two clocks that are set by the network.
const OFF: Duration = Duration::from_secs(30);

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(line) = room.line() else { return Vec::new() };
    let Some((server, before, after)) = line.clock else {
        return vec![Finding::ok("the server tells no time to compare with")];
    };
    // Its header has whole seconds, and was written somewhere between our two looks.
    let ahead = before.since(server.plus(Duration::from_secs(1)));
    let behind = server.since(after);
    let (off, which) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
    let seconds = off.as_secs();
    let detail = serde_json::json!({"skew_seconds": seconds});
    let seen = format!("{seconds} s {which} the server");
    let remedy = "set the clock by the network: timedatectl set-ntp true";
    vec![
        if off > FAR {
            Finding::fail(Blame::Config, seen, remedy)
        } else if off > OFF {
            Finding::warn(seen, remedy)
        } else {
            Finding::ok("as the server's")
        }
        .with(detail),
    ]
}

//! Is the state on a disk that keeps it, with room on it?

use std::path::Path;

use super::{Blame, Finding, Room};
use crate::tail::is_network;

const MIB: u64 = 1 << 20;
/// Below this keitod stops reading before the disk is full.
const LITTLE: u64 = 200 * MIB;
/// Here nothing works any more.
const NOTHING: u64 = 8 * MIB;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(paths) = room.paths() else { return Vec::new() };
    // What is not there yet will be where its nearest ancestor is.
    let there = paths.state_dir.ancestors().find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let shown = paths.state_dir.display().to_string();
    if is_network(there) {
        let seen = "on a network file system, where locks and shared memory do not hold";
        return vec![
            Finding::fail(Blame::Config, seen, "set KEITOD_STATE_DIR to a local directory").of(shown),
        ];
    }
    let finding = match rustix::fs::statvfs(there) {
        Ok(stat) => {
            let free = stat.f_bavail.saturating_mul(stat.f_frsize);
            let seen = format!("a local disk with {} MiB free", free / MIB);
            let finding = match free {
                ..NOTHING => Finding::fail(Blame::Config, seen, "free some space"),
                NOTHING..LITTLE => Finding::warn(seen, "free some space"),
                LITTLE.. => Finding::ok(seen),
            };
            finding.with(serde_json::json!({"free_bytes": free}))
        }
        Err(error) => {
            Finding::warn(format!("the system does not say how much is free: {error}"), "look at it")
        }
    };
    vec![finding.of(shown)]
}

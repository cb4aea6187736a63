//! Are changes of logs noticed at once?

use std::path::Path;

use super::{Finding, Room};
use crate::tail::is_network;

/// Directories that are counted at most.
const MOST: u64 = 1_000_000;
/// Watches that other programs of the user (editors, sync clients) should find left.
const REST: u64 = 4096;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(setup) = &room.setup else { return Vec::new() };
    let mut found = Vec::new();
    let mut directories = 0;
    for watched in setup.watched() {
        for root in watched.roots.iter().filter(|root| root.exists()) {
            if is_network(root) {
                let seen =
                    format!("{} is on a network file system: only the scan sees changes", root.display());
                found.push(
                    Finding::warn(seen, "nothing, or keep the logs on a local disk")
                        .of(watched.agent.as_str()),
                );
            }
            let depth = watched.source.depth(root).unwrap_or(8);
            directories += count(root, depth, MOST - directories);
        }
    }
    let reasons = room.status().into_iter().flat_map(|status| &status.reasons);
    let polled = reasons.filter(|reason| reason.code == "watcher_poll");
    found
        .extend(polled.map(|reason| Finding::warn(reason.message.clone(), reason.remedy.clone()).of("poll")));
    found.push(limits(directories));
    found
}

/// Directories at and below a root.
fn count(dir: &Path, depth: usize, most: u64) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let mut sum = 1;
    if depth > 1 {
        for entry in entries.filter_map(Result::ok) {
            if sum < most && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                sum += count(&entry.path(), depth - 1, most - sum);
            }
        }
    }
    sum
}

#[cfg(target_os = "linux")]
fn limits(directories: u64) -> Finding {
    let limit = |name: &str| -> Option<u64> {
        std::fs::read_to_string(Path::new("/proc/sys/fs/inotify").join(name)).ok()?.trim().parse().ok()
    };
    let (Some(watches), Some(instances)) = (limit("max_user_watches"), limit("max_user_instances")) else {
        return Finding::ok(format!("{directories} directories; the system does not tell its limits"));
    };
    let detail = serde_json::json!({"directories": directories, "max_user_watches": watches, "max_user_instances": instances});
    let seen = format!(
        "directories to watch: {directories}; the limits are {watches} watches, {instances} instances"
    );
    let finding = if watches < directories.saturating_add(REST) || instances < 8 {
        let wanted = directories.saturating_mul(2).max(65_536);
        let remedy = format!("sysctl fs.inotify.max_user_watches={wanted} fs.inotify.max_user_instances=128");
        Finding::warn(seen, remedy)
    } else {
        Finding::ok(seen)
    };
    finding.of("limits").with(detail)
}

#[cfg(not(target_os = "linux"))]
fn limits(directories: u64) -> Finding {
    Finding::ok(format!("{directories} directories to watch")).of("limits")
}

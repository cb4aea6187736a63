//! Which agents are here: where their logs were looked for, what is there, what was read, how long it stays.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::retention::{self, Kept};
use super::{Blame, Finding, Room};
use crate::daemon::intake::Watched;
use crate::sources::Environment as _;
use crate::status::Source;
use crate::tail::{Scan, ScanLimits, scan};

/// Logs that are deleted sooner than this may be gone before a machine that was off over a holiday has read them.
const SHORT: u64 = 14;

pub(super) fn check(room: &Room<'_>) -> Vec<Finding> {
    let Some(setup) = &room.setup else { return Vec::new() };
    let read = |agent: &str| {
        let sources = room.status().map(|status| status.sources.as_slice()).unwrap_or_default();
        sources.iter().find(|source| source.agent == agent)
    };
    let watched = setup.watched();
    let mut found: Vec<Finding> =
        watched.iter().flat_map(|agent| look(agent, room.env.home(), read(agent.agent.as_str()))).collect();
    // What the daemon met while reading: to root, and from a shell with other groups, a file may look as any other.
    let reasons = room.status().into_iter().flat_map(|status| &status.reasons);
    let met = reasons.filter(|reason| reason.code == "unreadable");
    found.extend(met.map(|reason| {
        let remedy = "make it readable for the user that keitod runs as: chmod u+r";
        Finding::warn(reason.message.clone(), remedy).of("unreadable")
    }));
    if !found.iter().any(|finding| finding.detail.as_ref().is_some_and(|detail| detail["files"] != 0)) {
        let seen = "no log of any agent was found";
        let remedy =
            "use one, or name its home in [sources.<agent>] roots; `keitod demo` shows keitod without any";
        found.push(Finding::warn(seen, remedy));
    }
    found
}

fn look(watched: &Watched, user_home: &Path, read: Option<&Source>) -> Vec<Finding> {
    let agent = watched.agent.as_str();
    let mut all = Scan::new(ScanLimits::default());
    for root in &watched.roots {
        let claim = |path: &Path| watched.source.claim_below(root, path).is_some();
        scan(root, &claim, &mut all);
    }
    // The home itself, which some keep a log in, is everybody's.
    let own = |root: &PathBuf| root.exists() && !user_home.starts_with(root);
    let here = !all.found.is_empty() || watched.roots.iter().any(own);
    let kept = retention::of(agent, &watched.roots);
    let last = read.and_then(|source| source.last_event_at.clone());
    let detail = json!({
        "here": here,
        "probed": watched.roots.iter().map(|root| root.display().to_string()).collect::<Vec<_>>(),
        "files": all.found.len(),
        "files_read": read.map(|source| source.files),
        "sessions": read.map(|source| source.sessions),
        "last_event_at": last,
        "rejected_lines": read.map(|source| source.rejected_lines),
        "kept_days": kept.as_ref().and_then(|kept| kept.days),
        "kept_setting": kept.as_ref().map(|kept| kept.setting),
    });
    if !here {
        return vec![Finding::ok("not here").of(agent).with(detail)];
    }
    let mut seen = format!("{} logs", all.found.len());
    if let Some(source) = read.filter(|source| source.files > 0) {
        seen += &format!(", {} read with {} sessions", source.files, source.sessions);
    }
    seen += &last.map_or_else(String::new, |at| format!(", last event {at}"));
    seen += &kept.as_ref().map_or_else(String::new, |kept| format!("; {}", kept.words()));
    let mut found = vec![Finding::ok(seen).of(agent).with(detail)];
    found.extend(kept.and_then(|kept| too_short(&kept)).map(|finding| finding.of(agent)));
    if let Some(problem) = all.problems.first() {
        let more = u64::try_from(all.problems.len()).unwrap_or_default() + all.more_problems - 1;
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        let seen = format!("{} is not read: {}{others}", problem.path.display(), problem.reason);
        found.push(Finding::fail(Blame::Config, seen, "make it readable: chmod u+rX").of(agent));
    }
    if let Some(alarm) = read.and_then(|source| source.alarm.as_ref()) {
        let remedy =
            format!("update keitod, or `keitod queue approve --agent {agent}` if it is as it should be");
        found.push(Finding::warn(format!("stopped: {alarm}"), remedy).of(agent));
    }
    if let Some(lines) = read.map(|source| source.rejected_lines).filter(|lines| *lines > 0) {
        let seen = format!("{lines} lines of its logs could not be read");
        found.push(
            Finding::warn(seen, "update keitod; if it stays so, report it: they may hold usage").of(agent),
        );
    }
    found
}

fn too_short(kept: &Kept) -> Option<Finding> {
    let setting = kept.setting;
    match kept.days? {
        0 => {
            let seen = format!("{setting} = 0: it writes no logs, and nothing of it can be billed");
            Some(Finding::fail(Blame::Config, seen, format!("set {setting} to 30 or more")))
        }
        days @ ..SHORT => {
            let seen = format!("{setting}: logs are deleted after {days} days, read or not");
            Some(Finding::warn(seen, format!("set it to 30 or more, in {}", kept.file.display())))
        }
        SHORT.. => None,
    }
}

/// A root's home, where the agent's settings are.
pub(super) fn home(root: &Path) -> Option<PathBuf> {
    root.parent().map(Path::to_path_buf)
}

//! Whether an agent's logs are still where they were, and of a kind that is known.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Intake, Watched};
use crate::daemon::Error;
use crate::ledger::format::Alarm;
use crate::tail::{Found, Scan, ScanLimits, scan};

/// Nanoseconds that files like its logs are younger than the logs themselves before these count as left behind: an
/// agent that is only started writes to its home too.
const LATER: i64 = 24 * 3600 * 1_000_000_000;
/// Milliseconds between two looks around.
const LOOK: u64 = 3_600_000;
/// Milliseconds that a database may be of no version while its program is at work.
const CHANGING: u64 = 50_000;
/// An agent's home is looked through so deep.
const DEPTH: usize = 7;

/// What is wrong with each agent's logs as a whole, by number.
#[derive(Debug, Default)]
pub(super) struct Findings {
    of: BTreeMap<usize, Finding>,
    looked_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Finding {
    /// Change of the newest log, ns; of those that are there.
    newest: Option<i64>,
    /// Databases of an unknown version, with what is missing and since when.
    unknown: BTreeMap<PathBuf, (String, u64)>,
    moved: Option<Alarm>,
    told: Option<Alarm>,
}

impl Findings {
    pub(super) fn scanned(&mut self, watched: usize, newest: Option<i64>) {
        self.of.entry(watched).or_default().newest = newest;
    }

    /// `now`: milliseconds.
    pub(super) fn unknown(&mut self, watched: usize, path: &Path, missing: &str, now: u64) {
        let unknown = &mut self.of.entry(watched).or_default().unknown;
        unknown.entry(path.to_owned()).or_insert_with(|| (missing.to_owned(), now));
    }

    pub(super) fn known(&mut self, watched: usize, path: &Path) {
        self.of.entry(watched).or_default().unknown.remove(path);
    }
}

impl Intake {
    /// Tells the clerk what is wrong with each agent's logs as a whole, if that has changed.
    pub(super) fn tell_findings(&mut self) -> Result<(), Error> {
        let now = self.clock.millis();
        let look = self.findings.looked_at.is_none_or(|at| now.saturating_sub(at) >= LOOK);
        if look {
            self.findings.looked_at = Some(now);
        }
        for (index, watched) in self.watched.iter().enumerate() {
            let Some(finding) = self.findings.of.get_mut(&index) else { continue };
            if look || finding.moved.is_some() {
                let known = self.known.newest(&watched.agent);
                let known = known.map(|cursor| (cursor.mtime_ns, cursor.path.extension()));
                finding.moved = known.and_then(|known| {
                    moved(watched, &self.watched, finding.newest, known, crate::daemon::time::now().millis())
                });
            }
            finding.unknown.retain(|path, _| path.exists());
            // A program that starts may be about to make or change its tables; a pass has no later look.
            let lasting = |since: u64| !self.serves || now.saturating_sub(since) >= CHANGING;
            let unknown = finding.unknown.values().find(|(_, since)| lasting(*since));
            let unknown = unknown.map(|(missing, _)| Alarm::UnknownVersion { missing: missing.clone() });
            let alarm = finding.moved.clone().or(unknown);
            if alarm != finding.told {
                let (agent, told) = (watched.agent.clone(), alarm.clone());
                self.clerk.call_blocking(move |clerk| clerk.set_finding(&agent, told))?;
                finding.told = alarm;
            }
        }
        Ok(())
    }
}

/// Where files like an agent's logs are written, if its logs are left behind. `known`: change and extension of the newest
/// log that was ever read; an agent without one was never seen at work.
fn moved(
    own: &Watched,
    all: &[Watched],
    newest: Option<i64>,
    (known, extension): (i64, Option<&OsStr>),
    now_ms: i64,
) -> Option<Alarm> {
    let extension = extension.filter(|extension| *extension != "json")?;
    // Where nothing is left what was moved is as old as it was.
    let since = newest.map_or(known, |newest| newest.max(known).saturating_add(LATER));
    if known == 0 || since > now_ms.saturating_mul(1_000_000) {
        return None;
    }
    let others: Vec<&PathBuf> =
        all.iter().filter(|other| other.agent != own.agent).flat_map(|other| &other.roots).collect();
    let claimed = |path: &Path| {
        own.roots
            .iter()
            .any(|root| path.strip_prefix(root).is_ok_and(|below| own.source.claim(below).is_some()))
    };
    let mut homes: Vec<PathBuf> =
        own.roots.iter().filter_map(|root| home(root, own.agent.as_str(), &others)).collect();
    homes.sort();
    homes.dedup();
    let mut found: Option<Found> = None;
    for home in homes {
        let like = |below: &Path| {
            let path = home.join(below);
            below.extension() == Some(extension)
                && !claimed(&path)
                && !others.iter().any(|root| path.starts_with(root) && !home.starts_with(root))
        };
        let mut scanned = Scan::new(ScanLimits { depth: DEPTH, files: 1 });
        scan(&home, &like, &mut scanned);
        let first = scanned.found.into_iter().next().filter(|first| first.stat.mtime_ns >= since);
        found = found.into_iter().chain(first).max_by_key(|found| found.stat.mtime_ns);
    }
    let found = found?;
    let shown = |path: Option<&Path>| path.map_or_else(String::new, |path| path.display().to_string());
    Some(Alarm::Moved {
        from: shown(own.roots.first().map(PathBuf::as_path)),
        to: shown(found.path.parent()),
    })
}

/// The directory of an agent that holds a root: the nearest one that has its name, else the parent. None where that would
/// be everybody's.
fn home(root: &Path, agent: &str, others: &[&PathBuf]) -> Option<PathBuf> {
    let word = agent.split('-').next().unwrap_or(agent);
    let is_own = |path: &&Path| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.trim_start_matches('.').starts_with(word)
    };
    let named = root.ancestors().find(is_own);
    let homes = named.into_iter().chain(root.parent());
    homes.into_iter().find(|home| !others.iter().any(|root| root.starts_with(home))).map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_home_is_its_own() {
        let others = [PathBuf::from("/home/pi/.codex/sessions"), PathBuf::from("/home/pi/.gemini/tmp")];
        let others: Vec<&PathBuf> = others.iter().collect();
        let cases = [
            ("/home/pi/.claude/projects", "claude-code", Some("/home/pi/.claude")),
            ("/home/pi/.pi/agent/sessions", "pi", Some("/home/pi/.pi")),
            ("/home/pi/.local/share/opencode", "opencode", Some("/home/pi/.local/share/opencode")),
            ("/home/pi/work/projects", "claude-code", Some("/home/pi/work")),
            ("/home/pi/sessions", "pi", None),
            ("/x", "opencode", None),
        ];
        for (root, agent, expected) in cases {
            assert_eq!(home(Path::new(root), agent, &others), expected.map(PathBuf::from), "{root}");
        }
    }
}

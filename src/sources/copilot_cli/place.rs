//! Where Copilot CLI keeps its logs, and which files there are its own.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// `COPILOT_HOME` moves everything.
pub(super) fn homes(env: &dyn Environment) -> Vec<PathBuf> {
    vec![env.var("COPILOT_HOME").map_or_else(|| env.home().join(".copilot"), PathBuf::from)]
}

/// Whether `path` is a log.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let session = match parts.as_slice() {
        [session, "events.jsonl"] => *session,
        [file] => file.strip_suffix(".jsonl").filter(|stem| !stem.is_empty())?,
        _ => return None,
    };
    Some(Claim { session: Some(session.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_the_session_by_the_path() {
        let cases = [
            ("0f/events.jsonl", Some("0f")),
            ("0f.jsonl", Some("0f")),
            (".jsonl", None),
            ("0f/workspace.yaml", None),
            ("0f/rewind-file-snapshots/events.jsonl", None),
            ("../events.jsonl", None),
        ];
        for (path, session) in cases {
            let claim = claim(Path::new(path)).and_then(|claim| claim.session);
            assert_eq!(claim.as_deref(), session, "{path}");
        }
    }
}

//! Which files are Kimi CLI's, and to which directory and session one belongs.

use std::path::{Component, Path};

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::super::Claim;

/// What a wire does not say of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// A subagent's prompts are no person's.
    #[serde(rename = "s", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_subagent: bool,
    /// Where the session was started.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
}

fn names(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// Whether `path` is a wire. `context.jsonl` beside it is rewritten and holds no counts of requests.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let session = match names(path)?.as_slice() {
        [_dir, session, "wire.jsonl"] | [_dir, session, "subagents", _, "wire.jsonl"] => *session,
        _ => return None,
    };
    Some(Claim { session: Some(session.to_owned()) })
}

/// Whether the wire at `path` is a subagent's.
pub(super) fn is_subagent(path: &Path) -> bool {
    path.components().count() > 3
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registry {
    work_dirs: Vec<WorkDir>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WorkDir {
    path: String,
    kaos: String,
}

/// The directory whose hash names the folder. Directories that are not on this machine have another name.
pub(super) fn directory(path: &Path, beside: &[Vec<u8>]) -> Option<String> {
    let folder = *names(path)?.first()?;
    let registry: Registry = serde_json::from_slice(beside.first()?).ok()?;
    let mut dirs = registry.work_dirs.into_iter().filter(|dir| matches!(dir.kaos.as_str(), "" | "local"));
    dirs.find(|dir| hash(&dir.path) == folder).map(|dir| dir.path)
}

fn hash(dir: &str) -> String {
    Md5::digest(dir.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_the_session_by_the_path() {
        let cases = [
            ("96d6/0f/wire.jsonl", Some("0f")),
            ("96d6/0f/subagents/a1/wire.jsonl", Some("0f")),
            ("96d6/0f/context.jsonl", None),
            ("96d6/0f/subagents/a1/context.jsonl", None),
            ("96d6/wire.jsonl", None),
            ("../0f/wire.jsonl", None),
        ];
        for (path, session) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| Some(session.to_owned())), "{path}");
        }
    }

    #[test]
    fn the_registry_knows_a_folder_by_its_hash() {
        let registry = br#"{"work_dirs":[{"path":"/home/dev/a","kaos":"local"},{"path":"/home/dev/src/demo-shop","kaos":"local","last_session_id":null}]}"#;
        let found = |folder: &str| directory(&Path::new(folder).join("0f/wire.jsonl"), &[registry.to_vec()]);
        assert_eq!(found("96d6f2dfc3b1c66be720d13191df4c3c").as_deref(), Some("/home/dev/src/demo-shop"));
        assert_eq!(found("96d6"), None);
        assert_eq!(directory(Path::new("x/0f/wire.jsonl"), &[b"{".to_vec()]), None);
    }
}

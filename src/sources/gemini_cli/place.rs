//! Where Gemini CLI keeps its logs, and to which project one belongs.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{Claim, Environment};

/// What of a file's past, and of the files beside it, decides how its lines are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    /// The session of the newest header.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    /// Whether that header says so: then no user record is a person's.
    #[serde(rename = "k", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_subagent: bool,
    /// Where the project lies, as the agent's registry has it.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
    /// The first directory that the log names.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) named: Option<String>,
}

impl State {
    /// The directory of what the session does: the log names none by record.
    pub(super) fn dir(&self) -> Option<&str> {
        self.root.as_deref().or(self.named.as_deref())
    }
}

/// `GEMINI_CLI_HOME` stands for the home directory.
pub(super) fn roots(env: &dyn Environment) -> Vec<PathBuf> {
    let home = env.var("GEMINI_CLI_HOME").map_or_else(|| env.home().to_owned(), PathBuf::from);
    vec![home.join(".gemini/tmp")]
}

fn names(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// Whether `path` is a log. The folder of a subagent is named for the session that started it.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let parts = names(path)?;
    let (file, folders) = parts.split_last()?;
    let stem = file.strip_suffix(".jsonl").or_else(|| file.strip_suffix(".json"))?;
    let session = match folders {
        [_project, "chats"] => None,
        [_project, "chats", session] => Some((*session).to_owned()),
        _ => return None,
    };
    (!stem.is_empty()).then_some(Claim { session })
}

/// The mark in the project's folder, and the registry of all projects.
pub(super) fn beside(path: &Path) -> Vec<PathBuf> {
    let project = path.components().next().map(|part| PathBuf::from(part.as_os_str())).unwrap_or_default();
    vec![project.join(".project_root"), PathBuf::from("../projects.json")]
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Registry {
    projects: BTreeMap<String, String>,
}

/// Where the project of the log at `path` lies. Older versions named its folder by the hash of its path.
pub(super) fn project_root(path: &Path, beside: &[Vec<u8>]) -> Option<String> {
    let folder = *names(path)?.first()?;
    let mark = beside.first().and_then(|mark| std::str::from_utf8(mark).ok()).map(str::trim);
    if let Some(mark) = mark.filter(|mark| mark.starts_with('/')) {
        return Some(mark.to_owned());
    }
    let registry: Registry = serde_json::from_slice(beside.get(1)?).ok()?;
    let mut projects = registry.projects.into_iter();
    projects.find(|(dir, name)| name == folder || hash(dir) == folder).map(|(dir, _)| dir)
}

fn hash(dir: &str) -> String {
    Sha256::digest(dir.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_the_parent_by_the_path() {
        let cases = [
            ("shop/chats/session-2026-11-21T01-38-959a02a3.jsonl", Some(None)),
            ("shop/chats/session-2026-11-21T01-38-959a02a3.json", Some(None)),
            ("shop/chats/e6e4/627e.jsonl", Some(Some("e6e4"))),
            ("shop/chats/a/b/c.jsonl", None),
            ("shop/logs.json", None),
            ("shop/checkpoints/x.json", None),
            ("shop/chats/.jsonl", None),
            ("shop/chats/x.txt", None),
            ("../chats/x.json", None),
        ];
        for (path, expected) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, expected.map(|session| session.map(str::to_owned)), "{path}");
        }
    }

    #[test]
    fn the_registry_knows_a_project_by_name_and_by_hash() {
        let path = |folder: &str| PathBuf::from(folder).join("chats/s.jsonl");
        let registry = br#"{"projects":{"/home/dev/a":"a","/home/dev/src/demo-shop":"demo-shop"}}"#.to_vec();
        let hashed = "c6b65009e2f3c8d309d9aa38e0d51c47c5c6cbd46afdfa993c96a21f5bef1843";
        let shop = Some("/home/dev/src/demo-shop".to_owned());
        let by_mark = project_root(&path("x"), &[b"/home/dev/src/demo-shop\n".to_vec(), registry.clone()]);
        assert_eq!(by_mark, shop);
        for folder in ["demo-shop", hashed] {
            assert_eq!(project_root(&path(folder), &[Vec::new(), registry.clone()]), shop, "{folder}");
        }
        assert_eq!(project_root(&path("b"), &[Vec::new(), registry]), None);
        assert_eq!(project_root(&path("b"), &[b"{".to_vec(), b"{".to_vec()]), None);
    }
}

//! Which files are Grok Build's, and where a session works.

use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

use super::super::{Claim, json, uri};
use super::wire::Summary;

/// What a log does not say of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Place {
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<String>,
}

impl Place {
    /// Takes in what the summary says; without one the folder's name is the directory.
    pub(super) fn inform(&mut self, path: &Path, beside: &[Vec<u8>]) {
        let mut spare = String::new();
        let bytes = beside.first().map_or(&[][..], |bytes| json::trimmed(bytes));
        let summary = json::parse::<Summary<'_>>(bytes, &mut spare).unwrap_or_default();
        let folder = || names(path)?.first().and_then(|folder| uri::decoded(folder));
        let dir = summary.dir().map(str::to_owned).or_else(folder).filter(|dir| dir.starts_with('/'));
        self.dir = dir.or(self.dir.take());
        self.branch = summary.head_branch.get().map(str::to_owned).or(self.branch.take());
    }
}

fn names(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// Whether `path` is a session's log or its summary.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    match names(path)?.as_slice() {
        [_dir, session, "updates.jsonl" | "summary.json"] => {
            Some(Claim { session: Some((*session).to_owned()) })
        }
        _ => None,
    }
}

/// Whether a file that is claimed is the log.
pub(super) fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

//! Where sessions are, and which files are they.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// Below the home.
pub(super) const SESSIONS: &str = "sessions/cli";

const DATABASE: &str = "data.sqlite3";

/// The folders of the older databases.
pub(super) fn databases(env: &dyn Environment) -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        return vec![env.home().join("Library/Application Support/kiro-cli")];
    }
    let data = env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    vec![data.unwrap_or_else(|| env.home().join(".local/share")).join("kiro-cli")]
}

/// `<session>.jsonl`, `<session>.json`, `data.sqlite3`.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let parts: Vec<_> = path.components().collect();
    let [Component::Normal(name)] = parts.as_slice() else { return None };
    let name = name.to_str()?;
    if name == DATABASE {
        return Some(Claim::default());
    }
    let session = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json"))?;
    (!session.is_empty()).then(|| Claim { session: Some(session.to_owned()) })
}

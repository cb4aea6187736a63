//! Where Goose keeps its sessions, and which files are they.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// The database of all sessions.
const DATABASE: &str = "sessions.db";

/// The data directory, by the rules for base directories on every system; `GOOSE_PATH_ROOT` moves all of Goose.
pub(super) fn homes(env: &dyn Environment) -> Vec<PathBuf> {
    if let Some(root) = env.var("GOOSE_PATH_ROOT") {
        return vec![PathBuf::from(root).join("data")];
    }
    let data = env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let data = data.unwrap_or_else(|| env.home().join(".local/share"));
    // Some installations keep the publisher's name in it.
    vec![data.join("goose"), data.join("Block/goose")]
}

/// The database, or one session of before.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let mut parts = path.components();
    let (Some(Component::Normal(name)), None) = (parts.next(), parts.next()) else { return None };
    let name = name.to_str()?;
    if name == DATABASE {
        return Some(Claim::default());
    }
    let session = name.strip_suffix(".jsonl").filter(|session| !session.is_empty())?;
    Some(Claim { session: Some(session.to_owned()) })
}

/// Whether the log at `path` is the database.
pub(super) fn is_database(path: &Path) -> bool {
    path.ends_with(DATABASE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_and_sessions_of_before_are_claimed() {
        let cases = [
            ("sessions.db", Some(None)),
            ("20250101_120000.jsonl", Some(Some("20250101_120000"))),
            ("sessions.db-wal", None),
            ("other.db", None),
            (".jsonl", None),
            ("a/sessions.db", None),
            ("../sessions.db", None),
        ];
        for (path, session) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| session.map(str::to_owned)), "{path}");
        }
    }
}

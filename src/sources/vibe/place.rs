//! Which files are Vibe's, and which session one is of.

use std::path::{Component, Path, PathBuf};

use super::super::Claim;

fn names(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// Whether `path` is a journal, or the one file of an older session that tells anything.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    match names(path)?.as_slice() {
        ["unified", session, "journal", file] if file.ends_with(".jsonl") => {
            Some(Claim { session: Some((*session).to_owned()) })
        }
        ["unified", ..] => None,
        [session, "meta.json"] | [session, "agents", _, "meta.json"] => {
            Some(Claim { session: Some((*session).to_owned()) })
        }
        _ => None,
    }
}

/// Whether a file that is claimed is a journal.
pub(super) fn is_journal(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

/// What says of a journal where its session works.
pub(super) fn meta(path: &Path) -> Option<PathBuf> {
    is_journal(path).then(|| path.parent()?.parent().map(|session| session.join("meta.json"))).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_the_session_by_the_path() {
        let cases = [
            ("unified/s1/journal/0000000000000001.jsonl", Some("s1")),
            ("unified/s1/meta.json", None),
            ("unified/s1/generations/0000000000000008/projection-state.json", None),
            ("unified/.session-index.json", None),
            ("session_20260613/meta.json", Some("session_20260613")),
            ("session_20260613/agents/explore/meta.json", Some("session_20260613")),
            ("session_20260613/messages.jsonl", None),
            ("../s1/meta.json", None),
        ];
        for (path, session) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| Some(session.to_owned())), "{path}");
        }
        let journal = Path::new("unified/s1/journal/0000000000000001.jsonl");
        assert_eq!(meta(journal), Some(PathBuf::from("unified/s1/meta.json")));
        assert_eq!(meta(Path::new("s/meta.json")), None);
    }
}

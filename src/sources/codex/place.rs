//! Which files are rollouts, and of which thread.

use std::path::{Component, Path};

use super::super::Claim;

const PACKED: &str = ".jsonl.zst";

/// Whether a rollout is packed.
pub(super) fn is_packed(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().ends_with(PACKED.as_bytes()))
}

/// The claim on a file below one of the roots: flat, or in dated folders.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let name = path.file_name()?.to_str().filter(|_| plain)?;
    let stem = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(PACKED))?;
    Some(Claim { session: Some(thread(stem).unwrap_or(stem).to_owned()) })
}

/// The thread in `rollout-2026-11-21T01-47-10-<thread>`; a copy that was reverted to adds `_<rollout>`.
fn thread(stem: &str) -> Option<&str> {
    let rest = stem.strip_prefix("rollout-")?.get("2026-11-21T01-47-10-".len()..)?;
    let id = rest.split_once('_').map_or(rest, |(id, _)| id);
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rollouts_are_claimed_by_their_names() {
        let id = "01a1fbc9-390a-7870-8d35-1bb903faa1ee";
        let dated = format!("2026/11/21/rollout-2026-11-21T01-47-10-{id}.jsonl");
        let cases = [
            (dated.clone(), Some(id)),
            (format!("{dated}.zst"), Some(id)),
            (format!("rollout-2026-11-21T01-47-10-{id}.jsonl"), Some(id)),
            (format!("rollout-2026-11-21T01-47-10-{id}_01a1.jsonl"), Some(id)),
            ("team/session.jsonl".into(), Some("session")),
            ("rollout-x.jsonl".into(), Some("rollout-x")),
            ("2026/11/21/rollout.jsonl.tmp".into(), None),
            ("../other.jsonl".into(), None),
            ("history.json".into(), None),
        ];
        for (path, expected) in cases {
            let found = claim(Path::new(&path)).map(|claim| claim.session.unwrap());
            assert_eq!(found.as_deref(), expected, "{path}");
        }
        assert!(is_packed(Path::new("a/b.jsonl.zst")) && !is_packed(Path::new("a/b.jsonl")));
    }
}

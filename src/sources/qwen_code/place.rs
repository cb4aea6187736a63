//! Where Qwen Code keeps its logs, and which files there are its own.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// `QWEN_HOME` moves everything, `QWEN_RUNTIME_DIR` what is written from then on: what was written before stays.
pub(super) fn roots(env: &dyn Environment) -> Vec<PathBuf> {
    let home = env.var("QWEN_HOME").map_or_else(|| env.home().join(".qwen"), PathBuf::from);
    let homes = env.var("QWEN_RUNTIME_DIR").map(PathBuf::from).into_iter().chain([home]);
    let mut roots = Vec::new();
    for root in homes.flat_map(|home| below(&home)) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

/// Of a home: `tmp` is where older versions wrote.
pub(super) fn below(home: &Path) -> [PathBuf; 2] {
    [home.join("projects"), home.join("tmp")]
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
    let (file, folders) = parts.split_last()?;
    let stem = file.strip_suffix(".jsonl").filter(|stem| !stem.is_empty())?;
    let session = match folders {
        [_project, "chats"] => stem,
        [_project, "subagents", session] if stem.starts_with("agent-") => *session,
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
            ("-home-dev-shop/chats/0f.jsonl", Some("0f")),
            ("-home-dev-shop/subagents/0f/agent-coder-call_1.jsonl", Some("0f")),
            ("-home-dev-shop/subagents/0f/agent-coder-call_1.meta.json", None),
            ("-home-dev-shop/subagents/0f/other.jsonl", None),
            ("-home-dev-shop/memory/x.jsonl", None),
            ("-home-dev-shop/chats/.jsonl", None),
            ("usage_record.jsonl", None),
        ];
        for (path, session) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| Some(session.to_owned())), "{path}");
        }
    }
}

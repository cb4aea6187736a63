//! Where the programs keep their sessions, and which files there are their own.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// One for each of OpenClaw's agents.
pub(super) const DATABASE: &str = "agent/openclaw-agent.sqlite";

/// Which of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Pi,
    Omp,
    Prime,
    OpenClaw,
}

impl Kind {
    /// Below a home.
    pub(super) fn folder(self) -> &'static str {
        if self == Self::OpenClaw { "agents" } else { "sessions" }
    }
}

/// `PI_CODING_AGENT_DIR` moves Pi's home and `PI_CODING_AGENT_SESSION_DIR` its sessions, `OPENCLAW_STATE_DIR` OpenClaw's
/// home, which had other names before and has another for each profile.
pub(super) fn roots(kind: Kind, env: &dyn Environment) -> Vec<PathBuf> {
    let named = |name: &str| env.var(name).map(|path| expand(&path, env.home()));
    let homes = match kind {
        Kind::Pi => {
            let home = named("PI_CODING_AGENT_DIR").unwrap_or_else(|| env.home().join(".pi/agent"));
            let own = named("PI_CODING_AGENT_SESSION_DIR");
            return own.into_iter().chain([home.join(kind.folder())]).collect();
        }
        Kind::Omp => vec![env.home().join(".omp/agent")],
        Kind::Prime => vec![env.home().join(".prime/agent")],
        Kind::OpenClaw => match named("OPENCLAW_STATE_DIR") {
            Some(home) => vec![home],
            None => {
                let profile = env.var("OPENCLAW_PROFILE").map(|name| format!(".openclaw-{name}"));
                let names = [".openclaw", ".clawdbot", ".moltbot", ".moldbot"].map(str::to_owned);
                names.into_iter().chain(profile).map(|name| env.home().join(name)).collect()
            }
        },
    };
    homes.into_iter().map(|home| home.join(kind.folder())).collect()
}

fn expand(path: &str, home: &Path) -> PathBuf {
    match path.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

/// `[<folder>/]<time>_<session>.jsonl`, of a subagent `<folder>/<time>_<session>/<name>.jsonl`; OpenClaw's
/// `<agent>/sessions/<session>.jsonl`, to which it adds `.reset.<time>` or `.deleted.<time>` when it is done with it.
pub(super) fn claim(kind: Kind, path: &Path) -> Option<Claim> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let (file, folders) = parts.split_last()?;
    let session = match (kind, folders) {
        (Kind::OpenClaw, [_agent, "agent"]) if DATABASE.ends_with(file) => return Some(Claim::default()),
        (Kind::OpenClaw, [_agent, "sessions"]) => {
            let (stem, rest) = file.split_once(".jsonl")?;
            let is_log = rest.is_empty() || rest.starts_with(".reset.") || rest.starts_with(".deleted.");
            Some(stem).filter(|_| is_log)?
        }
        (Kind::OpenClaw, _) => return None,
        (_, [] | [_]) => file.strip_suffix(".jsonl").map(id)?,
        (_, [_, session]) if session.contains('_') => file.ends_with(".jsonl").then(|| id(session))?,
        _ => return None,
    };
    (!session.is_empty()).then(|| Claim { session: Some(session.to_owned()) })
}

/// What stands behind the time.
fn id(stem: &str) -> &str {
    stem.split_once('_').map_or(stem, |(_, id)| id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_tell_the_session_by_the_path() {
        let cases = [
            (Kind::Pi, "--home-dev-shop--/2026-11-21T01-45-37-253Z_0f.jsonl", Some(Some("0f"))),
            (Kind::Pi, "2026-11-21T01-45-37-253Z_0f.jsonl", Some(Some("0f"))),
            (Kind::Omp, "abs-shop-0b/2026-11-21T01-45-37-253Z_a_b.jsonl", Some(Some("a_b"))),
            (Kind::Omp, "-shop/2026-11-21T01-45-37-253Z_0f/0-Task.jsonl", Some(Some("0f"))),
            (Kind::Omp, "-shop/notes/0-Task.jsonl", None),
            (Kind::Pi, "--home-dev-shop--/x_.jsonl", None),
            (Kind::Pi, "--home-dev-shop--/0f.json", None),
            (Kind::OpenClaw, "main/sessions/0f.jsonl", Some(Some("0f"))),
            (Kind::OpenClaw, "main/sessions/0f.jsonl.reset.2026-11-21T01-45-37.253Z", Some(Some("0f"))),
            (Kind::OpenClaw, "main/sessions/0f.jsonl.deleted.1", Some(Some("0f"))),
            (Kind::OpenClaw, "main/sessions/0f.jsonl.lock", None),
            (Kind::OpenClaw, "main/sessions/sessions.json", None),
            (Kind::OpenClaw, "main/agent/openclaw-agent.sqlite", Some(None)),
            (Kind::OpenClaw, "main/agent/openclaw-agent.sqlite-wal", None),
            (Kind::OpenClaw, "main/agent/auth.sqlite", None),
        ];
        for (kind, path, session) in cases {
            let claim = claim(kind, Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, session.map(|session| session.map(str::to_owned)), "{path}");
        }
    }
}

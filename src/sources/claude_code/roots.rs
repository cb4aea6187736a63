//! Where Claude Code keeps its logs, and which files there are its own.

use std::path::{Component, Path, PathBuf};

use super::super::{Claim, Environment};

/// The directories to watch.
///
/// The command line keeps everything below its configuration directories, of which only `projects` holds logs.
/// `CLAUDE_CONFIG_DIR` (a comma list, as readers of these logs take it) replaces the defaults. The desktop program runs
/// sessions in trees of its own, whatever that variable says.
pub(super) fn roots(env: &dyn Environment) -> Vec<PathBuf> {
    let named: Vec<PathBuf> = env
        .var("CLAUDE_CONFIG_DIR")
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| expand(entry, env.home()))
        .collect();
    let config_home = config_home(env);
    let homes =
        if named.is_empty() { vec![env.home().join(".claude"), config_home.join("claude")] } else { named };
    let mut roots: Vec<PathBuf> = Vec::new();
    let desktop = desktop(env.home(), &config_home).join("local-agent-mode-sessions");
    for root in homes.into_iter().map(|home| home.join("projects")).chain([desktop]) {
        if !roots.contains(&root) {
            roots.push(root);
        }
    }
    roots
}

fn config_home(env: &dyn Environment) -> PathBuf {
    // The base directory rules tell to ignore a relative value.
    env.var("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| env.home().join(".config"))
}

fn desktop(home: &Path, config_home: &Path) -> PathBuf {
    if cfg!(target_os = "macos") {
        home.join("Library/Application Support/Claude")
    } else {
        config_home.join("Claude")
    }
}

fn expand(entry: &str, home: &Path) -> PathBuf {
    match entry.strip_prefix('~') {
        Some("") => home.to_owned(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(entry),
    }
}

/// Whether `path` is a log. Below the desktop root the same shapes stand under nested `.claude/projects`.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let parts: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let nested = parts.windows(2).rposition(|pair| matches!(pair, [".claude" | "claude", "projects"]));
    let parts = nested.map_or(parts.as_slice(), |at| &parts[at + 2..]);
    let (file, folders) = parts.split_last()?;
    let stem = file.strip_suffix(".jsonl").filter(|stem| !stem.is_empty())?;
    let is_agent = stem.starts_with("agent-");
    let session = match folders {
        // Before the folders of subagents their files stood beside the session's, whose name only their lines know.
        [_slug] => (!is_agent).then_some(stem),
        [_slug, session, "subagents"] | [_slug, session, "subagents", "workflows", _] if is_agent => {
            Some(*session)
        }
        _ => return None,
    };
    Some(Claim { session: session.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    struct Env(HashMap<&'static str, &'static str>);

    impl Environment for Env {
        fn var(&self, name: &str) -> Option<String> {
            self.0.get(name).filter(|value| !value.is_empty()).map(|value| (*value).to_owned())
        }
        fn home(&self) -> &Path {
            Path::new("/home/dev")
        }
    }

    #[test]
    #[cfg(not(target_os = "macos"))]
    fn roots_follow_the_agents_own_variables() {
        let desktop = "/home/dev/.config/Claude/local-agent-mode-sessions";
        type Vars = [(&'static str, &'static str)];
        let cases: [(&Vars, &[&str]); 5] = [
            (&[], &["/home/dev/.claude/projects", "/home/dev/.config/claude/projects", desktop]),
            (
                &[("CLAUDE_CONFIG_DIR", "~/a, /b ,,~,~x")],
                &["/home/dev/a/projects", "/b/projects", "/home/dev/projects", "~x/projects", desktop],
            ),
            (&[("CLAUDE_CONFIG_DIR", "/b,/b")], &["/b/projects", desktop]),
            (
                &[("CLAUDE_CONFIG_DIR", " , ")],
                &["/home/dev/.claude/projects", "/home/dev/.config/claude/projects", desktop],
            ),
            (
                &[("XDG_CONFIG_HOME", "/x")],
                &["/home/dev/.claude/projects", "/x/claude/projects", "/x/Claude/local-agent-mode-sessions"],
            ),
        ];
        for (vars, expected) in cases {
            let env = Env(vars.iter().copied().collect());
            let expected: Vec<PathBuf> = expected.iter().map(PathBuf::from).collect();
            assert_eq!(roots(&env), expected, "{vars:?}");
        }
    }

    #[test]
    fn claims_tell_the_session_by_the_path() {
        let cases = [
            ("-home-dev-alpha/0f.jsonl", Some(Some("0f"))),
            ("-home-dev-alpha/agent-a1.jsonl", Some(None)),
            ("-home-dev-alpha/0f/subagents/agent-a1.jsonl", Some(Some("0f"))),
            ("-home-dev-alpha/0f/subagents/workflows/w1/agent-a1.jsonl", Some(Some("0f"))),
            ("acct/org/local_1/.claude/projects/-s/0f.jsonl", Some(Some("0f"))),
            ("acct/org/local_1/.claude/projects/-s/0f/subagents/agent-a.jsonl", Some(Some("0f"))),
            ("acct/org/local_1/audit.jsonl", None),
            ("-home-dev-alpha/0f/subagents/agent-a1.meta.json", None),
            ("-home-dev-alpha/0f/subagents/other.jsonl", None),
            ("-home-dev-alpha/0f/tool-results/x.jsonl", None),
            ("-home-dev-alpha/sessions-index.json", None),
            ("-home-dev-alpha/.jsonl", None),
            ("0f.jsonl", None),
            ("../0f.jsonl", None),
            ("", None),
        ];
        for (path, expected) in cases {
            let claim = claim(Path::new(path)).map(|claim| claim.session);
            assert_eq!(claim, expected.map(|session| session.map(str::to_owned)), "{path}");
        }
    }
}

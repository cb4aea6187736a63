//! Where Cline and the extensions made from it keep their sessions, and which files are they.

use std::path::{Component, Path, PathBuf};

use super::super::editors::storages;
use super::super::{Claim, Environment};
use super::Kind;

/// Below a home: what the program writes since it stands on its own library.
const SESSIONS: &str = "sessions";
/// Below a home: what the extension wrote, and those made from it still do.
const TASKS: &str = "tasks";

/// How far a log lies below a root.
pub(super) const DEPTH: usize = 2;

/// Of a task: what was shown to the person.
const SHOWN: &str = "ui_messages.json";
/// How a session's log ends.
const MESSAGES: &str = ".messages.json";

/// Each extension's storage in every editor, and the homes of programs that need no editor: `CLINE_DIR`,
/// `CLINE_DATA_DIR` and `CLINE_SESSION_DATA_DIR` move Cline's (`sdk/packages/shared/src/storage/paths.ts` in its
/// repository), Roo Code's is that of the editor it pretends to have.
pub(super) fn roots(kind: Kind, env: &dyn Environment) -> Vec<PathBuf> {
    let stored = storages(kind.extension(), env).into_iter().map(|storage| storage.join(TASKS));
    match kind {
        Kind::Cline => {
            let named = |name: &str| env.var(name).map(PathBuf::from);
            let data = named("CLINE_DATA_DIR").unwrap_or_else(|| {
                named("CLINE_DIR").unwrap_or_else(|| env.home().join(".cline")).join("data")
            });
            let sessions = named("CLINE_SESSION_DATA_DIR").unwrap_or_else(|| data.join(SESSIONS));
            [sessions, data.join(TASKS)].into_iter().chain(stored).collect()
        }
        Kind::Roo => {
            let alone = env.home().join(".vscode-mock/global-storage").join(TASKS);
            [alone].into_iter().chain(stored).collect()
        }
        Kind::Kilo => stored.collect(),
    }
}

/// A home is the folder that holds the sessions or tasks, or Cline's `.cline` above it.
pub(super) fn below(kind: Kind, homes: &[PathBuf]) -> Vec<PathBuf> {
    let folders: &[&str] = match kind {
        Kind::Cline => &[SESSIONS, TASKS, "data/sessions", "data/tasks"],
        Kind::Roo | Kind::Kilo => &[TASKS],
    };
    homes.iter().flat_map(|home| folders.iter().map(|folder| home.join(folder))).collect()
}

fn names(path: &Path) -> Option<Vec<&str>> {
    path.components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// `<session>/<session>.messages.json`, of a subagent `<session>/<its name>.messages.json`; of a task
/// `<task>/ui_messages.json`.
pub(super) fn claim(kind: Kind, path: &Path) -> Option<Claim> {
    let parts = names(path)?;
    let [session, file] = parts.as_slice() else { return None };
    let is_session = kind == Kind::Cline && file.strip_suffix(MESSAGES).is_some_and(|stem| !stem.is_empty());
    (is_session || *file == SHOWN).then(|| Claim { session: Some((*session).to_owned()) })
}

/// Whether the log at `path` is a task's.
pub(super) fn is_task(path: &Path) -> bool {
    path.ends_with(SHOWN)
}

/// What stands beside a log. Of a session, its description; of a task what was said, and of Cline's which models answered
/// it, how much of it is a copy of a session and the history of all tasks, of the others' its part of that.
pub(super) fn beside(kind: Kind, path: &Path) -> Vec<PathBuf> {
    let Some([session, _]) = names(path).and_then(|parts| <[&str; 2]>::try_from(parts).ok()) else {
        return Vec::new();
    };
    let in_folder = |file: &str| Path::new(session).join(file);
    let said = in_folder("api_conversation_history.json");
    match (kind, is_task(path)) {
        (_, false) => vec![in_folder(&format!("{session}.json"))],
        (Kind::Cline, true) => {
            let history = PathBuf::from("../state/taskHistory.json");
            vec![in_folder("task_metadata.json"), in_folder("sdk_writeback.json"), history, said]
        }
        (Kind::Roo | Kind::Kilo, true) => {
            vec![in_folder("history_item.json"), said]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_cline_and_tasks_of_all_are_claimed() {
        let cases = [
            ("178_abc/178_abc.messages.json", Some("178_abc"), None),
            ("178_abc/explorer__x1.messages.json", Some("178_abc"), None),
            ("1763719000000/ui_messages.json", Some("1763719000000"), Some("1763719000000")),
            ("178_abc/178_abc.json", None, None),
            ("178_abc/178_abc.compaction.json", None, None),
            ("178_abc/.messages.json", None, None),
            ("1763719000000/api_conversation_history.json", None, None),
            ("ui_messages.json", None, None),
            ("a/b/ui_messages.json", None, None),
            ("../ui_messages.json", None, None),
        ];
        for (path, of_cline, of_roo) in cases {
            let found = |kind| claim(kind, Path::new(path)).and_then(|claim| claim.session);
            assert_eq!(found(Kind::Cline).as_deref(), of_cline, "{path}");
            assert_eq!(found(Kind::Roo).as_deref(), of_roo, "{path}");
        }
    }
}

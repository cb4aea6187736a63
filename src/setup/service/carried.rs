//! What this shell knows and the service would not: it starts without the shell's variables.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{Config, Env};
use crate::sources::{self, Environment};

/// Ours, but for the key: that belongs into no file that others' tools show.
const OURS: [&str; 9] = [
    "KEITOD_CONFIG",
    "KEITOD_STATE_DIR",
    "KEITOD_SOCKET",
    "KEITO_API_URL",
    "KEITO_ACCOUNT_ID",
    "KEITO_WORKSPACE_ID",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "XDG_DATA_HOME",
];

/// Variables, directories and a key file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    /// Name and value, in the order of their names.
    pub variables: BTreeMap<String, String>,
    /// Directories of ours that are not where a unit expects them.
    pub writes: Vec<PathBuf>,
    /// The key is in a file that the manager hands over.
    pub key_file: Option<PathBuf>,
    /// The key is in this shell's environment and nowhere else that a service looks.
    pub key_stays: bool,
}

/// Finds out which variables the sources ask for.
struct Asked<'a> {
    env: &'a Env,
    found: RefCell<BTreeMap<String, String>>,
}

impl Environment for Asked<'_> {
    fn var(&self, name: &str) -> Option<String> {
        let value = self.env.var(name)?;
        self.found.borrow_mut().insert(name.to_owned(), value.clone());
        Some(value)
    }

    fn home(&self) -> &Path {
        self.env.home()
    }
}

impl Carried {
    pub(super) fn of(env: &Env, config: &Config) -> Self {
        let asked = Asked { env, found: RefCell::default() };
        for source in sources::all() {
            let _ = (source.roots(&asked), source.registry(&asked));
        }
        let mut variables = asked.found.into_inner();
        for name in OURS {
            variables.extend(env.get(name).map(|value| (name.to_owned(), value.to_owned())));
        }
        // Relative paths count from the directory of this shell.
        for name in ["KEITOD_CONFIG", "KEITOD_STATE_DIR", "KEITOD_SOCKET"] {
            if let (Some(value), Some(path)) = (variables.get_mut(name), env.path(name)) {
                *value = path.display().to_string();
            }
        }
        variables.retain(|name, value| name != "HOME" && !value.contains(['\n', '\r', '\0']));

        let paths = config.paths(env);
        let (home, runtime) = (env.home(), env.path("XDG_RUNTIME_DIR"));
        let expected = [home.join(".local/state/keitod"), home.join(".local/share/keitod")];
        let mut writes: Vec<PathBuf> = vec![paths.state_dir, paths.data_dir];
        // A user's manager has a runtime directory, whether or not this shell knows of it.
        let usual = runtime.map(|dir| dir.join("keitod"));
        writes.extend(paths.socket.parent().filter(|dir| Some(*dir) != usual.as_deref()).map(Path::to_owned));
        writes.retain(|dir| !expected.contains(dir));
        writes.sort();
        writes.dedup();
        let key_file = config.keito.api_key_file.clone();
        let key_stays = env.get("KEITO_API_KEY").is_some()
            && key_file.is_none()
            && config.keito.api_key_command.is_none();
        Self { variables, writes, key_file, key_stays }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_directories_is_carried_and_the_key_is_not() {
        let vars = [
            ("CLAUDE_CONFIG_DIR", "/elsewhere/claude"),
            ("KEITOD_STATE_DIR", "state"),
            ("KEITO_API_KEY", "kto_canary"),
            ("EDITOR", "vi"),
            ("HOME", "/h"),
            ("XDG_RUNTIME_DIR", "/run/user/1"),
        ];
        let env = Env::new("/h", vars);
        let carried = Carried::of(&env, &Config::defaults(&env).unwrap());
        let variables: Vec<(&str, &str)> =
            carried.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(variables, [("CLAUDE_CONFIG_DIR", "/elsewhere/claude"), ("KEITOD_STATE_DIR", "/h/state")]);
        assert_eq!(carried.writes, [PathBuf::from("/h/state")]);
        assert!(carried.key_stays && carried.key_file.is_none());
    }
}

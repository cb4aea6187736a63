//! The process environment, read once and passed on as a value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::veil;
use crate::sources::Environment;

/// The variable that may hold the key.
pub(super) const KEY: &str = "KEITO_API_KEY";

/// No home directory is known for this user.
#[derive(Debug, thiserror::Error)]
#[error("no home directory: set HOME")]
pub struct NoHome;

/// Variables, home and the platform's base directories. Everything that asks for them asks this value, so that a test,
/// `demo` and the sandbox can run in a home of their own.
#[derive(Clone)]
pub struct Env {
    vars: BTreeMap<String, String>,
    /// The value of [`KEY`], which is in none of the others.
    key: Option<SecretString>,
    home: PathBuf,
    cwd: PathBuf,
    pub(super) base: Base,
}

/// The platform's base directories.
#[derive(Debug, Clone)]
pub(super) struct Base {
    pub(super) config: PathBuf,
    pub(super) data: PathBuf,
    /// `None` where the platform has no such place (macOS).
    pub(super) state: Option<PathBuf>,
    /// `None` where there is no runtime directory (macOS, cron, `su`).
    pub(super) runtime: Option<PathBuf>,
}

impl Env {
    /// Reads this process: the one place of the program that does. A variable that is not UTF-8 counts as unset.
    ///
    /// # Errors
    /// If the user has no home directory.
    pub fn from_process() -> Result<Self, NoHome> {
        let dirs = directories::BaseDirs::new().ok_or(NoHome)?;
        let mut vars: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let key = veil::handed_over().or_else(|| vars.remove(KEY).map(SecretString::from));
        let base = Base {
            config: dirs.config_dir().to_owned(),
            data: dirs.data_dir().to_owned(),
            state: dirs.state_dir().map(Path::to_owned),
            runtime: dirs.runtime_dir().map(Path::to_owned),
        };
        let home = dirs.home_dir().to_owned();
        let cwd = std::env::current_dir().unwrap_or_else(|_| home.clone());
        Ok(Self { vars, key, home, cwd, base })
    }

    /// An environment of its own in `home`, with the XDG directories of `vars` or below `home`.
    pub fn new<K: Into<String>, V: Into<String>>(
        home: impl Into<PathBuf>,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let home = home.into();
        let mut vars: BTreeMap<String, String> =
            vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let key = vars.remove(KEY).map(SecretString::from);
        // The XDG specification has relative values ignored.
        let xdg = |name: &str| vars.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let base = Base {
            config: xdg("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            data: xdg("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")),
            state: Some(xdg("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"))),
            runtime: xdg("XDG_RUNTIME_DIR"),
        };
        Self { vars, key, cwd: home.clone(), home, base }
    }

    /// The value of a variable; unset, empty and blank are the same.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = match name {
            KEY => self.key.as_ref().map(|key| key.expose_secret()),
            _ => self.vars.get(name).map(String::as_str),
        };
        value.map(str::trim).filter(|value| !value.is_empty())
    }

    /// The same with one variable set: for what the command line lays over the environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match name {
            KEY => self.key = Some(SecretString::from(value)),
            _ => drop(self.vars.insert(name.to_owned(), value.to_owned())),
        }
        self
    }

    /// The config file: `KEITOD_CONFIG`, else its usual place.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        super::paths::config_file(self)
    }

    /// Where programs keep their configuration: `XDG_CONFIG_HOME`, or the platform's place.
    #[must_use]
    pub fn config_home(&self) -> &Path {
        &self.base.config
    }

    /// A variable that names a path; a relative one counts from the working directory.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|value| self.cwd.join(value))
    }

    /// A path that somebody typed; a relative one counts from the working directory.
    #[must_use]
    pub fn typed(&self, path: &str) -> PathBuf {
        let path = self.expand(path);
        let path = path.strip_prefix(".").unwrap_or(&path);
        if path.as_os_str().is_empty() { self.cwd.clone() } else { self.cwd.join(path) }
    }

    /// `~` and `~/…` as paths below home; anything else as it is.
    #[must_use]
    pub fn expand(&self, path: &str) -> PathBuf {
        match path.strip_prefix('~') {
            Some("") => self.home.clone(),
            Some(rest) => rest.strip_prefix('/').map_or_else(|| path.into(), |rest| self.home.join(rest)),
            None => path.into(),
        }
    }
}

/// Where the service manager that started this process listens (sd_notify(3)).
#[must_use]
pub fn manager_socket() -> Option<OsString> {
    raw("NOTIFY_SOCKET")
}

/// A variable of this process, as it is.
pub(super) fn raw(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

impl Environment for Env {
    fn var(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    fn home(&self) -> &Path {
        &self.home
    }
}

impl fmt::Debug for Env {
    /// Names only: values may be keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env")
            .field("home", &self.home)
            .field("names", &self.vars.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_counts_as_unset_and_debug_shows_no_value() {
        let env = Env::new("/h", [("A", ""), ("B", " "), ("KEITO_API_KEY", "kto_secret"), ("P", "x/y")]);
        assert_eq!((env.get("A"), env.get("B"), env.get("C")), (None, None, None));
        assert_eq!(env.path("P"), Some(PathBuf::from("/h/x/y")));
        assert!(!format!("{env:?}").contains("kto_secret"));
    }

    #[test]
    fn only_a_leading_tilde_is_home() {
        let env = Env::new("/h", [("", ""); 0]);
        let cases = [("~", "/h"), ("~/a", "/h/a"), ("~bob/a", "~bob/a"), ("/x/~", "/x/~"), ("a/~", "a/~")];
        for (given, expected) in cases {
            assert_eq!(env.expand(given), PathBuf::from(expected), "{given}");
        }
    }
}

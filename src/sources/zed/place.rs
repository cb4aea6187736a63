//! The editor's data directory, by its `crates/paths`.

use std::path::PathBuf;

use super::super::Environment;

/// One on each system; `FLATPAK_XDG_DATA_HOME` comes first in a Flatpak.
pub(super) fn homes(env: &dyn Environment) -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        return vec![env.home().join("Library/Application Support/Zed")];
    }
    let absolute = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("FLATPAK_XDG_DATA_HOME").or_else(|| absolute("XDG_DATA_HOME"));
    vec![data.unwrap_or_else(|| env.home().join(".local/share")).join("zed")]
}

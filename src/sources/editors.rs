//! Where editors made from VS Code keep what an extension stores.

use std::path::PathBuf;

use super::Environment;

/// Folders below the user's configuration.
const NAMES: [&str; 17] = [
    "Code",
    "Code - Insiders",
    "Code - OSS",
    "VSCodium",
    "VSCodium - Insiders",
    "Cursor",
    "Windsurf",
    "Windsurf - Next",
    "Trae",
    "Trae CN",
    "Kiro",
    "Antigravity",
    "Positron",
    "Void",
    "Qoder",
    "CodeBuddy",
    "PearAI",
];

/// Folders below the home directory of a machine that is worked on from elsewhere.
const SERVERS: [&str; 10] = [
    ".vscode-server",
    ".vscode-server-insiders",
    ".vscode-remote",
    ".vscodium-server",
    ".openvscode-server",
    ".cursor-server",
    ".windsurf-server",
    ".trae-server",
    ".positron-server",
    ".antigravity-server",
];

/// Sandboxed packages, each with a configuration of its own, and the editor's folder in it.
const PACKAGES: [(&str, &str); 3] = [
    ("com.visualstudio.code", "Code"),
    ("com.visualstudio.code.insiders", "Code - Insiders"),
    ("com.vscodium.codium", "VSCodium"),
];

/// The storage of the extension with this id in every such editor, whether it is there or not. An editor started with
/// another `--user-data-dir`, and profiles with extensions of their own, are for the user to name.
pub(super) fn storages(extension: &str, env: &dyn Environment) -> Vec<PathBuf> {
    let home = env.home();
    let base = |name: &str, rest: &str| {
        env.var(name).map(PathBuf::from).filter(|path| path.is_absolute()).unwrap_or_else(|| home.join(rest))
    };
    let config = match cfg!(target_os = "macos") {
        true => home.join("Library/Application Support"),
        false => base("XDG_CONFIG_HOME", ".config"),
    };
    let portable = env.var("VSCODE_PORTABLE").map(|path| PathBuf::from(path).join("user-data"));
    let installed = NAMES.iter().map(|name| config.join(name));
    let served = SERVERS.iter().map(|name| home.join(name).join("data"));
    let packaged = PACKAGES.iter().map(|(id, name)| home.join(".var/app").join(id).join("config").join(name));
    let hosted = [base("XDG_DATA_HOME", ".local/share").join("code-server")];
    portable
        .into_iter()
        .chain(installed)
        .chain(served)
        .chain(packaged)
        .chain(hosted)
        .map(|data| data.join("User/globalStorage").join(extension))
        .collect()
}

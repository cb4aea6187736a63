//! Where chats are, and of which folder.

use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::super::{Claim, Environment};

/// Below the directory of a user of the editor.
pub(super) const BELOW: [&str; 2] = ["workspaceStorage", "globalStorage/emptyWindowChatSessions"];

/// Editions of the editor that have Copilot.
const EDITIONS: [&str; 3] = ["Code", "Code - Insiders", "VSCodium"];

/// One for each edition.
pub(super) fn homes(env: &dyn Environment) -> Vec<PathBuf> {
    let config = if cfg!(target_os = "macos") {
        env.home().join("Library/Application Support")
    } else {
        let config = env.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        config.unwrap_or_else(|| env.home().join(".config"))
    };
    EDITIONS.iter().map(|edition| config.join(edition).join("User")).collect()
}

/// `<hash>/chatSessions/<session>.json`, `.jsonl`; without a folder `<session>.json`, `.jsonl`.
pub(super) fn claim(path: &Path) -> Option<Claim> {
    let names: Vec<&str> = path
        .components()
        .map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let ([_, "chatSessions", name] | [name]) = names.as_slice() else { return None };
    let session = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json"))?;
    (!session.is_empty()).then(|| Claim { session: Some(session.to_owned()) })
}

/// The file that names the folder of a chat's window.
pub(super) fn workspace(path: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    let hash = parts.next()?;
    parts.as_path().starts_with("chatSessions").then(|| Path::new(&hash).join("workspace.json"))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workspace {
    folder: String,
}

/// The folder on this machine; of several, or of another machine, none.
pub(super) fn folder(bytes: &[u8]) -> Option<String> {
    let workspace: Workspace = serde_json::from_slice(bytes).ok()?;
    decoded(workspace.folder.strip_prefix("file://").filter(|path| path.starts_with('/'))?)
}

/// With `%20` and the like as what they stand for.
fn decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

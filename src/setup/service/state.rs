//! What is installed and whether it runs.

use std::path::PathBuf;

use serde::Serialize;

use super::Note;

/// The document of `keitod service status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// Always 1.
    pub schema_version: u32,
    /// `systemd` or `launchd`.
    pub manager: &'static str,
    /// The unit or agent file.
    pub file: PathBuf,
    /// Whether it is there.
    pub installed: bool,
    /// Whether it is what this version would install; null if it is not there.
    pub current: Option<bool>,
    /// Whether it starts at login.
    pub enabled: bool,
    /// Whether it runs.
    pub running: bool,
    /// The manager's word for that: `active (running)`, `failed`, …
    pub word: String,
    /// Its process.
    pub pid: Option<u32>,
    /// Starts after a failure since it was started by hand, where the manager counts them.
    pub restarts: Option<u64>,
    /// What it told the manager last.
    pub said: Option<String>,
    /// Whether it goes on after the last logout; null where that is no question.
    pub lingers: Option<bool>,
    /// What a person should know.
    pub notes: Vec<Note>,
}

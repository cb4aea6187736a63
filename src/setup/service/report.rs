//! What an action on the service did, and what a person should know of it.

use std::path::PathBuf;

use serde::Serialize;

use super::{Passing, Program};

/// What was done: the document of the actions.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Always 1.
    pub schema_version: u32,
    /// `install`, `uninstall`, `start`, `stop` or `restart`.
    pub action: &'static str,
    /// `systemd` or `launchd`.
    pub manager: &'static str,
    /// The unit or agent file.
    pub file: PathBuf,
    /// The program that it starts; null where that is not touched.
    pub program: Option<PathBuf>,
    /// Files that were written anew.
    pub written: Vec<PathBuf>,
    /// Files that were removed.
    pub removed: Vec<PathBuf>,
    /// Commands that were run, in their order.
    pub ran: Vec<String>,
    /// What else a person should know.
    pub notes: Vec<Note>,
}

/// Something a person should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// For programs.
    pub code: &'static str,
    /// What is so.
    pub message: String,
    /// What to do about it; null if nothing need be done.
    pub remedy: Option<String>,
}

impl Note {
    pub(super) fn new(code: &'static str, message: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { code, message: message.into(), remedy: remedy.map(str::to_owned) }
    }
}

impl Program {
    /// What to say of a program that will not stay.
    #[must_use]
    pub fn note(&self) -> Option<Note> {
        let why = match self.passing? {
            Passing::Build => {
                "lies in a build directory: the next build replaces it, `cargo clean` removes it"
            }
            Passing::Temporary => "lies in a directory for temporary files",
        };
        let message = format!("{} {why}", self.path.display());
        Some(Note::new(
            "passing_program",
            message,
            Some("cargo install --path . && ~/.cargo/bin/keitod service install"),
        ))
    }
}

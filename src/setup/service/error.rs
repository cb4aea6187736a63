//! Why something about the service was not done.

use std::path::PathBuf;

/// What ends an action on the service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such manager on this system.
    #[error(
        "{program} is not here: have `keitod run` started at login by what starts services on this system"
    )]
    NoManager {
        /// The program that speaks to it.
        program: &'static str,
    },
    /// The manager of this user cannot be reached.
    #[error(
        "no service manager of this user answers: log in to a session of your own (not by su or sudo), or `loginctl enable-linger` ({said})"
    )]
    NoSession {
        /// What it said.
        said: String,
    },
    /// A program of the manager failed.
    #[error("`{command}` failed: {said}")]
    Refused {
        /// What was run.
        command: String,
        /// What it said.
        said: String,
    },
    /// There is nothing to start, stop or remove.
    #[error("the service is not installed: there is no {}", file.display())]
    NotInstalled {
        /// Where it would be.
        file: PathBuf,
    },
    /// The program does not know where it is.
    #[error("cannot tell where the keitod program is: {0}")]
    Program(#[source] std::io::Error),
    /// A path that no unit or agent can name.
    #[error("{} has characters that a service's file cannot hold: move it", path.display())]
    Unnameable {
        /// The path.
        path: PathBuf,
    },
    /// A file.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// `write`, `read`, …
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Standard output.
    #[error(transparent)]
    Output(std::io::Error),
}

impl Error {
    pub(super) fn file(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { what, path, source }
    }
}

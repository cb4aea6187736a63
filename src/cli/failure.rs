//! Why a command did not do what it was asked: an exit code, a sentence, and a way out.

use std::io;

use super::Exit;
use crate::config::{ConfigError, NoHome};
use crate::daemon::lock::LockError;
use crate::server::{BindError, CallError, NotAQuestion};
use crate::setup::{samples, service};
use crate::{daemon, sandbox, server, store};

/// What ends a command.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell.
    Told {
        /// How the program ends.
        exit: Exit,
        /// What happened; may have several lines, and text from outside: printed escaped.
        message: String,
        /// What to do next, if the message does not say it.
        suggestion: Option<String>,
    },
    /// Standard output is full or gone. A reader that has seen enough is no failure.
    Output(io::Error),
}

impl Failure {
    /// A failure whose message says what to do.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Told { exit, message: message.into(), suggestion: None }
    }

    /// With a way out.
    #[must_use]
    pub fn suggest(self, way: impl Into<String>) -> Self {
        match self {
            Self::Told { exit, message, .. } => Self::Told { exit, message, suggestion: Some(way.into()) },
            output => output,
        }
    }

    /// How the program ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Told { exit, .. } => *exit,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Output(_) => Exit::Config,
        }
    }
}

/// Only the printing of commands yields bare I/O errors; everything else names its path.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<NotAQuestion> for Failure {
    fn from(error: NotAQuestion) -> Self {
        Self::new(Exit::InvalidInput, error.to_string())
    }
}

impl From<NoHome> for Failure {
    fn from(error: NoHome) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Config, error.to_string()).suggest("correct the file; `keitod config check` tests it")
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let exit = match &error {
            CallError::Foreign { .. } => Exit::Config,
            CallError::Refused { status, .. } => match status {
                401 | 403 => Exit::Auth,
                404 => Exit::NotFound,
                409 => Exit::Conflict,
                424 => Exit::Config,
                429 => Exit::RateLimited,
                400..500 => Exit::InvalidInput,
                _ => Exit::Server,
            },
            CallError::NotRunning { .. }
            | CallError::Unreachable { .. }
            | CallError::Broken(_)
            | CallError::Unintelligible(_) => Exit::Network,
        };
        let failure = Self::new(exit, error.to_string());
        if matches!(error, CallError::NotRunning { .. }) {
            failure.suggest("start it: keitod run")
        } else {
            failure
        }
    }
}

impl From<BindError> for Failure {
    fn from(error: BindError) -> Self {
        let exit = if matches!(error, BindError::InUse { .. }) { Exit::Held } else { Exit::Config };
        Self::new(exit, error.to_string())
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        let exit = match error {
            store::Error::Newer { .. } => Exit::NewerState,
            store::Error::Busy | store::Error::Leased { .. } => Exit::Held,
            _ => Exit::Config,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<daemon::Error> for Failure {
    fn from(error: daemon::Error) -> Self {
        match error {
            daemon::Error::Store(error) => error.into(),
            daemon::Error::Lock(error @ LockError::Taken { .. }) => Self::new(Exit::Held, error.to_string()),
            daemon::Error::ClerkGone | daemon::Error::Ended { .. } => {
                Self::new(Exit::Server, error.to_string())
            }
            error => Self::new(Exit::Config, error.to_string()),
        }
    }
}

impl From<sandbox::Error> for Failure {
    fn from(error: sandbox::Error) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<server::Failure> for Failure {
    fn from(error: server::Failure) -> Self {
        let exit = match error.code {
            server::Code::InvalidInput => Exit::InvalidInput,
            server::Code::NotFound => Exit::NotFound,
            server::Code::Conflict => Exit::Conflict,
            server::Code::NotReady => Exit::Config,
            _ => Exit::Config,
        };
        Self::new(exit, error.message)
    }
}

impl From<samples::Error> for Failure {
    fn from(error: samples::Error) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Output(error) => Self::Output(error),
            service::Error::NotInstalled { .. } => {
                Self::new(Exit::NotFound, error.to_string()).suggest("keitod service install")
            }
            service::Error::Refused { .. } => {
                Self::new(Exit::Config, error.to_string()).suggest("keitod service logs")
            }
            _ => Self::new(Exit::Config, error.to_string()),
        }
    }
}

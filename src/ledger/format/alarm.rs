//! What is wrong with an agent's logs.

use std::fmt;

/// Why nothing of an agent is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// It answers, and no request is logged.
    NoUsage {
        /// So many things it did.
        answers: usize,
    },
    /// Its requests have no prompt.
    NoInput {
        /// So many requests.
        requests: usize,
    },
    /// Its requests have no answer.
    NoOutput {
        /// So many requests.
        requests: usize,
    },
    /// Its logs are read and hold nothing that is known.
    NotUnderstood {
        /// The newest ones.
        files: u64,
        /// Lines in them.
        lines: u64,
    },
    /// Its logs are elsewhere.
    Moved {
        /// Where they were.
        from: String,
        /// Where files like them are written now.
        to: String,
    },
    /// Its database is of a version that is not known.
    UnknownVersion {
        /// What is missing.
        missing: String,
    },
}

impl Alarm {
    /// Its name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoUsage { .. } => "no_usage",
            Self::NoInput { .. } => "no_input",
            Self::NoOutput { .. } => "no_output",
            Self::NotUnderstood { .. } => "not_understood",
            Self::Moved { .. } => "moved",
            Self::UnknownVersion { .. } => "unknown_version",
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.code())?;
        match self {
            Self::NoUsage { answers } => {
                write!(f, "the last {answers} answers and results in its logs have no token counts")
            }
            Self::NoInput { requests } => write!(f, "its last {requests} requests have no input tokens"),
            Self::NoOutput { requests } => write!(f, "its last {requests} requests have no output tokens"),
            Self::NotUnderstood { files, lines } => {
                write!(f, "none of the {lines} lines in its newest logs ({files}) says anything known")
            }
            Self::Moved { from, to } => {
                write!(f, "nothing is logged in {from} any more, files like its logs are written to {to}")
            }
            Self::UnknownVersion { missing } => f.write_str(missing),
        }
    }
}

//! Why set-up stops. What was asked and checked before has written nothing.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::{ConfigError, CredentialError, OriginError};
use crate::keito;
use crate::mapping::NoSuch;

/// Why set-up stops. Holds no part of a key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Answers that nobody can be asked for.
    #[error("{}", missing(.0))]
    Unanswered(Vec<Unanswered>),
    /// A flag's value that cannot be used.
    #[error("{flag} {why}")]
    Flag {
        /// The flag.
        flag: &'static str,
        /// What is wrong with its value.
        why: String,
    },
    /// The person ended the input.
    #[error("stopped: nothing was written")]
    Stopped,
    /// The terminal cannot be read.
    #[error("cannot read the answer: {0}")]
    Input(#[source] io::Error),
    /// The credentials that are there cannot be used.
    #[error(transparent)]
    Credentials(CredentialError),
    /// `--url` is no server.
    #[error("--url {0}")]
    Url(#[source] OriginError),
    /// No client can be made of the settings.
    #[error(transparent)]
    Client(#[from] keito::Error),
    /// The configuration that is there.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// 401, or 403 without a word on the company.
    #[error("Keito refuses the key from {from}{}", said(.message))]
    Refused {
        /// Where the key was found.
        from: &'static str,
        /// The server's words.
        message: String,
    },
    /// A personal read-only sync key.
    #[error("the key from {from} is a personal read-only sync key: nothing can be delivered with it")]
    ReadOnly {
        /// Where the key was found.
        from: &'static str,
    },
    /// The account is not this key's.
    #[error("Keito knows no workspace {account} for the key from {from}{}", said(.message))]
    NoWorkspace {
        /// The account id.
        account: String,
        /// Where the key was found.
        from: &'static str,
        /// The server's words.
        message: String,
    },
    /// Something answers, and it is not Keito.
    #[error("{origin} is not Keito's API: {why}")]
    NotKeito {
        /// The server.
        origin: String,
        /// What it answered.
        why: String,
    },
    /// Nothing answers.
    #[error("cannot reach {origin}: {why}")]
    Unreachable {
        /// The server.
        origin: String,
        /// Why not.
        why: String,
    },
    /// 429.
    #[error("Keito's rate limit is reached{}", wait(*.after))]
    RateLimited {
        /// What the server asked for.
        after: Option<Duration>,
    },
    /// It answers, and cannot do its work.
    #[error("Keito could not answer {asked}: {why}")]
    Server {
        /// The path.
        asked: &'static str,
        /// What it said.
        why: String,
    },
    /// Nothing can be booked.
    #[error("this key may book on no project: have one assigned to its user in Keito")]
    NoProjects,
    /// Nothing can be booked on a project.
    #[error("project {project} has no open task: add one to it in Keito")]
    NoTasks {
        /// Its name.
        project: String,
    },
    /// The words name no project and task.
    #[error(transparent)]
    NoSuch(#[from] NoSuch),
    /// Not a directory.
    #[error("there is no directory {}", .0.display())]
    NoDirectory(PathBuf),
    /// Not in a repository.
    #[error("{} is in no git repository", .0.display())]
    NoRepository(PathBuf),
    /// A directory outside of home, or home itself: no `.keito` is looked for there.
    #[error("{} is above or beside your projects: a link there would never be read", .0.display())]
    NoPlace(PathBuf),
    /// A link that says otherwise.
    #[error("{} links to {to} already", path.display())]
    Linked {
        /// The file.
        path: PathBuf,
        /// What it links to.
        to: String,
    },
    /// A link file that is none.
    #[error("{}: {why}", path.display())]
    BadLink {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Tracking was switched off here.
    #[error("tracking is switched off by {}", .0.display())]
    SwitchedOff(PathBuf),
    /// A file that is there cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The config is there and says otherwise than the flags.
    #[error("{} is there already and says otherwise than {}", path.display(), flags.join(", "))]
    Taken {
        /// The file.
        path: PathBuf,
        /// The flags.
        flags: Vec<&'static str>,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was shown to a person cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[source] io::Error),
}

/// An answer that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// The flags that give it.
    pub flags: &'static str,
    /// What it is about.
    pub what: String,
}

fn missing(all: &[Unanswered]) -> String {
    let each: Vec<String> = all.iter().map(|one| format!("{}: give {}", one.what, one.flags)).collect();
    each.join("\n")
}

fn said(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(" ({message})") }
}

fn wait(after: Option<Duration>) -> String {
    after.map(|after| format!(": try again in {} s", after.as_secs().max(1))).unwrap_or_default()
}

impl Error {
    /// What to do next, where the message does not say it.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        let way = match self {
            Self::Unanswered(_) => "without a terminal every answer is a flag: keitod init --help",
            Self::Refused { .. } => {
                "make a key in Keito under Settings, API & Developers, and put it where this one is"
            }
            Self::ReadOnly { .. } => "make a full-access key in Keito under Settings, API & Developers",
            Self::NoWorkspace { .. } => {
                "take the account id from Keito's Settings, API & Developers: --account-id, or KEITO_ACCOUNT_ID"
            }
            Self::NotKeito { .. } => {
                "correct the server: --url, [keito] url or KEITO_API_URL; unset it is https://app.keito.ai"
            }
            Self::Unreachable { .. } => {
                "check the network, and [keito] proxy if there is one; then run it again"
            }
            Self::Server { .. } => "nothing was written; run it again in a while",
            Self::NoRepository(_) => {
                "--here links the directory itself; or give a [[rule]] with its path in the config"
            }
            Self::Linked { .. } => "--force links anew and keeps its other keys",
            Self::BadLink { .. } => "--force writes it anew",
            Self::SwitchedOff(_) => "--force links nevertheless",
            Self::Taken { .. } => "change the file by hand, or give --force: the old one is kept beside it",
            Self::Config(_) => "correct the file, or give --force to write a new one beside the old",
            Self::NoSuch(NoSuch::Project(_)) => "run `keitod link` in a terminal to choose from a list",
            _ => return None,
        };
        Some(way.to_owned())
    }
}

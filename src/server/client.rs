//! The other side of the socket: blocking, one request a connection, without a runtime, so that a command that only
//! asks for a document starts in a millisecond.

use std::fs;
use std::io::{self, BufReader, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Act, Flush, Question, response};

/// Documents come from memory or an indexed query.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody answers: no daemon runs, its file can be read.
    #[error("keitod is not running (nobody answers on {path})")]
    NotRunning {
        /// The socket.
        path: PathBuf,
    },
    /// Somebody else's socket: nothing it says is believed.
    #[error("the socket {path} belongs to uid {owner}, not to us")]
    Foreign {
        /// The socket.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The socket is there and cannot be reached.
    #[error("cannot reach keitod on {path}: {source}")]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke, or nothing came for too long.
    #[error("keitod did not answer to the end: {0}")]
    Broken(#[source] io::Error),
    /// Whoever answers does not speak as keitod does.
    #[error("what answers on the socket is not keitod ({0})")]
    Unintelligible(&'static str),
    /// keitod says no.
    #[error("{message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The code for programs; see [`Code`](super::Code).
        code: String,
        /// The sentence for people.
        message: String,
    },
}

impl CallError {
    /// What it means that a socket cannot be opened.
    pub(super) fn unreachable(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Self::NotRunning { path },
            _ => Self::Unreachable { path, source },
        }
    }
}

/// A client of the daemon on one socket.
#[derive(Debug, Clone)]
pub struct Client {
    path: PathBuf,
}

impl Client {
    /// Of this socket; nothing is opened yet.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for a document.
    ///
    /// # Errors
    /// [`CallError::NotRunning`] if no daemon is there, and everything else that can happen to a call.
    pub fn ask(&self, question: &Question) -> Result<Vec<u8>, CallError> {
        // An audit lists at Keito, through the limiter; an explanation reads logs again.
        let patience = (!matches!(question, Question::Audit(_) | Question::Explain(_))).then_some(PATIENCE);
        self.call("GET", &question.target(), b"", patience)
    }

    /// Has something done about the outbox.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn act(&self, act: &Act) -> Result<Vec<u8>, CallError> {
        // A backfill lists at Keito, through the limiter, and computes all history anew.
        let patience = (!matches!(act, Act::Backfill(_))).then_some(PATIENCE);
        self.call("POST", &act.target(), &act.body(), patience)
    }

    /// Flushes, however long that takes.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn flush(&self, flush: Flush) -> Result<Vec<u8>, CallError> {
        let body = format!(r#"{{"settle":{},"expenses":{}}}"#, flush.settle, flush.expenses);
        self.call("POST", "/v1/flush", body.as_bytes(), None)
    }

    /// One request, whatever it is. `patience` bounds each silence; `None` waits for ever.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn call(
        &self,
        method: &'static str,
        target: &str,
        body: &[u8],
        patience: Option<Duration>,
    ) -> Result<Vec<u8>, CallError> {
        let mut stream = self.connect()?;
        let times = stream.set_read_timeout(patience).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
        times.map_err(CallError::Broken)?;
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: keitod\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let sent = stream.write_all(&[head.as_bytes(), body].concat());
        // A server that refuses early closes its reading side first: its answer counts, not our half-written request.
        let response = match (response::read(BufReader::new(stream)), sent) {
            (Ok(response), _) => response,
            (Err(_), Err(error)) => return Err(CallError::Broken(error)),
            (Err(error), Ok(())) => return Err(error),
        };
        if (200..300).contains(&response.status) { Ok(response.body) } else { Err(response.refusal()) }
    }

    fn connect(&self) -> Result<UnixStream, CallError> {
        let unreachable = |error| CallError::unreachable(&self.path, error);
        let owner = fs::metadata(&self.path).map_err(unreachable)?.uid();
        if owner != rustix::process::geteuid().as_raw() {
            return Err(CallError::Foreign { path: self.path.clone(), owner });
        }
        UnixStream::connect(&self.path).map_err(unreachable)
    }
}

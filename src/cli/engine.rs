//! What commands need of the daemon: the one place where the two meet.

use std::ffi::OsString;

use super::{Exit, Failure, Place};
use crate::daemon::clerk::Presumed;
use crate::server::{Act, Question};

/// How `keitod run` runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The service, until a signal stops it.
    Service,
    /// One pass over everything, then the end.
    Once,
    /// One pass that sends nothing and yields the exact requests. Never touches the real state.
    DryRun,
}

/// What `keitod run` is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How.
    pub mode: Mode,
    /// Deliver to an embedded Keito, with a state in a temporary directory.
    pub sandbox: bool,
}

/// How a run ended, with what is to be shown of it.
#[derive(Debug)]
pub struct Finished {
    /// How the program ends.
    pub exit: Exit,
    /// [`Mode::Once`]: `{caught_up, sent, failed, remaining}`. [`Mode::DryRun`]: `{requests: [{method, path, body}]}`.
    /// A demo: a queue document. The service: nothing.
    pub document: Option<Vec<u8>>,
}

/// Prints a document while its makers are still up.
pub type Shown<'a> = dyn FnMut(&[u8]) -> Result<(), Failure> + 'a;

/// The daemon and the database, as commands see them. Documents are JSON bytes, the same as over the socket.
pub trait Engine {
    /// Comes before a command that runs for long; `words` are those of its command line. By default nothing.
    fn settle_in(&self, _words: &[OsString]) {}

    /// Runs, with its own signals and its own log on standard error.
    ///
    /// # Errors
    /// If it cannot start, or cannot go on.
    fn run(&self, place: &Place, run: Run) -> Result<Finished, Failure>;

    /// What a run would send if everything were settled now: the document of [`Mode::DryRun`]. Where the state knows
    /// nothing of the workspace yet, it is as presumed.
    ///
    /// # Errors
    /// As [`Engine::run`].
    fn preview(&self, place: &Place, presumed: Presumed) -> Result<Vec<u8>, Failure>;

    /// Runs over sample sessions in a temporary home and hands the document of what arrived to `shown`; with `keep` all
    /// stays up after that until a signal comes.
    ///
    /// # Errors
    /// As [`Engine::run`], and what `shown` returns.
    fn demo(&self, place: &Place, keep: bool, shown: &mut Shown<'_>) -> Result<(), Failure>;

    /// Answers from the database, read-only, while no daemon runs.
    ///
    /// # Errors
    /// If there is no database or it cannot be read.
    fn stored(&self, place: &Place, question: &Question) -> Result<Vec<u8>, Failure>;

    /// Does something about the outbox while no daemon runs, holding the lock of the state.
    ///
    /// # Errors
    /// If there is no database, another keitod holds it, or it makes no sense as things stand.
    fn act(&self, place: &Place, act: &Act) -> Result<Vec<u8>, Failure>;
}

/// A program without its daemon: commands that need one say so. For tests of the frame, and for tools that only ask
/// a daemon that runs elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Detached;

impl Engine for Detached {
    fn run(&self, _: &Place, _: Run) -> Result<Finished, Failure> {
        Err(Failure::new(Exit::Config, "this build of keitod has no daemon: install a complete one"))
    }

    fn preview(&self, place: &Place, _: Presumed) -> Result<Vec<u8>, Failure> {
        self.run(place, Run { mode: Mode::DryRun, sandbox: false }).map(|_| Vec::new())
    }

    fn demo(&self, place: &Place, _: bool, _: &mut Shown<'_>) -> Result<(), Failure> {
        self.run(place, Run { mode: Mode::Once, sandbox: true }).map(|_| ())
    }

    fn stored(&self, place: &Place, _: &Question) -> Result<Vec<u8>, Failure> {
        let path = place.paths()?.socket;
        Err(crate::server::CallError::NotRunning { path }.into())
    }

    fn act(&self, place: &Place, _: &Act) -> Result<Vec<u8>, Failure> {
        self.stored(place, &Question::Status)
    }
}

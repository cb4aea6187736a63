//! The sample sessions of `keitod demo`: logs as Claude Code 2.1.329 writes them, in a home of their own.
//!
//! Four sessions of the last [`SPAN`] are replayed within [`LENGTH`]: one with a subagent, one that is resumed into a
//! new file, one that also asks a model nobody knows, and one outside of any linked repository. The story is fixed;
//! the seed makes the ids and where a line is cut between two appends. [`expected()`] tells what must come out, from the
//! story itself: nothing here reads a log.

mod expected;
mod home;
mod ids;
mod lines;
mod plan;
mod record;
mod script;
mod story;
#[cfg(test)]
mod tests;
mod write;

use std::path::PathBuf;
use std::time::Duration;

pub use expected::{Expected, ExpectedRequest, ExpectedSession, expected};
pub use home::{Names, REPO, SCRATCH, home};
pub use plan::{HAIKU, OPUS, UNHEARD_OF};
pub use script::{Append, script};
pub use write::{write_all, write_live};

/// No line is older than this before `now`: a cut-off at `now` − `SPAN` admits all of them, also just after midnight.
pub const SPAN: Duration = Duration::from_secs(50 * 60);

/// The real time that a whole script takes.
pub const LENGTH: Duration = Duration::from_secs(4);

/// Why samples cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The home cannot be written to.
    #[error("cannot write the sample {}: {source}", path.display())]
    Write {
        /// File or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

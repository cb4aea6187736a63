//! Amp: `threads/T-<id>.json` below its data directory (`AMP_DATA_DIR`), one document a thread, written anew.
//!
//! By the shape that readers of it agree on; the program itself could not be run without its server. Counts stand at the
//! messages and, without the cache, once more in a ledger: of the ledger only what no message has is read. What subagents,
//! the oracle and searches used is in neither, so all of it is a lower bound. Threads that were never written here live
//! at the server alone. What Amp charges are credits, which are not read.

mod decoder;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source};
use crate::model::{Agent, Facts};

/// The agent's name in every key.
const AGENT: &str = "amp";

/// Amp's threads.
#[derive(Debug)]
pub struct Amp;

const ABOUT: About = About {
    title: "Amp",
    reads: "`threads/T-*.json` below `$XDG_DATA_HOME/amp` or `AMP_DATA_DIR`",
    exact: "who did what when, and the directory",
    less: Some(
        "every answer is a lower bound with its model, cache reads and writes; one that only the ledger has lacks its cached tokens",
    ),
    unseen: "subagents, the oracle and searches; threads that were never written here; credits that were charged",
    tested: "built to the documented shape: nobody has published a thread, and the program needs its server",
};

impl Source for Amp {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let data = || {
            let data = env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            data.unwrap_or_else(|| env.home().join(".local/share")).join("amp")
        };
        self.below(&[env.var("AMP_DATA_DIR").map_or_else(data, PathBuf::from)])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("threads")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let name = path.to_str().filter(|name| !name.contains('/'))?;
        let id = name.strip_suffix(".json").filter(|id| id.starts_with("T-"))?;
        Some(Claim { session: Some(id.to_owned()) })
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Document
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        decoder::document(context.claim.session.as_deref(), bytes, facts)
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

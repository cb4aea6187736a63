//! opencode and Kilo CLI, which is made from it: `opencode.db` or `opencode-<channel>.db`, before that a tree of JSON
//! documents below `storage/`.
//!
//! Measured on opencode 1.18.13 and 1.18.33 and on Kilo CLI 7.7.7; the second schema, of opencode 2, by its public
//! definition. A message is one request, updated in place until it is done. Forks copy messages under new ids and keep
//! instants and counts, and the second schema was filled from the first: so a message is known by those. `event` rows
//! and `step-finish` parts repeat the counts and are not read; the request that makes a session's title is nowhere.

mod decoder;
mod place;
mod queries;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Query, Shape, Source};
use crate::model::{Agent, Cell, Facts};

/// A program with this schema.
#[derive(Debug)]
pub struct OpenCode {
    /// The agent's name in every key.
    name: &'static str,
    /// Its folder below the user's data directory, and how its databases' names begin.
    folder: &'static str,
}

/// opencode.
pub const OPENCODE: OpenCode = OpenCode { name: "opencode", folder: "opencode" };

/// Kilo CLI.
pub const KILO: OpenCode = OpenCode { name: "kilo", folder: "kilo" };

const ABOUT: About = About {
    title: "opencode",
    reads: "`opencode.db` and `opencode-<channel>.db` (both schemas, read-only, while it is written), and the older documents in `storage/`, below `$XDG_DATA_HOME/opencode`; `OPENCODE_DB`",
    exact: "every message with its model, cache reads and writes and reasoning; forks that copy messages, subagents",
    less: None,
    unseen: "the request that makes a session's title; answers that were cut",
    tested: "recorded: 1.18.33; public fixtures: 1.18.13 and the older documents; the second schema built by its public definition",
};

const KILO_ABOUT: About = About {
    title: "Kilo CLI",
    reads: "`kilo.db` and `kilo-<channel>.db`, and older documents, below `$XDG_DATA_HOME/kilo`; `KILO_DB`",
    tested: "recorded: 7.7.7",
    ..ABOUT
};

impl Source for OpenCode {
    fn agent(&self) -> Agent {
        Agent::new(self.name)
    }

    fn about(&self) -> &'static About {
        if self.folder == "kilo" { &KILO_ABOUT } else { &ABOUT }
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&place::homes(self.folder, env))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().flat_map(|home| [home.clone(), home.join(place::DOCUMENTS)]).collect()
    }

    fn depth(&self, root: &Path) -> Option<usize> {
        Some(if root.ends_with(place::DOCUMENTS) { 2 } else { 1 })
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(self.folder, path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if path.extension().is_some_and(|extension| extension == "json") {
            Shape::Document
        } else {
            Shape::Database
        }
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        decoder::document(self.name, context.claim.session.as_deref(), bytes, facts)
    }

    fn queries(&self) -> &'static [Query] {
        &queries::ALL
    }

    fn decode_row(&self, _context: &mut Context, query: usize, row: &[Cell], facts: &mut Facts) {
        decoder::row(self.name, query, row, facts);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

//! Zed's agent: `threads/threads.db` in the editor's data directory.
//!
//! By its public source (`crates/agent/src/db.rs`, thread version 0.3.0); not measured. A row is a thread that is written
//! anew whenever it changes, as JSON packed with zstd. Its map of usage by message keeps only the last request of each
//! prompt, about a third of all, so the running total is what is read. A thread has one instant, that of its last change:
//! time is known only as far as the editor saved in between.

mod decoder;
mod place;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "zed";

/// Zed's threads.
#[derive(Debug)]
pub struct Zed;

/// The thread at the root, where it works and what it holds. Columns that came later are those of `d` where they are
/// missing. Saving is rare against reading, so rows stamped within an hour are looked at again.
static THREADS: [Query; 1] = [Query {
    needs: &[("threads", &["id", "updated_at", "data_type", "data"])],
    text: "SELECT CAST(unixepoch(t.updated_at) AS INTEGER) AS at, t.id, (SELECT parent_id FROM threads x WHERE x.id = t.id), \
           (SELECT folder_paths FROM threads x WHERE x.id = t.id), t.updated_at, t.data_type, t.data \
           FROM threads t CROSS JOIN (SELECT NULL AS parent_id, NULL AS folder_paths) d \
           WHERE unixepoch(t.updated_at) > ?1 ORDER BY at",
    overlap: 3600,
}];

const ABOUT: About = About {
    title: "Zed",
    reads: "`threads/threads.db` in the editor's data directory",
    exact: "nothing to the token",
    less: Some(
        "tokens are steps of a running total for the thread: estimates; the first reading is the baseline",
    ),
    unseen: "single requests; time is known only as far as the editor saved a thread in between",
    tested: "built to its public source (thread version 0.3.0)",
};

impl Source for Zed {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn misses_usage(&self) -> bool {
        false
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&place::homes(env))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("threads")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        (path == Path::new("threads.db")).then(Claim::default)
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Database
    }

    fn queries(&self) -> &'static [Query] {
        &THREADS
    }

    fn decode_row(&self, context: &mut Context, _query: usize, row: &[Cell], facts: &mut Facts) {
        let mut totals = json::recalled(&context.state);
        decoder::row(&mut totals, row, facts);
        context.state = json::kept(&totals);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

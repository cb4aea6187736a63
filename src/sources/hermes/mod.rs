//! Hermes Agent: `~/.hermes/state.db`, and `profiles/<name>/state.db` below it.
//!
//! By its public schema (`hermes_state.py` and the parts it was split into, autumn 2026); not measured. Usage is a running
//! total for each session, model and route, or for the session alone in databases of before. Delegated work and what
//! follows a compression are sessions of their own with a parent; they belong to the one at the root.

mod decoder;
mod queries;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "hermes";

const DATABASE: &str = "state.db";

/// Hermes Agent's databases.
#[derive(Debug)]
pub struct Hermes;

const ABOUT: About = About {
    title: "Hermes Agent",
    reads: "`state.db` and `profiles/<name>/state.db` below `~/.hermes` or `HERMES_HOME`",
    exact: "who did what, and when",
    less: Some(
        "tokens are steps of running totals by session and model: estimates; the first reading is the baseline",
    ),
    unseen: "single requests; what was used before keitod read the session first",
    tested: "built to its public schema (autumn 2026)",
};

impl Source for Hermes {
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
        vec![env.var("HERMES_HOME").map_or_else(|| env.home().join(".hermes"), PathBuf::from)]
    }

    /// A home holds caches, skills and checkouts too.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(3)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let names: Vec<_> = path
            .components()
            .map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect::<Option<_>>()?;
        matches!(names.as_slice(), [DATABASE] | ["profiles", _, DATABASE]).then(Claim::default)
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Database
    }

    fn queries(&self) -> &'static [Query] {
        &queries::ALL
    }

    fn decode_row(&self, context: &mut Context, query: usize, row: &[Cell], facts: &mut Facts) {
        let mut totals = json::recalled(&context.state);
        decoder::row(&mut totals, query, row, facts);
        context.state = json::kept(&totals);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

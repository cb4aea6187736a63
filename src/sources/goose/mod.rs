//! Goose: `sessions/sessions.db`, before that a `.jsonl` for each session beside it.
//!
//! Measured on a database of schema 15; the older ones by their public definition. Since that schema each request leaves a
//! row in `usage_ledger`; what a session had used before stands there as one row more, and is none. Without a ledger there
//! are sums alone, whose steps are estimates. Prompt counts hold what was cached. Messages tell who did what; those that a copied session took along keep their ids
//! and instants. Instants are whole seconds. A session names its provider of today, not those of its requests.

mod decoder;
mod old;
mod place;
mod queries;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "goose";

/// Goose's sessions.
#[derive(Debug)]
pub struct Goose;

const ABOUT: About = About {
    title: "Goose",
    reads: "`sessions/sessions.db` and the older `.jsonl` sessions in Goose's data directory",
    exact: "every request by the usage ledger (schema 15): model, cached tokens; sessions that were copied",
    less: Some(
        "before the ledger there are running totals alone: their steps are estimates, the first reading is the baseline",
    ),
    unseen: "which provider answered a past request; requests that another agent made for it are that agent's",
    tested: "public fixture: schema 15; the older ones built to their public definition",
};

impl Source for Goose {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&place::homes(env))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("sessions")).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if place::is_database(path) { Shape::Database } else { Shape::Document }
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut totals = json::recalled(&context.state);
        let Some(session) = context.claim.session.as_deref() else { return Ok(()) };
        let read = old::document(session, bytes, &mut totals, facts);
        context.state = json::kept(&totals);
        read
    }

    fn queries(&self) -> &'static [Query] {
        &queries::ALL
    }

    fn decode_row(&self, context: &mut Context, query: usize, row: &[Cell], facts: &mut Facts) {
        decoder::row(query, row, context, facts);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

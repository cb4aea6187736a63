//! Mistral Vibe: `logs/session/unified/<session>/journal/<first number>.jsonl` below `VIBE_HOME` since 3.0, and
//! `logs/session/<session>/meta.json` before it.
//!
//! Measured on 3.0.2. The journal holds each answer's counts and the session's running total; the answer names no model,
//! which is that of `meta.json` beside it. After a clean end the next run deletes what it has a checkpoint of: what was
//! used in a segment that nobody read shows only in the total with which the next one begins, and is an estimate. Of a
//! request that was cut there is no trace. The older file has running totals alone.

mod decoder;
mod memory;
mod older;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use memory::Memory;

/// The agent's name in every key.
const AGENT: &str = "vibe";

/// Mistral Vibe's journals.
#[derive(Debug)]
pub struct Vibe;

const ABOUT: About = About {
    title: "Mistral Vibe",
    reads: "`logs/session/unified/<session>/journal/*.jsonl`, and `meta.json` of sessions before 3.0, below `~/.vibe` or `VIBE_HOME`",
    exact: "every answer in the journal with its cached tokens, while the journal lives: a run deletes what the one before it left; who typed, tool calls and which of them nobody was asked for",
    less: Some(
        "what was deleted unread shows only in the session's total: it is one estimate, dated at the session's start; before 3.0 there are running totals alone: their steps are estimates, the first reading is the baseline",
    ),
    unseen: "which model answered, where it was changed within a session (the newest is taken); answers that were cut; times of sessions before 3.0, but for the end of each turn",
    tested: "recorded: 3.0.2; public fixtures of before 3.0",
};

impl Source for Vibe {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("VIBE_HOME").map_or_else(|| env.home().join(".vibe"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("logs/session")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if place::is_journal(path) { Shape::Lines } else { Shape::Document }
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        place::meta(path).into_iter().collect()
    }

    fn inform(&self, context: &mut Context, _path: &Path, beside: &[Vec<u8>]) {
        let Some(bytes) = beside.first() else { return };
        let mut memory: Memory = json::recalled(&context.state);
        memory.inform(bytes);
        context.state = json::kept(&memory);
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        older::document(context, bytes, facts)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory: Memory = json::recalled(&context.state);
        let own = context.claim.session.clone().unwrap_or_default();
        for line in lines {
            let read = Decoder { own: &own, memory: &mut memory, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

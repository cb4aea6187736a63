//! Codex (command line, desktop, IDE): `sessions/YYYY/MM/DD/rollout-<time>-<thread>.jsonl`, and the same below
//! `archived_sessions`. A file that nobody touched for a week is replaced by its zstd twin.
//!
//! Measured on 0.98.0, 0.140.0 and 0.169.0. From 0.153 on each response leaves a `token_usage_record` with its id and the
//! thread that made it; older versions repeat a running total in `token_count`. Forks and subagents of older versions
//! copy their parent's lines with new instants: which of a file's lines are its own is told in [`lineage`].
//!
//! Not in any log: requests for a thread's title, and responses that were interrupted or cut.

mod counter;
mod decoder;
mod fast;
mod items;
mod lineage;
mod memory;
mod packed;
mod place;
mod spent;
mod wire;
mod worked;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Line, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use memory::Memory;

/// The agent's name in every key.
const AGENT: &str = "codex";

/// Codex's rollouts.
#[derive(Debug)]
pub struct Codex;

const ABOUT: About = About {
    title: "Codex",
    reads: "`sessions/YYYY/MM/DD/rollout-*.jsonl`, their `.jsonl.zst` twins and `archived_sessions` below `~/.codex` or `CODEX_HOME`",
    exact: "every response with its model, cache reads, reasoning and service tier; from 0.153 on by its own record, before by the steps of the running total; compactions, subagents, and forks whose parent is there or that name it",
    less: Some(
        "a fork of an older version that shows no sign of where its own part begins is an estimate; what a compaction used is one where only its size is logged",
    ),
    unseen: "requests for the title of a thread; responses that were interrupted or cut",
    tested: "recorded: 0.98.0, 0.140.0 and 0.169.0; public fixtures of versions between",
};

impl Source for Codex {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("CODEX_HOME").map_or_else(|| env.home().join(".codex"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().flat_map(|home| [home.join("sessions"), home.join("archived_sessions")]).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if place::is_packed(path) { Shape::Document } else { Shape::Lines }
    }

    /// A packed rollout holds the lines of the plain one, so its facts have the same keys.
    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut memory = Memory::default();
        let mut found = Facts::default();
        let session = context.claim.session.as_deref();
        packed::each_line(bytes, |line| read(session, &mut memory, line, &mut found))?;
        *facts = found;
        Ok(())
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            read(session, &mut memory, line, facts);
        }
        context.state = json::kept(&memory);
    }
}

fn read(session: Option<&str>, memory: &mut Memory, line: Line<'_>, facts: &mut Facts) {
    let result = Decoder { claimed: session, memory, facts }.line(line);
    json::settle(&line, result, facts);
}

//! GitHub Copilot CLI: `session-state/<session>/events.jsonl`, before that `session-state/<session>.jsonl`.
//!
//! Measured on 1.0.78 and 1.0.102. The second logs each request (`session.usage_record`), subagents in the same file. The
//! first logs the output of each answer and, at a clean end, a running total over all that the session ever used: what
//! the total has beyond the answers is an estimate. From the first record on the totals are not read, they count it
//! again. Nor is `session-store.db`: it holds the same requests under no id that the events have.

mod decoder;
mod memory;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;

/// The agent's name in every key.
const AGENT: &str = "copilot-cli";

/// Copilot CLI's session logs.
#[derive(Debug)]
pub struct CopilotCli;

const ABOUT: About = About {
    title: "GitHub Copilot CLI",
    reads: "`session-state/<session>/events.jsonl` and the older `session-state/<session>.jsonl` below `~/.copilot` or `COPILOT_HOME`",
    exact: "from 1.0.102 on every request by its own record, subagents included",
    less: Some(
        "before that the output of each answer; what the total at a clean end has beyond it is an estimate",
    ),
    unseen: "requests of a session that was killed before its totals, in versions before 1.0.102; responses that were cut",
    tested: "recorded: 1.0.102; public fixtures: 1.0.78",
};

impl Source for CopilotCli {
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
        homes.iter().map(|home| home.join("session-state")).collect()
    }

    /// Beside the log of a session lie copies of what it changed.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(2)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let Some(session) = context.claim.session.as_deref() else { return };
        let mut memory = json::recalled(&context.state);
        for line in lines {
            let read = Decoder { session, memory: &mut memory, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

//! Claude Code: `projects/<slug>/<session>.jsonl` and the files of its subagents.
//!
//! Measured on 1.0.98, 2.1.29, 2.1.150, 2.1.270 and 2.1.329. One API message is written as one line a content block,
//! each with the usage repeated; resume, fork and background work copy lines into other files. Here every line is a
//! look at its request; which looks are the same request is the ledger's business.

mod content;
mod decoder;
mod fast;
mod memory;
mod person;
mod request;
mod roots;
mod scan;
mod usage;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source};
use crate::model::{Agent, Facts, Reject};
use decoder::Decoder;
use memory::Memory;

/// The agent's name in every key.
const AGENT: &str = "claude-code";

/// Claude Code's session logs.
#[derive(Debug)]
pub struct ClaudeCode;

const ABOUT: About = About {
    title: "Claude Code",
    reads: "`projects/<slug>/<session>.jsonl` and the files of its subagents below `~/.claude` and `~/.config/claude`, or below each folder of `CLAUDE_CONFIG_DIR` (a comma list)",
    exact: "every request with its models, 5-minute and 1-hour cache writes, web searches, speed, tier and region; subagents, resumed and forked sessions, advisors; who typed, and the directory at each moment",
    less: Some(
        "an answer that was cut off is a lower bound: its last counts may be missing; copies of gateways that name no request are known by their content",
    ),
    unseen: "requests for titles and summaries that no file records; in 2.1.329 the usage of an answer that was killed before its first line",
    tested: "recorded: 2.1.29 and 2.1.329 (17 scenarios); public fixtures: 1.0.98, 2.1.150, 2.1.270",
};

impl Source for ClaudeCode {
    fn agent(&self) -> Agent {
        Agent::claude_code()
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("projects")).collect()
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        roots::roots(env)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        roots::claim(path)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory = Memory::from_bytes(&context.state);
        let mut decoder = Decoder { session: context.claim.session.as_deref(), memory: &mut memory, facts };
        for line in lines {
            decoder.facts.lines += 1;
            if let Err(reason) = decoder.read(line) {
                let length = line.bytes.len() as u64;
                decoder.facts.rejects.push(Reject { offset: line.offset, length, reason });
            }
        }
        context.state = memory.to_bytes();
    }
}

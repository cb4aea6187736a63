//! Qwen Code: `projects/<slug>/chats/<session>.jsonl`, subagents in `projects/<slug>/subagents/<session>/`, before that
//! `tmp/<hash>/chats/<session>.jsonl`.
//!
//! Measured on 0.18.1, 0.21.6 and 0.24.4. Every response leaves a telemetry line in the session's own file, those of
//! subagents and of the agent's background work too; the lines of assistants repeat some of them and lack others, so they
//! count only where a version writes no telemetry. `usage_record.jsonl`, a total at the session's end, is not read: a
//! killed session leaves none, and after a resume it counts twice.

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
const AGENT: &str = "qwen-code";

/// Qwen Code's session logs.
#[derive(Debug)]
pub struct QwenCode;

const ABOUT: About = About {
    title: "Qwen Code",
    reads: "`projects/<slug>/chats/*.jsonl`, `subagents/`, and the older `tmp/<hash>/chats` below `~/.qwen`, `QWEN_HOME` and `QWEN_RUNTIME_DIR`",
    exact: "every response by its telemetry line, those of subagents and background work too",
    less: None,
    unseen: "responses that were cut; in versions without telemetry also background requests",
    tested: "recorded: 0.24.4; public fixtures: 0.18.1, 0.21.6",
};

impl Source for QwenCode {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        place::roots(env)
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().flat_map(|home| place::below(home)).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = Decoder { session, memory: &mut memory, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

//! Kimi Code: `sessions/<workspace>/<session>/agents/<agent>/wire.jsonl`, a file for the session's own agent (`main`)
//! and one for each subagent.
//!
//! Measured on 2.1.0. The counts of a response stand on a `usage.record` line and again at the end of its step, on the
//! message that it made and, for subagents, in the parent's sum: the first of them counts. It names the model by the
//! user's alias; what was asked for under it stands on the request's line before it.

mod decoder;
mod memory;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;

/// The agent's name in every key.
const AGENT: &str = "kimi-code";

/// Kimi Code's wires.
#[derive(Debug)]
pub struct KimiCode;

const ABOUT: About = About {
    title: "Kimi Code",
    reads: "`sessions/<workspace>/<session>/agents/<agent>/wire.jsonl` below `~/.kimi-code` or `KIMI_CODE_HOME`",
    exact: "every response with its model, cached tokens and subagents",
    less: None,
    unseen: "responses that were cut; requests for titles",
    tested: "recorded: 2.1.0",
};

impl Source for KimiCode {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("KIMI_CODE_HOME").map_or_else(|| env.home().join(".kimi-code"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("sessions")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let parts: Vec<&str> = path
            .components()
            .map(|part| match part {
                Component::Normal(name) => name.to_str(),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let [_workspace, session, "agents", _agent, "wire.jsonl"] = parts.as_slice() else { return None };
        Some(Claim { session: Some((*session).to_owned()) })
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

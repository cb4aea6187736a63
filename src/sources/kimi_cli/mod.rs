//! Kimi CLI: `sessions/<md5 of the directory>/<session>/wire.jsonl`, subagents in `subagents/<id>/wire.jsonl` below it.
//!
//! Measured on 1.51.0. Each response leaves one status line with its counts and the provider's message id; what a
//! subagent does stands in its own wire and, wrapped, in its parent's. The wire names no model: its requests are held
//! under the name `unknown`, because the configuration says what is asked today, not what answered then.

mod decoder;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use place::State;

/// The agent's name in every key.
const AGENT: &str = "kimi-cli";

/// Kimi CLI's wires.
#[derive(Debug)]
pub struct KimiCli;

const ABOUT: About = About {
    title: "Kimi CLI",
    reads: "`sessions/<hash>/<session>/wire.jsonl` and those of its subagents below `~/.kimi` or `KIMI_SHARE_DIR`",
    exact: "the token counts of every response, subagents included",
    less: Some("the log names no model: its requests are held as `unpriced` under the name `unknown`"),
    unseen: "the model; responses that were cut",
    tested: "recorded: 1.51.0",
};

impl Source for KimiCli {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("KIMI_SHARE_DIR").map_or_else(|| env.home().join(".kimi"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("sessions")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn beside(&self, _path: &Path) -> Vec<PathBuf> {
        vec![PathBuf::from("../kimi.json")]
    }

    fn inform(&self, context: &mut Context, path: &Path, beside: &[Vec<u8>]) {
        let mut state: State = json::recalled(&context.state);
        state.is_subagent = place::is_subagent(path);
        if let Some(dir) = place::directory(path, beside) {
            state.dir = Some(dir);
        }
        context.state = json::kept(&state);
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let state: State = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = Decoder { session, state: &state, facts }.line(line);
            json::settle(&line, read, facts);
        }
    }
}

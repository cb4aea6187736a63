//! Gemini CLI: `tmp/<project>/chats/session-<minute>-<id>.jsonl`, subagents in `chats/<session>/`, before that
//! `chats/session-….json`, one document that was written anew with each message.
//!
//! Measured on 0.61.0. A message is appended again whenever it gains something (its tokens, its tool calls), and resuming
//! appends the whole history once more in `$set`; message ids are the agent's own, unique within a session. Rewinding
//! and compressing take messages out of the conversation, not out of the bill, so every id ever seen counts.

mod decoder;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use place::State;

/// The agent's name in every key.
const AGENT: &str = "gemini-cli";

/// Gemini CLI's chat recordings.
#[derive(Debug)]
pub struct GeminiCli;

const ABOUT: About = About {
    title: "Gemini CLI",
    reads: "`tmp/<project>/chats/*.jsonl`, subagents below, and the older `session-*.json` below `~/.gemini`; `GEMINI_CLI_HOME` stands for `~`",
    exact: "every answer with its model, cached and thinking tokens; rewound and compressed messages, subagents",
    less: None,
    unseen: "requests for routing, summaries and loop checks; answers that were cut",
    tested: "recorded: 0.61.0; the older document by public fixtures",
};

impl Source for GeminiCli {
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
        homes.iter().map(|home| home.join("tmp")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        place::beside(path)
    }

    fn inform(&self, context: &mut Context, path: &Path, beside: &[Vec<u8>]) {
        if let Some(root) = place::project_root(path, beside) {
            let mut state: State = json::recalled(&context.state);
            state.root = Some(root);
            context.state = json::kept(&state);
        }
    }

    fn shape(&self, path: &Path) -> Shape {
        let is_document = path.extension().is_some_and(|extension| extension == "json");
        if is_document { Shape::Document } else { Shape::Lines }
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut state: State = json::recalled(&context.state);
        let parent = context.claim.session.as_deref();
        let read = Decoder { parent, state: &mut state, facts }.document(bytes);
        context.state = json::kept(&state);
        read
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut state: State = json::recalled(&context.state);
        let parent = context.claim.session.as_deref();
        for line in lines {
            let read = Decoder { parent, state: &mut state, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&state);
    }
}

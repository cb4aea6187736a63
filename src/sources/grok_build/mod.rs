//! Grok Build: `sessions/<directory, as in a URL>/<session>/updates.jsonl` below `GROK_HOME`, with `summary.json` beside it.
//!
//! By the shape that readers of 1.0.41 measured; it was not run here. A turn's end holds the turn's counts by model. A turn
//! is many requests, and what it cost depends on the size of each where a model has a price for long prompts: a turn of
//! one request is a lower bound, any other an estimate. `usage.json` repeats the turns and adds those of subagents, which
//! have sessions of their own; `chat_history.jsonl` and `signals.json` hold neither counts nor times. Of older sessions,
//! which have no updates, `summary.json` tells when they were last at work.

mod decoder;
mod place;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use place::Place;

/// The agent's name in every key.
const AGENT: &str = "grok-build";

/// Grok Build's sessions.
#[derive(Debug)]
pub struct GrokBuild;

const ABOUT: About = About {
    title: "Grok Build",
    reads: "`sessions/<directory>/<session>/updates.jsonl` and `summary.json` below `~/.grok` or `GROK_HOME`",
    exact: "who did what when, and the directory",
    less: Some(
        "a turn is logged as one: of one request it is a lower bound, of several an estimate, because prices depend on the size of each",
    ),
    unseen: "the requests within a turn; turns that were cancelled; of sessions without `updates.jsonl` all but when they were last at work",
    tested: "turns built to the documented shape (1.0.41); public fixtures of the other files, current and older",
};

impl Source for GrokBuild {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("GROK_HOME").map_or_else(|| env.home().join(".grok"), PathBuf::from);
        self.below(&[home])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("sessions")).collect()
    }

    /// A session's folder holds its subagents' results too.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(3)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    fn shape(&self, path: &Path) -> Shape {
        if place::is_log(path) { Shape::Lines } else { Shape::Document }
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        path.parent()
            .filter(|_| place::is_log(path))
            .map(|dir| dir.join("summary.json"))
            .into_iter()
            .collect()
    }

    fn inform(&self, context: &mut Context, path: &Path, beside: &[Vec<u8>]) {
        let mut place: Place = json::recalled(&context.state);
        place.inform(path, beside);
        context.state = json::kept(&place);
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        decoder::summary(context.claim.session.as_deref(), bytes, facts)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let place: Place = json::recalled(&context.state);
        let session = context.claim.session.as_deref().unwrap_or_default();
        for line in lines {
            let read = Decoder { session, place: &place, facts }.line(line);
            json::settle(&line, read, facts);
        }
    }
}

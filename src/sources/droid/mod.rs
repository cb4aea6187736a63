//! Factory's Droid: `~/.factory/sessions/<directory>/<session>.jsonl`, and beside it `<session>.settings.json` with the
//! session's running total.
//!
//! By its public SDK's types (`tokenUsage`, `callingSessionId`) and by readers of other projects; not measured. The
//! settings tell no instant: a growth is of the latest instant in the log when it was read. The model is the one chosen
//! last. `inclusiveTokenUsage` holds what subagents used, which have totals of their own, and is not read.

mod line;
mod settings;

#[cfg(test)]
mod tests;

use std::path::{Component, Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Shape, Source, json};
use crate::model::{Agent, Facts};

/// The agent's name in every key.
const AGENT: &str = "droid";

const SETTINGS: &str = ".settings.json";

/// Droid's logs.
#[derive(Debug)]
pub struct Droid;

const ABOUT: About = About {
    title: "Droid (Factory)",
    reads: "`sessions/<directory>/<session>.jsonl` and `<session>.settings.json` beside it, below `~/.factory`",
    exact: "who did what, and when",
    less: Some(
        "tokens are steps of a running total for the session: estimates of the model chosen last; the first reading is the baseline",
    ),
    unseen: "single requests; what was used before keitod read the session first",
    tested: "built to its public SDK's types",
};

impl Source for Droid {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn misses_usage(&self) -> bool {
        false
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&[env.home().join(".factory")])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("sessions")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let parts: Vec<_> = path.components().collect();
        if !matches!(parts.as_slice(), [Component::Normal(_)] | [Component::Normal(_), Component::Normal(_)])
        {
            return None;
        }
        let name = path.file_name()?.to_str()?;
        let session = name.strip_suffix(SETTINGS).or_else(|| name.strip_suffix(".jsonl"))?;
        (!session.is_empty()).then(|| Claim { session: Some(session.to_owned()) })
    }

    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        let name = path.file_name().and_then(|name| name.to_str());
        let log = name.and_then(|name| name.strip_suffix(SETTINGS));
        log.map(|session| path.with_file_name(format!("{session}.jsonl"))).into_iter().collect()
    }

    fn inform(&self, context: &mut Context, _path: &Path, beside: &[Vec<u8>]) {
        let mut memory: settings::Memory = json::recalled(&context.state);
        memory.learn(beside.first().map_or(&[], Vec::as_slice));
        context.state = json::kept(&memory);
    }

    fn shape(&self, path: &Path) -> Shape {
        if path.extension().is_some_and(|extension| extension == "json") {
            Shape::Document
        } else {
            Shape::Lines
        }
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut memory: settings::Memory = json::recalled(&context.state);
        memory.read(context.claim.session.as_deref(), bytes, facts)?;
        context.state = json::kept(&memory);
        Ok(())
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory: line::Memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = memory.read(session, line, facts);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

//! The open session format: what any program may append to `keitod/sessions/*.jsonl` in the user's data directory, so
//! that its sessions are billed like those of an agent that keitod knows. It is described in `docs/session-format.md`,
//! whose examples are read by the tests.

mod decoder;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};
use decoder::{Decoder, Memory};

/// The name in the configuration and the status. Sessions have the name that their program gives itself.
const NAME: &str = "open-session";

/// Logs in the open format.
#[derive(Debug)]
pub struct OpenSession;

const ABOUT: About = About {
    title: "Any program, by the open session format",
    reads: "`$XDG_DATA_HOME/keitod/sessions/*.jsonl`, written as [session-format.md](session-format.md) says",
    exact: "what the program says",
    less: Some("what the program marks as less than exact"),
    unseen: "what the program does not say",
    tested: "the examples of the document",
};

impl Source for OpenSession {
    fn agent(&self) -> Agent {
        Agent::new(NAME)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        if cfg!(target_os = "macos") {
            return vec![env.home().join("Library/Application Support/keitod/sessions")];
        }
        let data = env.var("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        vec![data.unwrap_or_else(|| env.home().join(".local/share")).join("keitod/sessions")]
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        path.extension().is_some_and(|extension| extension == "jsonl").then(Claim::default)
    }

    fn author(&self, context: &Context) -> Option<Agent> {
        json::recalled::<Memory>(&context.state).agent.map(Agent::new)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory = json::recalled(&context.state);
        for line in lines {
            let read = Decoder { memory: &mut memory, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

//! Aider: the analytics log, which the user asks for with `--analytics-log` (`AIDER_ANALYTICS_LOG`, `analytics-log` in
//! `.aider.conf.yml`).
//!
//! Measured on 0.86.2. Each answered message leaves the model that was asked and two counts. While it streams, Aider does
//! not ask the provider for usage and counts by itself; without streaming it logs the provider's counts, but those read
//! from the cache are part of the prompt; and the log does not tell which of both it did. So all of it is an estimate.
//! Not read is `.aider.chat.history.md`: it knows rounded counts, and of instants only the start, in local time without
//! its zone. The log names no directory, and no id of a session: a session is what one start of the program did.

mod decoder;
mod memory;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts};
use decoder::Decoder;
use memory::Memory;

/// The agent's name in every key.
const AGENT: &str = "aider";

/// Aider's analytics logs.
#[derive(Debug)]
pub struct Aider;

const ABOUT: About = About {
    title: "Aider",
    reads: "the log of `--analytics-log`: a `.jsonl` file with `aider` or `analytics` in its name, in the directory that `AIDER_ANALYTICS_LOG` names, in `~/.aider`, in the home directory, or in the directories of `[sources.aider] roots`",
    exact: "nothing but the times of prompts and answers",
    less: Some(
        "every request: while it streams Aider counts by itself, and what was read from a cache is part of the prompt; `bill_estimates = true` bills it so",
    ),
    unseen: "the directory and the session's id (a session is one start of the program); commit messages and summaries; anything at all without the log: `.aider.chat.history.md` has rounded counts and no instants",
    tested: "recorded: 0.86.2; the project's own published sample",
};

impl Source for Aider {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// The log has no place of its own: it lies where the variable says, in Aider's folder, or in the home directory.
    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let named = env.var("AIDER_ANALYTICS_LOG").map(|path| match path.strip_prefix("~/") {
            Some(below) => env.home().join(below),
            None => PathBuf::from(path),
        });
        let named =
            named.filter(|path| path.is_absolute()).and_then(|path| Some(path.parent()?.to_path_buf()));
        let mut roots: Vec<PathBuf> = named.into_iter().collect();
        for dir in [env.home().join(".aider"), env.home().to_path_buf()] {
            if !roots.contains(&dir) {
                roots.push(dir);
            }
        }
        roots
    }

    /// Logs lie directly in the directories that were named: a home is not walked.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    /// By the name: in a home there are other `.jsonl` files than Aider's.
    fn claim(&self, path: &Path) -> Option<Claim> {
        let name = path.to_str().filter(|name| !name.contains('/'))?;
        let is_log = name.ends_with(".jsonl") && (name.contains("analytics") || name.contains("aider"));
        is_log.then(Claim::default)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory: Memory = json::recalled(&context.state);
        for line in lines {
            let read = Decoder { memory: &mut memory, facts }.line(line);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

//! What a sample session consists of.

use std::time::Duration;

use super::home::{REPO, SCRATCH};
use crate::model::{Instant, Tokens};

/// The model of most requests.
pub const OPUS: &str = "claude-opus-5-5";

/// The model of the subagent.
pub const HAIKU: &str = "claude-haiku-4-5";

/// A model that no price table has.
pub const UNHEARD_OF: &str = "claude-opus-9-9";

/// Milliseconds between the lines of one message.
const BLOCK: u64 = 1_400;

/// A session.
#[derive(Debug)]
pub(super) struct Session {
    /// What its ids are made from.
    pub(super) name: &'static str,
    /// Below the home.
    pub(super) dir: &'static str,
    /// The branch that the log names.
    pub(super) branch: &'static str,
    /// The permission mode; it asks before some calls.
    pub(super) mode: &'static str,
    /// Seconds before `now` at which it begins.
    pub(super) begins: u64,
    /// It was resumed from this one: the history is copied to its file before its own lines.
    pub(super) resumes: Option<&'static Session>,
    /// Its own lines.
    pub(super) beats: &'static [Beat],
    /// A subagent that the one `Agent` call starts.
    pub(super) subagent: Option<Subagent>,
}

/// A subagent, which writes a file of its own.
#[derive(Debug)]
pub(super) struct Subagent {
    pub(super) kind: &'static str,
    pub(super) task: &'static str,
    pub(super) beats: &'static [Beat],
}

/// Something that happens `at` milliseconds after the session's beginning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Beat {
    pub(super) at: u64,
    pub(super) what: What,
}

/// What happens.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    /// A person types.
    Prompt(&'static str),
    /// The parent gives a subagent its task.
    Task(&'static str),
    /// A request is answered: one line a block.
    Answer { model: &'static str, tokens: Tokens, blocks: &'static [Block] },
    /// A tool that nobody had to allow returns to the call of the message before.
    Result(&'static str),
}

/// A block of an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Block {
    /// Thinking, which the log leaves empty.
    Think,
    /// Text.
    Say(&'static str),
    /// A tool's name and its input as JSON.
    Call(&'static str, &'static str),
}

impl Session {
    /// Whether its directory is linked.
    pub(super) fn is_linked(&self) -> bool {
        self.dir == REPO
    }

    /// The instant of its beginning.
    pub(super) fn start(&self, now: Instant) -> Instant {
        now.minus(Duration::from_secs(self.begins))
    }

    /// The files it writes: its own, and the subagent's.
    pub(super) fn threads(&self) -> impl Iterator<Item = &'static [Beat]> {
        std::iter::once(self.beats).chain(self.subagent.as_ref().map(|agent| agent.beats))
    }
}

impl Beat {
    /// The instants of its lines, milliseconds after the beginning.
    pub(super) fn lines(&self) -> impl Iterator<Item = u64> + use<> {
        let lines = match self.what {
            What::Answer { blocks, .. } => blocks.len() as u64,
            What::Prompt(_) | What::Task(_) | What::Result(_) => 1,
        };
        let at = self.at;
        (0..lines).map(move |line| at + line * BLOCK)
    }
}

/// In the linked repository.
pub(super) const IN_REPO: (&str, &str) = (REPO, "main");

/// Outside of any repository: the agent writes `HEAD` for a branch there.
pub(super) const IN_SCRATCH: (&str, &str) = (SCRATCH, "HEAD");

pub(super) const fn prompt(at: u64, text: &'static str) -> Beat {
    Beat { at, what: What::Prompt(text) }
}

pub(super) const fn result(at: u64, output: &'static str) -> Beat {
    Beat { at, what: What::Result(output) }
}

pub(super) const fn answer(at: u64, model: &'static str, tokens: Tokens, blocks: &'static [Block]) -> Beat {
    Beat { at, what: What::Answer { model, tokens, blocks } }
}

/// Input, cache read, cache writes of five minutes and of an hour, output; a quarter of the output was thought.
pub(super) const fn tokens(input: u64, read: u64, five: u64, hour: u64, output: u64) -> Tokens {
    Tokens {
        input,
        cache_read: read,
        cache_write_5m: five,
        cache_write_1h: hour,
        output,
        reasoning: output / 4,
    }
}

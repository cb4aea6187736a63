//! What the agents write: one file an agent, behind one trait and one slice.
//!
//! A source knows where its agent keeps its logs, which files are its own, and how bytes become facts. It reads no
//! files itself: [`Source::decode`] is pure and total, so that it can be tested and fuzzed on bytes alone.

mod about;
mod aider;
mod amp;
mod antigravity;
mod cells;
mod claude_code;
mod cline;
mod codex;
mod copilot_cli;
mod copilot_visualstudio;
mod copilot_vscode;
mod cost;
mod crush;
mod cursor;
mod declared;
mod droid;
mod editors;
mod gemini_cli;
mod goose;
mod grok_build;
mod hermes;
mod iflow;
mod json;
mod kimi_cli;
mod kimi_code;
mod kiro;
mod lines;
mod loose;
mod open_session;
mod opencode;
mod page;
mod pi;
mod qwen_code;
mod reader;
mod shape;
mod skim;
mod stamp;
mod totals;
mod trae_cli;
mod uri;
mod usage;
mod vibe;
mod wide_bytes;
mod zed;

#[cfg(test)]
mod properties;

use std::path::{Path, PathBuf};

use crate::model::{Agent, Cell, Facts};

pub use about::About;
pub use declared::{Declared, Files, Pointers};
pub use lines::{Line, Lines};
pub use reader::{Reader, readers};
pub use shape::{NotWhole, Query, Shape};

/// Every agent that keitod reads by itself; [`readers`] has those of the configuration too.
pub fn all() -> &'static [&'static dyn Source] {
    &[
        &claude_code::ClaudeCode,
        &codex::Codex,
        &gemini_cli::GeminiCli,
        &qwen_code::QwenCode,
        &kimi_cli::KimiCli,
        &kimi_code::KimiCode,
        &copilot_cli::CopilotCli,
        &opencode::OPENCODE,
        &opencode::KILO,
        &pi::PI,
        &pi::OMP,
        &pi::PRIME,
        &pi::OPENCLAW,
        &cline::CLINE,
        &cline::ROO,
        &cline::KILO_CODE,
        &goose::Goose,
        &droid::Droid,
        &hermes::Hermes,
        &zed::Zed,
        &crush::Crush,
        &open_session::OpenSession,
        &vibe::Vibe,
        &aider::Aider,
        &amp::Amp,
        &grok_build::GrokBuild,
        &cursor::Cursor,
        &cursor::CursorAgent,
        &trae_cli::TraeCli,
        &copilot_vscode::CopilotVsCode,
        &copilot_visualstudio::CopilotVisualStudio,
        &kiro::Kiro,
        &iflow::Iflow,
        &antigravity::Antigravity,
    ]
}

/// Whether cost of this agent is in no log, so that time is all there is of it.
#[must_use]
pub fn is_time_only(agent: &str) -> bool {
    all().iter().any(|source| source.agent().as_str() == agent && !source.logs_usage())
}

/// The name under which programs of the open session format are set up, which have names of their own.
#[must_use]
pub fn open_format() -> Agent {
    open_session::OpenSession.agent()
}

/// The process environment as far as sources ask for it.
pub trait Environment {
    /// A variable's value; unset and empty are the same.
    fn var(&self, name: &str) -> Option<String>;
    /// The home directory.
    fn home(&self) -> &Path;
}

/// What a file of an agent holds, as its path tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claim {
    /// The session that lines without a session id of their own belong to.
    pub session: Option<String>,
}

/// What a decoder must remember between two reads of one file. Opaque to all but its source; stored with the cursor
/// in the same transaction, so it always fits the offset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// From the file's path.
    pub claim: Claim,
    /// The source's own state in the source's own encoding; at the first byte of a file empty, or what [`Source::inform`] put there.
    pub state: Vec<u8>,
}

/// One agent's logs.
pub trait Source: Send + Sync {
    /// The agent's name.
    fn agent(&self) -> Agent;

    /// What `docs/agents.md` says of it.
    fn about(&self) -> &'static About;

    /// Whether work without any usage is a sign that its logs have changed. Of running totals the first reading tells
    /// none, however much was done.
    fn misses_usage(&self) -> bool {
        self.logs_usage()
    }

    /// Whether its logs tell tokens or cost of requests at all: an agent whose logs never do is not missed for it.
    fn logs_usage(&self) -> bool {
        true
    }

    /// The directories to watch, in the order of their use, from the agent's own variables or its defaults.
    /// They need not exist.
    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf>;

    /// The directories to watch where the user names the agent's homes himself (`[sources.<agent>] roots`).
    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.to_vec()
    }

    /// A file of the agent that names further places of its logs, where it keeps them with each project.
    fn registry(&self, _env: &dyn Environment) -> Option<PathBuf> {
        None
    }

    /// The directories that the registry names, in the order of their use.
    fn registered(&self, _registry: &[u8]) -> Vec<PathBuf> {
        Vec::new()
    }

    /// How many components a log's path has below this root at most, where that is known: directories that lie deeper
    /// are neither walked nor watched. Some agents keep their databases beside checkouts and snapshots of projects.
    fn depth(&self, _root: &Path) -> Option<usize> {
        None
    }

    /// Whether the file at `path`, relative to one of the roots, is a log of this agent.
    fn claim(&self, path: &Path) -> Option<Claim>;

    /// The same below the root at hand, for sources of which each root holds other files.
    fn claim_below(&self, _root: &Path, path: &Path) -> Option<Claim> {
        self.claim(path)
    }

    /// Whose facts a file holds, for sources whose files are of several agents and say so themselves.
    fn author(&self, _context: &Context) -> Option<Agent> {
        None
    }

    /// Files that say of the log at `path` what it does not say itself, such as where its project lies. They are named
    /// relative to the root; a leading `..` leads to its parent.
    fn beside(&self, _path: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Takes into `context` what those files hold, in their order; one that is not there is empty. Called before each
    /// reading of the log. Nothing that goes into a key may depend on it.
    fn inform(&self, _context: &mut Context, _path: &Path, _beside: &[Vec<u8>]) {}

    /// Takes into `context` below which root a database lies, for those that tell it by nothing else. Called before each
    /// reading.
    fn placed(&self, _context: &mut Context, _root: &Path) {}

    /// How the file at `path`, which the source claims, is to be read.
    fn shape(&self, _path: &Path) -> Shape {
        Shape::Lines
    }

    /// Turns a whole document into facts. All of it is given each time it has changed: facts are known again by their
    /// keys, and one that is gone from the document takes nothing back.
    ///
    /// # Errors
    /// [`NotWhole`] if the bytes are no document; the last one that was stays what counts.
    fn decode_document(
        &self,
        _context: &mut Context,
        _bytes: &[u8],
        _facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        Err(NotWhole)
    }

    /// What is asked of this agent's databases.
    fn queries(&self) -> &'static [Query] {
        &[]
    }

    /// Turns a row of the query with this number into facts. A row may come again.
    fn decode_row(&self, _context: &mut Context, _query: usize, _row: &[Cell], _facts: &mut Facts) {}

    /// Turns whole lines into facts and rejects, and brings `context` forward. Total: any bytes give a result. The
    /// facts of a file do not depend on how its lines are cut into calls.
    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts);
}

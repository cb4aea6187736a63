//! Cursor: `state.vscdb` below the editor's settings, and the transcripts of its agent below `~/.cursor/projects`.
//!
//! By the shape that readers of it measured (3.x); it was not run here. The database has a row for each bubble of a chat,
//! most of them without counts, and a model only where the user chose one: what it does count is an estimate, and what
//! Cursor bills only its server knows. The transcripts hold neither a time, nor a model, nor counts, so nothing is read of
//! them; they are known so that nobody has to wonder.

mod bubble;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Query, Shape, Source};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "cursor";

/// The editor's chats.
#[derive(Debug)]
pub struct Cursor;

/// The transcripts of the agent.
#[derive(Debug)]
pub struct CursorAgent;

/// A bubble that is written again gets a new rowid. SQLite cuts it down to what is read: no text is copied.
static QUERIES: [Query; 1] = [Query {
    needs: &[("cursorDiskKV", &["key", "value"])],
    text: "SELECT rowid, key, CASE WHEN json_valid(CAST(value AS TEXT)) THEN \
             json_object('type', CAST(value AS TEXT) -> '$.type', 'createdAt', CAST(value AS TEXT) -> '$.createdAt', \
               'tokenCount', CAST(value AS TEXT) -> '$.tokenCount', 'modelInfo', CAST(value AS TEXT) -> '$.modelInfo') END \
           FROM cursorDiskKV WHERE rowid > ?1 AND key >= 'bubbleId:' AND key < 'bubbleId;' ORDER BY rowid",
    overlap: 0,
}];

const ABOUT: About = About {
    title: "Cursor",
    reads: "chats in `User/globalStorage/state.vscdb` of `~/.config/Cursor` or `~/Library/Application Support/Cursor` (read-only, while it is written)",
    exact: "when a person and the model wrote, as far as a chat has times",
    less: Some("token counts, which few messages have, are estimates"),
    unseen: "what was billed, which only Cursor's server knows; cached tokens; the model where Cursor chose it; the directory",
    tested: "built to the documented shape",
};

const AGENT_ABOUT: About = About {
    title: "Cursor's agent",
    reads: "`projects/<slug>/agent-transcripts/<id>/<id>.jsonl` below `~/.cursor`, to know that it is there",
    exact: "nothing",
    less: None,
    unseen: "times, models and tokens: a transcript holds texts alone, so neither an hour nor a cost can be billed from it",
    tested: "public fixture",
};

impl Source for Cursor {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let config = env.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let config = config.unwrap_or_else(|| env.home().join(".config"));
        let settings = [config, env.home().join("Library/Application Support")];
        self.below(&settings.map(|settings| settings.join("Cursor")))
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("User/globalStorage")).collect()
    }

    /// Extensions keep theirs in folders beside it.
    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        (path == Path::new("state.vscdb")).then(Claim::default)
    }

    fn shape(&self, _path: &Path) -> Shape {
        Shape::Database
    }

    fn queries(&self) -> &'static [Query] {
        &QUERIES
    }

    fn decode_row(&self, _context: &mut Context, _query: usize, row: &[Cell], facts: &mut Facts) {
        bubble::row(row, facts);
    }

    fn decode(&self, _context: &mut Context, _lines: Lines<'_>, _facts: &mut Facts) {}
}

impl Source for CursorAgent {
    fn agent(&self) -> Agent {
        Agent::new("cursor-agent")
    }

    fn about(&self) -> &'static About {
        &AGENT_ABOUT
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        self.below(&[env.home().join(".cursor")])
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join("projects")).collect()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let is_transcript = path.extension().is_some_and(|extension| extension == "jsonl")
            && path.components().any(|part| part.as_os_str() == "agent-transcripts");
        let session = path.file_stem().and_then(|name| name.to_str());
        session.filter(|_| is_transcript).map(|session| Claim { session: Some(session.to_owned()) })
    }

    fn decode(&self, _context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        facts.lines += lines.count() as u64;
    }
}

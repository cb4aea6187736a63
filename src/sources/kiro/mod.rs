//! Kiro CLI: `~/.kiro/sessions/cli/<session>.jsonl` with `<session>.json` beside it, before that `data.sqlite3` in the
//! `kiro-cli` folder of the user's data.
//!
//! By readers and recorded lines of other projects, 2.14 the latest; not measured. Kiro is paid for in credits and logs no
//! tokens, so cost is not observable. Of a session's lines only the person's have an instant; when the model was done is
//! in the document, once for each turn.

mod decoder;
mod place;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, NotWhole, Query, Shape, Source, json};
use crate::model::{Agent, Cell, Facts};

/// The agent's name in every key.
const AGENT: &str = "kiro";

/// Kiro CLI's sessions.
#[derive(Debug)]
pub struct Kiro;

/// Conversations without their texts. Milliseconds; rows are stamped as they are written, and a clock may be set back.
static CONVERSATIONS: [Query; 1] = [Query {
    needs: &[("conversations_v2", &["key", "conversation_id", "value", "updated_at"])],
    text: "SELECT c.updated_at, c.conversation_id, c.key, CASE WHEN json_valid(c.value) THEN \
           (SELECT json_group_array(json_object('at', h.value -> '$.user.timestamp', \
              'prompt', json(iif(h.value -> '$.user.content.Prompt' IS NULL, 'false', 'true')), \
              'tool', json(iif(h.value -> '$.user.content.ToolUseResults' IS NULL, 'false', 'true')), \
              'end', h.value -> '$.request_metadata.stream_end_timestamp_ms')) \
            FROM json_each(c.value, '$.history') h WHERE h.type = 'object') END \
           FROM conversations_v2 c WHERE c.updated_at > ?1 ORDER BY c.updated_at",
    overlap: 600_000,
}];

const ABOUT: About = About {
    title: "Kiro CLI",
    reads: "`sessions/cli/<session>.jsonl` and `.json` below `~/.kiro` or `KIRO_HOME`, and the older `kiro-cli/data.sqlite3`",
    exact: "time: who typed, and when each turn ended",
    less: None,
    unseen: "tokens and cost, which is in credits; when tools ran in between; the editor's chats",
    tested: "public fixtures of the older database; the newer files by lines of 2.14.1",
};

impl Source for Kiro {
    fn agent(&self) -> Agent {
        Agent::new(AGENT)
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn logs_usage(&self) -> bool {
        false
    }

    fn roots(&self, env: &dyn Environment) -> Vec<PathBuf> {
        let home = env.var("KIRO_HOME").map_or_else(|| env.home().join(".kiro"), PathBuf::from);
        [self.below(&[home]), place::databases(env)].concat()
    }

    fn below(&self, homes: &[PathBuf]) -> Vec<PathBuf> {
        homes.iter().map(|home| home.join(place::SESSIONS)).collect()
    }

    fn depth(&self, _root: &Path) -> Option<usize> {
        Some(1)
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        place::claim(path)
    }

    /// The document beside a log says where the session works.
    fn beside(&self, path: &Path) -> Vec<PathBuf> {
        let is_log = path.extension().is_some_and(|extension| extension == "jsonl");
        is_log.then(|| path.with_extension("json")).into_iter().collect()
    }

    fn inform(&self, context: &mut Context, _path: &Path, beside: &[Vec<u8>]) {
        let mut memory: decoder::Memory = json::recalled(&context.state);
        memory.learn(beside.first().map_or(&[], Vec::as_slice));
        context.state = json::kept(&memory);
    }

    fn shape(&self, path: &Path) -> Shape {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("sqlite3") => Shape::Database,
            Some("json") => Shape::Document,
            _ => Shape::Lines,
        }
    }

    fn queries(&self) -> &'static [Query] {
        &CONVERSATIONS
    }

    fn decode_row(&self, _context: &mut Context, _query: usize, row: &[Cell], facts: &mut Facts) {
        decoder::row(row, facts);
    }

    fn decode_document(
        &self,
        context: &mut Context,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        decoder::document(context.claim.session.as_deref(), bytes, facts)
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let memory: decoder::Memory = json::recalled(&context.state);
        let session = context.claim.session.as_deref();
        for line in lines {
            let read = memory.line(session, line, facts);
            json::settle(&line, read, facts);
        }
    }
}

//! A line of the log: when the session did what, and where.

use serde::{Deserialize, Serialize};

use super::super::loose::{List, Loose, Text};
use super::super::page::Page;
use super::super::{Line, json};
use super::AGENT;
use crate::model::{ActivityKey, Facts, Instant, RejectReason, Who, hash64};

/// What the first line says of all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// Where the session works.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    /// The session that started this one.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(super) parent: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record<'a> {
    /// `session_start` or `message`; others are no work.
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    calling_session_id: Text<'a>,
    #[serde(borrow)]
    message: Loose<Message<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    role: Text<'a>,
    #[serde(borrow)]
    content: List<Block<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Block<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    text: Text<'a>,
}

impl Memory {
    /// Adds what `line` holds.
    pub(super) fn read(
        &mut self,
        session: Option<&str>,
        line: Line<'_>,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = json::parse(bytes, &mut spare)?;
        self.learn(&record);
        let Some(who) = record.who(self.parent.is_some()) else { return Ok(()) };
        let at = record.timestamp.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)?;
        let session = self.parent.as_deref().or(session).ok_or(RejectReason::Shape)?;
        let id = record.id.get().map_or(bytes, str::as_bytes);
        let key = ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), id, &at.millis().to_be_bytes()]));
        Page::new(facts, session, self.dir.as_deref(), line.offset).act(key, at, who, 0);
        Ok(())
    }

    /// Takes in where the session stands.
    pub(super) fn learn(&mut self, record: &Record<'_>) {
        if record.kind.is("session_start") {
            self.dir = record.cwd.get().map(str::to_owned);
            self.parent = record.calling_session_id.get().map(str::to_owned);
        }
    }
}

impl Record<'_> {
    fn who(&self, is_child: bool) -> Option<Who> {
        let message = self.message.get().filter(|_| self.kind.is("message"))?;
        let blocks = || message.content.0.iter().flatten();
        if message.role.is("assistant") {
            return Some(Who::Agent);
        }
        if !message.role.is("user") {
            return None;
        }
        if blocks().any(|block| block.kind.is("tool_result")) {
            return Some(Who::Tool);
        }
        // The program puts reminders into messages; a subagent's prompt is its parent's.
        let is_typed = |block: &Block<'_>| {
            !block.text.get().is_some_and(|text| text.trim_start().starts_with("<system-reminder>"))
        };
        let said = message.content.0.is_empty() || blocks().any(is_typed);
        (said && !is_child).then_some(Who::Prompt)
    }
}

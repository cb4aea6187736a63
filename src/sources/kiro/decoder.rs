//! From a line, a document or a row to its facts.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::super::cells::{settle, text};
use super::super::loose::{Flag, List, Loose, Text};
use super::super::page::Page;
use super::super::{Line, NotWhole, json, stamp};
use super::AGENT;
use crate::model::{ActivityKey, Cell, Facts, Instant, RejectReason, Who, hash64};

/// Where the session works.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    #[serde(borrow)]
    data: Loose<Data<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    message_id: Text<'a>,
    #[serde(borrow)]
    meta: Loose<Meta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Meta<'a> {
    /// Seconds.
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    cwd: Text<'a>,
    #[serde(borrow)]
    session_state: Loose<State<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State<'a> {
    #[serde(borrow)]
    conversation_metadata: Loose<Conversation<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conversation<'a> {
    #[serde(borrow)]
    user_turn_metadatas: List<Turn<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Turn<'a> {
    /// Seconds as a number, or RFC 3339.
    #[serde(borrow)]
    end_timestamp: Option<&'a RawValue>,
}

/// What is left of an exchange of a conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Exchange<'a> {
    #[serde(borrow)]
    at: Option<&'a RawValue>,
    prompt: Flag,
    tool: Flag,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
}

impl Memory {
    /// Takes in the document beside.
    pub(super) fn learn(&mut self, bytes: &[u8]) {
        let mut spare = String::new();
        if let Ok(document) = json::parse::<Document<'_>>(json::trimmed(bytes), &mut spare)
            && let Some(dir) = document.cwd.get()
        {
            self.dir = Some(dir.to_owned());
        }
    }

    /// Adds what `line` holds: answers and tools have no instant.
    pub(super) fn line(
        &self,
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
        let Some(data) = record.data.get().filter(|_| record.kind.is("Prompt")) else { return Ok(()) };
        // A summary that the program puts in place of earlier turns has none.
        let Some(meta) = data.meta.get() else { return Ok(()) };
        let at = instant(meta.timestamp).ok_or(RejectReason::NoInstant)?;
        let session = session.ok_or(RejectReason::Shape)?;
        let id = data.message_id.get().unwrap_or_default();
        act(&mut Page::new(facts, session, self.dir.as_deref(), line.offset), session, id, at, Who::Prompt);
        Ok(())
    }
}

/// Adds when each turn ended.
pub(super) fn document(session: Option<&str>, bytes: &[u8], facts: &mut Facts) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let document: Document<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    facts.lines += 1;
    let conversation = document.session_state.get().and_then(|state| state.conversation_metadata.get());
    let (Some(session), Some(conversation)) = (session, conversation) else { return Ok(()) };
    let mut page = Page::new(facts, session, document.cwd.get(), 0);
    for turn in conversation.user_turn_metadatas.0.iter().flatten() {
        if let Some(at) = instant(turn.end_timestamp) {
            act(&mut page, session, "", at, Who::Agent);
        }
    }
    Ok(())
}

/// Adds what a conversation of the older database holds.
pub(super) fn row(row: &[Cell], facts: &mut Facts) {
    let [_, session, dir, history] = row else { return };
    let Some(session) = text(session) else { return };
    let mut read = || {
        let history = text(history).ok_or(RejectReason::NotJson)?;
        let exchanges: List<Exchange<'_>> = serde_json::from_str(history).map_err(|_| RejectReason::Shape)?;
        let mut page = Page::new(facts, session, text(dir), 0);
        for exchange in exchanges.0.iter().flatten() {
            let asked = match (exchange.prompt.0, exchange.tool.0) {
                (true, _) => Some(Who::Prompt),
                (false, true) => Some(Who::Tool),
                _ => None,
            };
            for (who, at) in [(asked, exchange.at), (Some(Who::Agent), exchange.end)] {
                if let (Some(who), Some(at)) = (who, instant(at)) {
                    act(&mut page, session, "", at, who);
                }
            }
        }
        Ok(())
    };
    let read = read();
    settle(read, facts);
}

fn act(page: &mut Page<'_>, session: &str, id: &str, at: Instant, who: Who) {
    let parts = [
        b"activity",
        AGENT.as_bytes(),
        session.as_bytes(),
        &[who as u8],
        id.as_bytes(),
        &at.millis().to_be_bytes(),
    ];
    page.act(ActivityKey(hash64(&parts)), at, who, 0);
}

fn instant(value: Option<&RawValue>) -> Option<Instant> {
    let text = value?.get();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(text) => Instant::parse(text),
        None => stamp::by_magnitude(text),
    }
}

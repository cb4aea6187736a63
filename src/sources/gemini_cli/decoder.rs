//! From a line, or a whole document, to its facts.

use super::super::json;
use super::super::page::{Page, Request};
use super::AGENT;
use super::place::State;
use super::wire::{self, Content, Record};
use crate::model::{ActivityKey, Facts, Instant, MessageKey, Quality, RejectReason, RequestKey, Who, hash64};
use crate::sources::{Line, NotWhole};

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    /// The session that started this one, by the path.
    pub(super) parent: Option<&'a str>,
    pub(super) state: &'a mut State,
    pub(super) facts: &'a mut Facts,
}

/// Where a message stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// On a line of its own.
    Own,
    /// In a list that replaces the conversation: each of its messages has a line of its own, or was made by the
    /// replacing, with its instant.
    Again,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = json::parse(bytes, &mut spare)?;
        if let Some(set) = record.set.get() {
            self.name(wire::first(set.directories));
            let mut read = Ok(());
            for message in set.messages.0.iter().flatten() {
                // One that cannot be read costs none of the others.
                read = self.message(message, Standing::Again, None, line.offset).and(read);
            }
            return read;
        }
        if record.id.get().is_some() {
            return self.message(&record, Standing::Own, None, line.offset);
        }
        // Resuming within the minute of the start writes a second header into the file.
        self.header(&record);
        Ok(())
    }

    /// Adds what a document of the older kind holds.
    pub(super) fn document(&mut self, bytes: &[u8]) -> Result<(), NotWhole> {
        let mut spare = String::new();
        let whole: Record<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
        self.header(&whole);
        for message in whole.messages.0.iter().flatten() {
            self.facts.lines += 1;
            // In a document that parses, a message without an instant is one of a shape of its own, and no harm.
            let _ = self.message(message, Standing::Own, whole.model.get(), 0);
        }
        Ok(())
    }

    fn header(&mut self, record: &Record<'_>) {
        if let Some(session) = record.session_id.get() {
            self.state.session = Some(session.to_owned());
            self.state.is_subagent = record.kind.is("subagent");
            self.name(wire::first(record.directories));
        }
    }

    fn name(&mut self, dir: Option<String>) {
        if self.state.named.is_none() {
            self.state.named = dir;
        }
    }

    fn message(
        &mut self,
        message: &Record<'_>,
        standing: Standing,
        model: Option<&str>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let is_person = !self.state.is_subagent && self.parent.is_none();
        let usage = message.tokens.get().filter(|_| message.role.is("gemini"));
        let who = match (message.role.get(), standing) {
            (_, Standing::Again) => None,
            (Some("gemini"), _) => Some(Who::Agent),
            (Some("user"), _) => match message.speaks() {
                Content::Results => Some(Who::Tool),
                Content::Words if is_person => Some(Who::Prompt),
                Content::Words | Content::Context | Content::Empty => None,
            },
            _ => None,
        };
        if usage.is_none() && who.is_none() {
            return Ok(());
        }
        let (id, own) = match (message.id.get(), self.state.session.as_deref()) {
            (Some(id), Some(own)) => (id, own),
            _ => return Err(RejectReason::Shape),
        };
        let at = instant(message.timestamp.get()).ok_or(RejectReason::NoInstant)?;
        let mut page = Page::new(self.facts, self.parent.unwrap_or(own), self.state.dir(), offset);
        if let Some(usage) = usage {
            page.request(&Request {
                message: MessageKey::new(AGENT, id),
                key: RequestKey::with_line(AGENT, own, id),
                at,
                model: message.model.get().or(model),
                tokens: usage.tokens(),
                quality: Quality::Exact,
            });
        }
        let Some(who) = who else { return Ok(()) };
        page.act(activity(own, b"message", id), at, who, 0);
        for call in message.tool_calls.0.iter().flatten() {
            if let (Some(id), Some(at)) = (call.id.get(), instant(call.timestamp.get())) {
                page.act(activity(own, b"call", id), at, Who::Tool, 0);
            }
        }
        Ok(())
    }
}

fn instant(text: Option<&str>) -> Option<Instant> {
    text.and_then(Instant::parse)
}

fn activity(session: &str, kind: &[u8], id: &str) -> ActivityKey {
    ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), session.as_bytes(), kind, id.as_bytes()]))
}

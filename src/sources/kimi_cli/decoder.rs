//! From a line to its facts.

use super::super::page::{Page, Request};
use super::super::{json, stamp};
use super::AGENT;
use super::place::State;
use super::wire::{Message, Payload, Record};
use crate::model::{ActivityKey, Facts, Instant, MessageKey, Quality, RejectReason, RequestKey, Who, hash64};
use crate::sources::Line;

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    /// The session, by the path.
    pub(super) session: Option<&'a str>,
    pub(super) state: &'a State,
    pub(super) facts: &'a mut Facts,
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
        let Some(message) = record.message.get() else { return Ok(()) };
        let Some(payload) = message.payload.get() else { return Ok(()) };
        let at = stamp::seconds(record.timestamp);
        if !message.kind.is("SubagentEvent") {
            return self.event(message, payload, at, bytes, line.offset, self.state.is_subagent);
        }
        let Some(event) = payload.event else { return Ok(()) };
        let event: Message<'_> = serde_json::from_str(event.get()).unwrap_or_default();
        let Some(inner) = event.payload.get() else { return Ok(()) };
        // Where the subagent has a wire of its own that tells when it did what; its counts are known again by their id.
        let has_wire = payload.agent_id.get().is_some();
        match has_wire {
            true if inner.message_id.get().is_some() => self.request(inner, at, line.offset),
            true => Ok(()),
            false => self.event(&event, inner, at, bytes, line.offset, true),
        }
    }

    fn event(
        &mut self,
        message: &Message<'_>,
        payload: &Payload<'_>,
        at: Option<Instant>,
        bytes: &[u8],
        offset: u64,
        is_subagent: bool,
    ) -> Result<(), RejectReason> {
        let who = match message.kind.get() {
            Some("TurnBegin") if !is_subagent => Who::Prompt,
            // A person's yes or no.
            Some("ApprovalResponse" | "ApprovalRequestResolved") => Who::Prompt,
            Some("ContentPart" | "ToolCall") => Who::Agent,
            Some("StatusUpdate") if payload.token_usage.get().is_some() => Who::Agent,
            Some("ToolResult") => Who::Tool,
            _ => return Ok(()),
        };
        self.request(payload, at, offset)?;
        let at = at.ok_or(RejectReason::NoInstant)?;
        // The instant has microseconds: the line is one of a kind.
        let key = ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), bytes]));
        self.page(offset)?.act(key, at, who, 0);
        Ok(())
    }

    fn request(
        &mut self,
        payload: &Payload<'_>,
        at: Option<Instant>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let Some(usage) = payload.token_usage.get() else { return Ok(()) };
        let at = at.ok_or(RejectReason::NoInstant)?;
        let session = self.session.ok_or(RejectReason::Shape)?;
        let tokens = usage.tokens();
        // Local servers count to a thousand for their ids: with the counts they are one of a kind, in both wires.
        let counts = tokens.map(|tokens| tokens.classes()).unwrap_or_default();
        let id = match payload.message_id.get() {
            Some(id) => format!("{id}:{counts:?}"),
            None => format!("{}:{counts:?}", at.millis()),
        };
        self.page(offset)?.request(&Request {
            message: MessageKey::new(AGENT, &id),
            key: RequestKey::with_line(AGENT, session, &id),
            at,
            model: None,
            tokens,
            quality: Quality::Exact,
        });
        Ok(())
    }

    fn page(&mut self, offset: u64) -> Result<Page<'_>, RejectReason> {
        let session = self.session.ok_or(RejectReason::Shape)?;
        Ok(Page::new(self.facts, session, self.state.dir.as_deref(), offset))
    }
}

//! From a line to its facts.

use super::super::json;
use super::super::loose::Count;
use super::super::page::{Page, Request};
use super::AGENT;
use super::memory::Memory;
use super::wire::{Event, Record};
use crate::model::{
    ActivityKey, Facts, Instant, MessageKey, Payer, Plan, Quality, RejectReason, RequestKey, Who, hash64,
};
use crate::sources::Line;

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    /// The session, by the path.
    pub(super) session: Option<&'a str>,
    pub(super) memory: &'a mut Memory,
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
        if record.kind.is("system") {
            let payload = record.system_payload.get().and_then(|payload| payload.ui_event.get());
            return match payload.filter(|_| record.subtype.is("ui_telemetry")) {
                Some(event) => self.telemetry(&record, event, bytes, line.offset),
                None => Ok(()),
            };
        }
        let Some(who) = who(&record) else { return Ok(()) };
        let session = self.session(&record)?.to_owned();
        let at = instant(record.timestamp.get()).ok_or(RejectReason::NoInstant)?;
        let mut page = page(self.facts, &session, &record, line.offset);
        page.act(activity(&record, bytes), at, who, 0);
        // Of subagents the session's own file has the telemetry.
        let usage = record.usage_metadata.get().filter(|_| {
            record.kind.is("assistant")
                && !record.is_sidechain.0
                && !self.memory.has_telemetry(record.version.get())
        });
        let (Some(usage), Some(uuid)) = (usage, record.uuid.get()) else { return Ok(()) };
        let gross = usage.gross();
        self.memory.counted(uuid, &gross);
        page.request(&Request {
            message: MessageKey::new(AGENT, uuid),
            key: RequestKey::with_line(AGENT, &session, uuid),
            at,
            model: record.model.get(),
            tokens: gross.thoughts_by_total(),
            quality: Quality::Exact,
        });
        Ok(())
    }

    fn telemetry(
        &mut self,
        record: &Record<'_>,
        event: &Event<'_>,
        bytes: &[u8],
        offset: u64,
    ) -> Result<(), RejectReason> {
        let who = match event.name.get() {
            Some("qwen-code.api_response") => Who::Agent,
            Some("qwen-code.tool_call") => Who::Tool,
            _ => return Ok(()),
        };
        let session = self.session(record)?.to_owned();
        let said = event.timestamp.get().or(record.timestamp.get());
        let at = instant(said).ok_or(RejectReason::NoInstant)?;
        // A tool that nobody was asked about ran for all of its time; a response took all of it.
        let proven = who == Who::Agent || event.decision.is("auto_accept");
        let proven_ms = match event.duration_ms {
            Count::Is(duration) if proven => u32::try_from(duration).unwrap_or(u32::MAX),
            _ => 0,
        };
        let mut page = page(self.facts, &session, record, offset);
        page.act(activity(record, bytes), at, who, proven_ms);
        if who == Who::Tool {
            return Ok(());
        }
        let gross = event.gross();
        let known = self.memory.telemetry(record.version.get(), &gross);
        // Local servers count to a thousand for their ids: the instant makes them one of a kind.
        let id = event.response_id.get().or(record.uuid.get()).unwrap_or_default();
        let (message, key) = match &known {
            Some(uuid) => (MessageKey::new(AGENT, uuid), RequestKey::with_line(AGENT, &session, uuid)),
            None => (
                MessageKey::new(AGENT, &format!("{id}@{}", at.millis())),
                RequestKey::with_instant(AGENT, id, at),
            ),
        };
        // With this vendor's API the log counts cache writes, which cost more, as input.
        let quality = if event.auth_type.is("anthropic") { Quality::LowerBound } else { Quality::Exact };
        let model = event.model.get();
        page.request(&Request { message, key, at, model, tokens: gross.thoughts_by_total(), quality });
        if event.auth_type.is("qwen-oauth") {
            let session = self.facts.names.intern(&session);
            self.facts.plans.push(Plan { session, at, payer: Payer::Subscription });
        }
        Ok(())
    }

    fn session<'r>(&'r self, record: &'r Record<'_>) -> Result<&'r str, RejectReason> {
        // A subagent's lines name the session that started it, too.
        record.session_id.get().or(self.session).ok_or(RejectReason::Shape)
    }
}

fn page<'a>(facts: &'a mut Facts, session: &str, record: &Record<'_>, offset: u64) -> Page<'a> {
    Page::new(facts, session, record.cwd.get(), offset).on(record.git_branch.get())
}

fn who(record: &Record<'_>) -> Option<Who> {
    match record.kind.get()? {
        "assistant" => Some(Who::Agent),
        "tool_result" => Some(Who::Tool),
        // A subagent's prompt is its parent's.
        "user" if record.is_sidechain.0 => None,
        "user" => match (record.provenance.get(), record.subtype.get()) {
            // News of background work.
            (Some("system"), _) | (None, Some("notification")) => Some(Who::Tool),
            (Some("real_user"), _) | (None, None) => Some(Who::Prompt),
            _ => Some(Who::Script),
        },
        _ => None,
    }
}

fn instant(text: Option<&str>) -> Option<Instant> {
    text.and_then(Instant::parse)
}

/// Copies keep the uuid.
fn activity(record: &Record<'_>, bytes: &[u8]) -> ActivityKey {
    let id = record.uuid.get().map_or(bytes, str::as_bytes);
    ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), id]))
}

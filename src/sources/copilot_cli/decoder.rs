//! From an event to its facts.

use super::super::json;
use super::super::loose::{Count, Loose};
use super::super::page::{Page, Request};
use super::AGENT;
use super::memory::Memory;
use super::wire::{Data, Event, Usage};
use crate::model::{
    ActivityKey, Birth, Facts, Instant, MessageKey, Payer, Plan, Quality, RejectReason, RequestKey, Tokens,
    Who, hash64,
};
use crate::sources::Line;

/// Whose list applies where the user has no key of his own.
const PROVIDER: &str = "github-copilot";

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    /// The session, by the path.
    pub(super) session: &'a str,
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
        let read = self.bytes(bytes, line.offset);
        if read == Err(RejectReason::Nul) {
            // A crash leaves NULs, and the next event is appended to them.
            let after = memchr::memrchr(0, bytes).map_or(bytes, |at| &bytes[at + 1..]);
            if !after.is_empty() {
                let _ = self.bytes(after, line.offset);
            }
        }
        read
    }

    fn bytes(&mut self, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        let mut spare = String::new();
        let event: Event<'_> = json::parse(bytes, &mut spare)?;
        let Loose::Is(data) = &event.data else { return Ok(()) };
        self.move_to(data);
        let kind = event.kind.get().unwrap_or_default();
        if kind == "tool.execution_start" {
            self.memory
                .call(data.tool_call_id.get().unwrap_or_default(), data.tool_name.get().unwrap_or_default());
        }
        if !matches!(
            kind,
            "session.start"
                | "session.usage_record"
                | "session.shutdown"
                | "user.message"
                | "assistant.message"
                | "tool.execution_complete"
        ) {
            return Ok(());
        }
        let at = event.timestamp.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)?;
        let key = ActivityKey(hash64(&[
            b"activity",
            AGENT.as_bytes(),
            event.id.get().map_or(bytes, str::as_bytes),
        ]));
        match kind {
            "session.start" => self.birth(data, at),
            "session.usage_record" => {
                let usage = data.usage.get().ok_or(RejectReason::Shape)?;
                self.record(usage, at, offset);
                let took = match usage.duration {
                    Count::Is(millis) => u32::try_from(millis).unwrap_or(u32::MAX),
                    _ => 0,
                };
                self.page(offset).act(key, at, Who::Agent, took);
            }
            "session.shutdown" => self.shutdown(data, at, offset),
            "user.message" => {
                let who = match data.source.get() {
                    _ if event.agent_id.get().is_some() => return Ok(()),
                    None | Some("user") => Who::Prompt,
                    Some(source) if source.starts_with("agent-") => return Ok(()),
                    Some(_) => Who::Script,
                };
                self.page(offset).act(key, at, who, 0);
            }
            "assistant.message" => {
                self.answer(&event, data, at, offset);
                self.page(offset).act(key, at, Who::Agent, 0);
            }
            _ => {
                let was_question = data.tool_call_id.get().is_some_and(|id| self.memory.was_question(id));
                let refused = data
                    .error
                    .get()
                    .is_some_and(|error| matches!(error.code.get(), Some("rejected" | "denied")));
                // Nothing tells how long it waited for permission.
                let who = if was_question || refused { Who::Prompt } else { Who::Tool };
                self.page(offset).act(key, at, who, 0);
            }
        }
        Ok(())
    }

    fn page(&mut self, offset: u64) -> Page<'_> {
        let Memory { dir, branch, .. } = &*self.memory;
        Page::new(self.facts, self.session, dir.as_deref(), offset).on(branch.as_deref())
    }

    fn move_to(&mut self, data: &Data<'_>) {
        let place = data.context.get();
        if let Some(dir) = place.and_then(|place| place.cwd.get()).or(data.cwd.get()) {
            let branch = place.and_then(|place| place.branch.get()).or(data.branch.get());
            self.memory.dir = Some(dir.to_owned());
            self.memory.branch = branch.map(str::to_owned);
        }
    }

    fn birth(&mut self, data: &Data<'_>, at: Instant) {
        if data.session_id.is(self.session) {
            let session = self.facts.names.intern(self.session);
            self.facts.births.push(Birth { session, at });
        }
    }

    fn record(&mut self, usage: &Usage<'_>, at: Instant, offset: u64) {
        self.memory.has_records = true;
        let own = usage.accounting.get();
        let usage_id = own.and_then(|own| own.usage_id.get()).or(usage.api_call_id.get());
        let counted = own.and_then(|own| match own.sequence {
            Count::Is(sequence) => Some(format!("{} {sequence}", own.source_session_id.get()?)),
            _ => None,
        });
        // Local servers count to a thousand for their ids: the agent's own number makes them one of a kind.
        let counted = counted.unwrap_or_else(|| at.millis().to_string());
        let id = format!("{} {counted}", usage_id.unwrap_or_default());
        let (provider, payer) = match usage.is_byok.0 {
            true => (usage.model_provider.get(), Payer::Metered),
            false => (Some(PROVIDER), Payer::Subscription),
        };
        self.page(offset).by(provider).request(&Request {
            message: MessageKey::new(AGENT, &id),
            key: RequestKey::with_instant(AGENT, &id, at),
            at,
            model: usage.model.get(),
            tokens: usage.counts.tokens(),
            quality: Quality::Exact,
        });
        let session = self.facts.names.intern(self.session);
        self.facts.plans.push(Plan { session, at, payer });
    }

    /// Before records an answer told its output, and nothing its input.
    fn answer(&mut self, event: &Event<'_>, data: &Data<'_>, at: Instant, offset: u64) {
        let Count::Is(output) = data.output_tokens else { return };
        let Some(id) = data.message_id.get().or(event.id.get()).filter(|_| !self.memory.has_records) else {
            return;
        };
        let model = data.model.get();
        self.memory.answered(model.unwrap_or_default(), output);
        self.page(offset).request(&Request {
            message: MessageKey::new(AGENT, id),
            key: RequestKey::with_instant(AGENT, id, at),
            at,
            model,
            tokens: Ok(Tokens { output, ..Tokens::default() }),
            quality: Quality::LowerBound,
        });
    }

    fn shutdown(&mut self, data: &Data<'_>, at: Instant, offset: u64) {
        let Loose::Is(metrics) = &data.model_metrics else { return };
        if self.memory.has_records {
            return;
        }
        for (model, metrics) in metrics {
            let Some(usage) = metrics.get().and_then(|metrics| metrics.usage.get()) else { continue };
            let tokens = usage.tokens().map(|total| self.memory.beyond(model, &total));
            let id = format!("shutdown {} {model}", self.session);
            self.page(offset).request(&Request {
                message: MessageKey::new(AGENT, &format!("{id} {}", at.millis())),
                key: RequestKey::with_instant(AGENT, &id, at),
                at,
                model: Some(model),
                tokens,
                quality: Quality::Estimated,
            });
        }
    }
}

//! From a line to its facts.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::super::{json, skim};
use super::lineage::Owner;
use super::memory::Memory;
use super::wire::{Payload, Record, Settings};
use crate::model::{Birth, Facts, Instant, RejectReason};
use crate::sources::Line;

/// Reads the lines of one file in their order.
pub(super) struct Decoder<'a> {
    /// The thread, by the file's name.
    pub(super) claimed: Option<&'a str>,
    pub(super) memory: &'a mut Memory,
    pub(super) facts: &'a mut Facts,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() || !is_worth_parsing(bytes) {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = match skim::object(bytes) {
            Some(record) => record,
            None => json::parse(bytes, &mut spare)?,
        };
        let Some(payload) = record.payload.get() else { return Ok(()) };
        let at = record.timestamp.get().and_then(Instant::parse);
        if record.kind.is("session_meta") {
            return self.meta(payload, at);
        }
        let owner = self.memory.lineage.owner(&record, payload, at);
        match (record.kind.get(), payload.kind.get()) {
            (Some("turn_context"), _) => self.context(payload, owner),
            (Some("token_usage_record"), _) => return self.record(payload, at, line.offset),
            (Some("event_msg"), Some("token_count")) => return self.count(payload, at, owner, line.offset),
            _ if owner != Owner::Own => {}
            (Some("event_msg"), Some("thread_settings_applied")) => {
                if let Some(settings) = payload.thread_settings.get() {
                    self.settings(settings);
                }
            }
            (Some("event_msg"), Some("task_started")) => {
                let trigger = payload.turn_attribution.get().and_then(|turn| turn.turn_trigger.get());
                self.memory.begin_turn(trigger.map(|trigger| trigger != "user"));
            }
            (Some("event_msg"), Some("task_complete")) => return self.turn(payload, at),
            (Some("event_msg"), Some(kind)) => return self.event(kind, payload, at, line.offset),
            (Some("response_item"), Some(kind)) => return self.item(kind, payload, at, line.offset),
            // Before 0.2 some lines were items without a type.
            (Some("response_item"), None) => return self.item("message", payload, at, line.offset),
            _ => {}
        }
        Ok(())
    }

    fn meta(&mut self, payload: &Payload<'_>, at: Option<Instant>) -> Result<(), RejectReason> {
        let at = at.ok_or(RejectReason::NoInstant)?;
        let is_first = !self.memory.has_spoken && !self.memory.has_records;
        if self.memory.lineage.thread().is_some() {
            self.memory.lineage.copied(payload, is_first);
            return Ok(());
        }
        let named = payload.id.get().or(payload.session_id.get()).or(self.claimed);
        let thread = named.ok_or(RejectReason::Shape)?;
        self.memory.lineage.begin(payload, thread, at);
        let source = payload.source.map_or("", |source| source.get());
        let made_by = payload.thread_source.get();
        self.memory.is_subagent = source.contains("\"subagent\"") || made_by == Some("subagent");
        // What the program starts by itself has a source of its own.
        self.memory.is_exec =
            matches!(source, "\"exec\"" | "\"mcp\"") || made_by.is_some_and(|source| source != "user");
        // Before 0.140 no line names the thread that a subagent's session belongs to: `source` has the parent alone.
        let root = payload.session_id.get().filter(|root| *root != thread);
        let root = root.or(payload.parent_thread_id.get().filter(|_| self.memory.is_subagent));
        let session = root.unwrap_or(thread);
        self.memory.session = Some(session.to_owned());
        self.memory.dir = owned(payload.cwd.get());
        self.memory.branch = owned(payload.git.get().and_then(|git| git.branch.get()));
        self.memory.provider = owned(payload.model_provider.get());
        if session == thread {
            let session = self.facts.names.intern(session);
            self.facts.births.push(Birth { session, at });
        }
        Ok(())
    }

    fn context(&mut self, payload: &Payload<'_>, owner: Owner) {
        if owner == Owner::Copy {
            return;
        }
        let memory = &mut *self.memory;
        memory.model = owned(payload.model.get()).or(memory.model.take());
        memory.dir = owned(payload.cwd.get()).or(memory.dir.take());
        if let Some(policy) = payload.approval_policy.get() {
            memory.set_policy(policy);
        }
    }

    fn settings(&mut self, settings: &Settings<'_>) {
        let memory = &mut *self.memory;
        memory.model = owned(settings.model.get()).or(memory.model.take());
        memory.dir = owned(settings.cwd.get()).or(memory.dir.take());
        memory.provider = owned(settings.model_provider_id.get()).or(memory.provider.take());
        memory.set_tier(settings.service_tier.get());
        if let Some(policy) = settings.approval_policy.get() {
            memory.set_policy(policy);
        }
    }

    pub(super) fn thread(&self) -> Result<String, RejectReason> {
        let thread = self.memory.lineage.thread().or(self.claimed);
        thread.map(str::to_owned).ok_or(RejectReason::Shape)
    }

    pub(super) fn session(&self) -> Result<String, RejectReason> {
        self.memory.session.clone().map_or_else(|| self.thread(), Ok)
    }
}

static IDLE: LazyLock<[Finder<'_>; 3]> = LazyLock::new(|| {
    [&br#""type":"compacted""#[..], br#""type":"world_state""#, br#""type":"retained_context""#]
        .map(Finder::new)
});

/// Whether a line can hold a fact. Some of the longest hold none: summaries of compactions, states of the world.
fn is_worth_parsing(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(120)];
    !IDLE.iter().any(|kind| kind.find(head).is_some())
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

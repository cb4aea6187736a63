//! From a line to its facts.

use super::super::loose::Count;
use super::super::page::{Page, Request};
use super::super::{json, stamp};
use super::AGENT;
use super::memory::Memory;
use super::wire::{Event, Record};
use crate::model::{
    ActivityKey, Facts, Instant, MessageKey, Quality, RejectReason, RequestKey, Turn, Who, hash64,
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
        // The line has its instant, and most lines an id: it is one of a kind.
        let key = || ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), bytes]));
        match record.kind.get() {
            Some("profile.bind" | "config.update") => {
                let place = record.environment_disclosure.get();
                let dir = place.and_then(|place| place.cwd.get()).or(record.cwd.get());
                self.memory.dir = dir.map(str::to_owned).or(self.memory.dir.take());
            }
            Some("permission.set_mode") => self.memory.set_mode(record.mode.get().unwrap_or_default()),
            Some("llm.request") => {
                if let (Some(alias), Some(model)) = (record.model_alias.get(), record.model.get()) {
                    self.memory.ask(alias, model);
                }
            }
            Some("usage.record") => return self.usage(&record, line.offset),
            Some("turn.prompt") => return self.prompt(&record, key(), line.offset),
            Some("turn.ended") => return self.turn(&record, key()),
            Some("context.append_loop_event") => {
                if let Some(event) = record.event.get() {
                    return self.step(event, instant(&record), key(), line.offset);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn usage(&mut self, record: &Record<'_>, offset: u64) -> Result<(), RejectReason> {
        // A session's sum repeats what its turns were.
        let Some(usage) = record.usage.get().filter(|_| !record.usage_scope.is("session")) else {
            return Ok(());
        };
        let (session, at) = (self.session()?, instant(record).ok_or(RejectReason::NoInstant)?);
        let tokens = usage.tokens();
        let counts = tokens.map(|tokens| tokens.classes()).unwrap_or_default();
        let agent = record.agent_id.get().unwrap_or("main");
        let id = format!("{agent}:{}:{counts:?}", at.millis());
        let request = Request {
            message: MessageKey::new(AGENT, &id),
            key: RequestKey::with_line(AGENT, session, &id),
            at,
            model: self.memory.model(record.model.get()),
            tokens,
            quality: Quality::Exact,
        };
        Page::new(self.facts, session, self.memory.dir.as_deref(), offset).request(&request);
        Ok(())
    }

    fn prompt(&mut self, record: &Record<'_>, key: ActivityKey, offset: u64) -> Result<(), RejectReason> {
        self.memory.begin_turn();
        // A subagent's prompt is its parent's.
        if record.agent_id.get().is_some_and(|agent| agent != "main") {
            return Ok(());
        }
        let is_person = record.origin.get().is_none_or(|origin| origin.kind.is("user"));
        let who = if is_person { Who::Prompt } else { Who::Script };
        self.act(instant(record), key, who, 0, offset)
    }

    fn step(
        &mut self,
        event: &Event<'_>,
        at: Option<Instant>,
        key: ActivityKey,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let call = event.tool_call_id.get().unwrap_or_default();
        match event.kind.get() {
            Some("content.part") => self.act(at, key, Who::Agent, 0, offset),
            // A step without counts is an attempt that failed.
            Some("step.end") if event.usage.get().is_some() => self.act(at, key, Who::Agent, 0, offset),
            Some("tool.call") => {
                self.memory.open(call, event.name.get().unwrap_or_default());
                self.act(at, key, Who::Agent, 0, offset)
            }
            Some("tool.result") if self.memory.is_answer(call) => self.act(at, key, Who::Prompt, 0, offset),
            Some("tool.result") => {
                let duration = event.result.get().map_or(Count::Absent, |result| result.duration_ms);
                let proven = match duration {
                    Count::Is(duration) if self.memory.is_free() => millis(duration),
                    _ => 0,
                };
                self.act(at, key, Who::Tool, proven, offset)
            }
            _ => Ok(()),
        }
    }

    fn turn(&mut self, record: &Record<'_>, key: ActivityKey) -> Result<(), RejectReason> {
        let Count::Is(duration) = record.duration_ms else { return Ok(()) };
        if self.memory.turn_is_free() {
            let at = instant(record).ok_or(RejectReason::NoInstant)?;
            let session = self.session()?;
            let session = self.facts.names.intern(session);
            self.facts.turns.push(Turn { session, key, at, duration_ms: millis(duration) });
        }
        Ok(())
    }

    fn act(
        &mut self,
        at: Option<Instant>,
        key: ActivityKey,
        who: Who,
        proven_ms: u32,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let (session, at) = (self.session()?, at.ok_or(RejectReason::NoInstant)?);
        let dir = self.memory.dir.as_deref();
        Page::new(self.facts, session, dir, offset).act(key, at, who, proven_ms);
        Ok(())
    }
}

impl<'a> Decoder<'a> {
    fn session(&self) -> Result<&'a str, RejectReason> {
        self.session.ok_or(RejectReason::Shape)
    }
}

fn instant(record: &Record<'_>) -> Option<Instant> {
    stamp::millis(record.time)
}

fn millis(duration: u64) -> u32 {
    u32::try_from(duration).unwrap_or(u32::MAX)
}

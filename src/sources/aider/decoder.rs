//! From a line to its facts.

use super::super::page::{Page, Request};
use super::super::usage::{Bad, number};
use super::super::{cost, json, stamp};
use super::AGENT;
use super::memory::Memory;
use super::wire::{Properties, Record};
use crate::model::{
    ActivityKey, Facts, Meaning, MessageKey, Quality, RejectReason, Reported, RequestKey, Tokens, Who, hash64,
};
use crate::sources::Line;

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
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
        let Some(event) = record.event.get() else { return Ok(()) };
        let at = stamp::seconds(record.time).ok_or(RejectReason::NoInstant)?;
        let user = record.user_id.get().unwrap_or_default();
        let id = self.memory.id(bytes, at.millis());
        let session = self.memory.session(event == "launched", user, at.millis() / 1000);
        let (who, answer) = match event {
            // What a linter or a test makes Aider ask by itself looks the same: that gap is not counted as work either.
            "message_send_starting" => (Who::Prompt, None),
            "message_send" => (Who::Agent, record.properties.get()),
            _ => return Ok(()),
        };
        let listed = |usd| Reported { usd, meaning: Meaning::Listed };
        let reported = answer.and_then(|answer| cost::usd(answer.cost)).map(listed);
        let mut page = Page::new(self.facts, session, None, line.offset).costing(reported);
        if let Some(answer) = answer {
            page.request(&Request {
                message: MessageKey::new(AGENT, &id),
                key: RequestKey::with_line(AGENT, user, &id),
                at,
                model: answer.main_model.get(),
                tokens: answer.tokens(),
                quality: Quality::Estimated,
            });
        }
        page.act(ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), id.as_bytes()])), at, who, 0);
        Ok(())
    }
}

impl Properties<'_> {
    fn tokens(&self) -> Result<Tokens, Bad> {
        let (input, output) = (number(self.prompt_tokens)?, number(self.completion_tokens)?);
        Ok(Tokens { input, output, ..Tokens::default() })
    }
}

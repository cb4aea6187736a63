//! From an entry to its facts.

use serde::{Deserialize, Serialize};

use super::super::loose::Count;
use super::super::page::{Page, Request};
use super::super::{cost, json};
use super::place::Kind;
use super::wire::{Entry, Message, Usage};
use crate::model::{
    ActivityKey, Birth, Facts, Instant, Meaning, MessageKey, Payer, Plan, Quality, RejectReason, Reported,
    RequestKey, Who, hash64,
};
use crate::sources::Line;

/// Providers that are reached by a subscription's login alone.
const PLANS: [&str; 4] = ["openai-codex", "github-copilot", "google-gemini-cli", "google-antigravity"];
/// Providers that are reached by a login or a key, and nothing tells which.
const EITHER: [&str; 1] = ["anthropic"];

/// What of a file's past decides how a later line is read; stored with the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// Where the session works.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    /// The provider and the model in use.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    model: Option<(String, String)>,
}

/// Reads one file in its order, or a row.
pub(super) struct Decoder<'a> {
    pub(super) agent: &'static str,
    pub(super) kind: Kind,
    pub(super) session: &'a str,
    pub(super) memory: &'a mut Memory,
    pub(super) facts: &'a mut Facts,
}

/// An answer, whatever the entry that holds its counts.
struct Answer<'a> {
    at: Instant,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    id: Option<&'a str>,
    quality: Quality,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        self.entry(bytes, line.offset)
    }

    /// Adds what an entry holds.
    pub(super) fn entry(&mut self, bytes: &[u8], offset: u64) -> Result<(), RejectReason> {
        let mut spare = String::new();
        let entry: Entry<'_> = json::parse(bytes, &mut spare)?;
        let said = || entry.timestamp.get().and_then(Instant::parse);
        match entry.kind.get() {
            Some("session") => {
                self.memory.dir = entry.cwd.get().map(str::to_owned);
                // Each file has a header of its own, copies of the entries or not.
                if let Some(at) = said() {
                    let session = self.facts.names.intern(self.session);
                    self.facts.births.push(Birth { session, at });
                }
            }
            Some("model_change") => {
                let [provider, model] =
                    [&entry.provider, &entry.model_id].map(|text| text.get().unwrap_or_default());
                self.memory.model = Some((provider.to_owned(), model.to_owned()));
            }
            Some("message") => {
                let message = entry.message.get().ok_or(RejectReason::Shape)?;
                return self.message(message, said().or_else(|| message.at()), offset);
            }
            Some("compaction" | "branch_summary") => {
                let Some(usage) = entry.usage.get() else { return Ok(()) };
                let at = said().ok_or(RejectReason::NoInstant)?;
                let (provider, model) = self.memory.model.clone().unzip();
                let answer = Answer {
                    at,
                    provider: provider.as_deref().filter(|text| !text.is_empty()),
                    model: model.as_deref().filter(|text| !text.is_empty()),
                    id: entry.kind.get(),
                    quality: Quality::Exact,
                };
                self.answer(usage, &answer, offset);
            }
            _ => {}
        }
        Ok(())
    }

    fn message(
        &mut self,
        message: &Message<'_>,
        at: Option<Instant>,
        offset: u64,
    ) -> Result<(), RejectReason> {
        let role = message.role.get().unwrap_or_default();
        if !matches!(role, "user" | "assistant" | "toolResult" | "bashExecution") {
            return Ok(());
        }
        let at = at.ok_or(RejectReason::NoInstant)?;
        let asked = message.at().unwrap_or(at);
        let (who, at, proven_ms, id) = match role {
            "assistant" => {
                let took = u32::try_from(at.since(asked).as_millis()).unwrap_or(u32::MAX);
                (Who::Agent, at, took, message.response_id.get())
            }
            "toolResult" => {
                let took = match message.details.get().map(|details| details.duration_ms) {
                    Some(Count::Is(millis)) => u32::try_from(millis).unwrap_or(u32::MAX),
                    _ => 0,
                };
                (Who::Tool, at, took, message.tool_call_id.get())
            }
            // Mostly heartbeats, schedules and chats: nobody waits at a keyboard.
            _ if self.kind == Kind::OpenClaw => (Who::Script, asked, 0, None),
            _ => (Who::Prompt, asked, 0, None),
        };
        let key = hash64(&[
            b"activity",
            self.agent.as_bytes(),
            role.as_bytes(),
            id.unwrap_or_default().as_bytes(),
            &at.millis().to_be_bytes(),
        ]);
        self.page(offset).act(ActivityKey(key), at, who, proven_ms);
        let Some(usage) = message.usage.get() else { return Ok(()) };
        let own = role == "assistant";
        let quality = match message.stop_reason.get() {
            // Prime Agent corrects later what it puts here for the work of others.
            _ if !own && self.kind == Kind::Prime => Quality::Estimated,
            Some("aborted" | "error") => Quality::LowerBound,
            _ => Quality::Exact,
        };
        let model = message.response_model.get().or(message.model.get());
        if own && let (Some(provider), Some(model)) = (message.provider.get(), model) {
            self.memory.model = Some((provider.to_owned(), model.to_owned()));
        }
        let id = if own { message.response_id.get() } else { message.tool_call_id.get() };
        let answer = Answer { at: asked, provider: message.provider.get(), model, id, quality };
        self.answer(usage, &answer, offset);
        Ok(())
    }

    fn answer(&mut self, usage: &Usage<'_>, answer: &Answer<'_>, offset: u64) {
        let tokens = usage.tokens();
        let counts = tokens.map_or_else(|_| "bad".to_owned(), |tokens| format!("{:?}", tokens.classes()));
        let Answer { at, provider, model, id, quality } = *answer;
        let name =
            format!("{} {} {} {counts}", at.millis(), model.unwrap_or_default(), id.unwrap_or_default());
        let total = usage.cost.get().and_then(|cost| cost::usd(cost.total)).filter(|usd| usd.0 > 0);
        // The list's price, even where a subscription paid.
        let reported = total.map(|usd| Reported { usd, meaning: Meaning::Listed });
        let agent = self.agent;
        self.page(offset).by(provider).costing(reported).request(&Request {
            message: MessageKey::new(agent, &name),
            key: RequestKey::with_instant(agent, &name, at),
            at,
            model,
            tokens,
            quality,
        });
        let (Some(provider), true) = (provider, tokens.is_ok_and(|tokens| !tokens.is_zero())) else { return };
        if !EITHER.contains(&provider) {
            let payer = if PLANS.contains(&provider) { Payer::Subscription } else { Payer::Metered };
            let session = self.facts.names.intern(self.session);
            self.facts.plans.push(Plan { session, at, payer });
        }
    }

    fn page(&mut self, offset: u64) -> Page<'_> {
        Page::new(self.facts, self.session, self.memory.dir.as_deref(), offset)
    }
}

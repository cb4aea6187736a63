//! What of a file's past decides how a later line is read; stored with the cursor.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::counter::Counter;
use super::lineage::Lineage;
use crate::model::{Instant, Payer, Tier, hash64};

/// Open calls beyond this are forgotten, oldest first: their turn was cut.
const OPEN_CALLS: usize = 256;

/// A tool that asks a person.
const QUESTION: &str = "request_user_input";

/// A call without a result yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Call {
    #[serde(rename = "i")]
    id: u64,
    #[serde(rename = "t")]
    at: i64,
    /// Whether nothing could ask when it was made.
    #[serde(rename = "f")]
    is_free: bool,
    /// Whether its result is a person's answer.
    #[serde(rename = "q")]
    pub(super) is_question: bool,
}

impl Call {
    /// Milliseconds of work that the call proves by being open until `end`.
    pub(super) fn proven_ms(&self, end: Instant) -> u32 {
        let open = end.since(Instant::from_millis(self.at)).as_millis();
        if self.is_free { u32::try_from(open).unwrap_or(u32::MAX) } else { 0 }
    }
}

/// The state of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// Whose lines these are; set by the first `session_meta`.
    #[serde(rename = "l")]
    pub(super) lineage: Lineage,
    /// The session that the thread belongs to.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<String>,
    #[serde(rename = "c")]
    pub(super) counter: Counter,
    /// A record was seen: from there on they are the ledger, and the running total only repeats them.
    #[serde(rename = "r")]
    pub(super) has_records: bool,
    /// The model said something in this file.
    #[serde(rename = "k")]
    pub(super) has_spoken: bool,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<String>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<String>,
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
    #[serde(rename = "a")]
    pub(super) is_subagent: bool,
    /// Started by a program, by the file's first line.
    #[serde(rename = "x")]
    pub(super) is_exec: bool,
    /// The same of the turn, where the log says so.
    #[serde(rename = "y", skip_serializing_if = "Option::is_none")]
    pub(super) turn_is_exec: Option<bool>,
    #[serde(rename = "f")]
    is_free: bool,
    #[serde(rename = "t")]
    turn_is_free: bool,
    #[serde(rename = "o")]
    calls: VecDeque<Call>,
    /// The newest evidence: a subscription, or not.
    #[serde(rename = "w", skip_serializing_if = "Option::is_none")]
    is_subscribed: Option<bool>,
}

impl Memory {
    /// Whether a program and not a person speaks.
    pub(super) fn is_program(&self) -> bool {
        self.turn_is_exec.unwrap_or(self.is_exec)
    }

    /// The approval policy from here on. One never asks.
    pub(super) fn set_policy(&mut self, policy: &str) {
        self.is_free = policy == "never";
        self.turn_is_free &= self.is_free;
    }

    /// A turn begins; its policy comes with its context.
    pub(super) fn begin_turn(&mut self, is_exec: Option<bool>) {
        self.turn_is_exec = is_exec;
        self.turn_is_free = true;
    }

    /// Whether nothing in this turn can have waited for a person.
    pub(super) fn turn_is_free(&self) -> bool {
        self.turn_is_free && self.is_free
    }

    /// The tier that all requests have from here on.
    pub(super) fn set_tier(&mut self, tier: Option<&str>) {
        self.tier = tier.map(str::to_owned);
    }

    /// The tier in force. Before 0.152 no log names one, and a setting of today says nothing on the past.
    pub(super) fn tier(&self) -> Tier {
        match self.tier.as_deref() {
            None | Some("default" | "standard" | "auto") => Tier::Standard,
            // Renamed by the vendor in July 2026; the same rates.
            Some("priority" | "fast") => Tier::Priority,
            Some("flex") => Tier::Flex,
            Some("batch") => Tier::Batch,
            Some(_) => Tier::Other,
        }
    }

    /// Takes evidence of who pays; says whether it is news.
    pub(super) fn pay(&mut self, payer: Payer) -> bool {
        let is_subscribed = Some(payer == Payer::Subscription);
        std::mem::replace(&mut self.is_subscribed, is_subscribed) != is_subscribed
    }

    /// Remembers a call.
    pub(super) fn open(&mut self, id: &str, tool: &str, at: Instant) {
        if self.calls.len() >= OPEN_CALLS {
            self.calls.pop_front();
        }
        let is_question = tool == QUESTION;
        let is_free = self.is_free && !is_question;
        self.calls.push_back(Call { id: call_hash(id), at: at.millis(), is_free, is_question });
    }

    /// The call that a result closes.
    pub(super) fn close(&mut self, id: &str) -> Option<Call> {
        let id = call_hash(id);
        let index = self.calls.iter().rposition(|call| call.id == id)?;
        let call = self.calls.remove(index)?;
        self.turn_is_free &= !call.is_question;
        Some(call)
    }
}

fn call_hash(id: &str) -> u64 {
    hash64(&[b"call", id.as_bytes()])
}

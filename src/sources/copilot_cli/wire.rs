//! What of an event is read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::loose::{Count, Flag, Loose, Text};
use super::super::usage::{Bad, number};
use crate::model::Tokens;

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// Of a subagent's event.
    #[serde(borrow)]
    pub(super) agent_id: Text<'a>,
    #[serde(borrow)]
    pub(super) data: Loose<Data<'a>>,
}

/// What an event says; each kind has some of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Data<'a> {
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    /// `session.start`, `session.resume`.
    #[serde(borrow)]
    pub(super) context: Loose<Place<'a>>,
    /// `session.context_changed`.
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
    /// `user.message`: who wrote it, if not a person.
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    /// `assistant.message` of 1.0.78.
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    pub(super) output_tokens: Count,
    /// `tool.execution_start` and `…_complete`.
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_name: Text<'a>,
    #[serde(borrow)]
    pub(super) error: Loose<Failure<'a>>,
    /// `session.usage_record`.
    #[serde(borrow)]
    pub(super) usage: Loose<Usage<'a>>,
    /// `session.shutdown`.
    pub(super) model_metrics: Loose<BTreeMap<String, Loose<Metrics>>>,
}

/// Where the session works.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
}

/// Why a tool's call came to nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Failure<'a> {
    #[serde(borrow)]
    pub(super) code: Text<'a>,
}

/// One request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage<'a> {
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) api_call_id: Text<'a>,
    /// Served for the user's own key.
    pub(super) is_byok: Flag,
    #[serde(borrow)]
    pub(super) model_provider: Text<'a>,
    pub(super) duration: Count,
    #[serde(borrow)]
    pub(super) accounting: Loose<Accounting<'a>>,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

/// The agent's own key of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Accounting<'a> {
    #[serde(borrow)]
    pub(super) source_session_id: Text<'a>,
    pub(super) sequence: Count,
    #[serde(borrow)]
    pub(super) usage_id: Text<'a>,
}

/// What one model used.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metrics {
    pub(super) usage: Loose<Counts>,
}

/// Counts in which the input includes what was read from the cache and written to it, and the output its reasoning.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Counts {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_tokens: Count,
    cache_write_tokens: Count,
    reasoning_tokens: Count,
}

impl Counts {
    /// In disjoint classes.
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let (read, write) = (number(self.cache_read_tokens)?, number(self.cache_write_tokens)?);
        let output = number(self.output_tokens)?;
        Ok(Tokens {
            input: number(self.input_tokens)?.checked_sub(read + write).ok_or(Bad)?,
            cache_read: read,
            cache_write_5m: write,
            cache_write_1h: 0,
            output,
            reasoning: number(self.reasoning_tokens)?.min(output),
        })
    }
}

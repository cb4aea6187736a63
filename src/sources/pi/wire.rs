//! What of an entry is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::stamp;
use super::super::usage::{Bad, number};
use crate::model::{Instant, Tokens};

/// A line, or a row.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// `session`: where it works.
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    /// `model_change`.
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) message: Loose<Message<'a>>,
    /// `compaction`, `branch_summary`: of the answer that made it.
    #[serde(borrow)]
    pub(super) usage: Loose<Usage<'a>>,
}

/// What was said or done.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    /// Milliseconds. Of an answer when it was asked for, of a prompt when it was given.
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// The one that answered, where a router was asked.
    #[serde(borrow)]
    pub(super) response_model: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    #[serde(borrow)]
    pub(super) stop_reason: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) usage: Loose<Usage<'a>>,
    pub(super) details: Loose<Details>,
}

/// What a tool says of its call.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Details {
    pub(super) duration_ms: Count,
}

/// Counts, disjoint; reasoning is in the output.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage<'a> {
    input: Count,
    output: Count,
    cache_read: Count,
    cache_write: Count,
    /// Of it, for an hour.
    cache_write1h: Count,
    /// Pi's name for it.
    reasoning: Count,
    /// OpenClaw's.
    reasoning_tokens: Count,
    #[serde(borrow)]
    pub(super) cost: Loose<Cost<'a>>,
}

/// The program's own sum.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cost<'a> {
    #[serde(borrow)]
    pub(super) total: Option<&'a RawValue>,
}

impl Message<'_> {
    pub(super) fn at(&self) -> Option<Instant> {
        stamp::millis(self.timestamp)
    }
}

impl Usage<'_> {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let output = number(self.output)?;
        let hour = number(self.cache_write1h)?;
        let reasoning = match (self.reasoning, self.reasoning_tokens) {
            (Count::Is(count), _) | (_, Count::Is(count)) => count.min(output),
            _ => 0,
        };
        Ok(Tokens {
            input: number(self.input)?,
            cache_read: number(self.cache_read)?,
            cache_write_5m: number(self.cache_write)?.checked_sub(hour).ok_or(Bad)?,
            cache_write_1h: hour,
            output,
            reasoning,
        })
    }
}

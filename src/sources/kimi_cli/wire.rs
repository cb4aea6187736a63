//! What of a line is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::usage::{Bad, number};
use crate::model::Tokens;

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    /// Seconds.
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Loose<Message<'a>>,
}

/// What happened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) payload: Loose<Payload<'a>>,
}

/// Of all kinds together.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    pub(super) token_usage: Loose<Usage>,
    /// The provider's id of the response.
    #[serde(borrow)]
    pub(super) message_id: Text<'a>,
    /// The subagent that an event of the parent's wire is of; it has a wire of its own.
    #[serde(borrow)]
    pub(super) agent_id: Text<'a>,
    #[serde(borrow)]
    pub(super) event: Option<&'a RawValue>,
}

/// Counts of one response, in disjoint classes.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    input_other: Count,
    input_cache_read: Count,
    input_cache_creation: Count,
    output: Count,
}

impl Usage {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        Ok(Tokens {
            input: number(self.input_other)?,
            cache_read: number(self.input_cache_read)?,
            cache_write_5m: number(self.input_cache_creation)?,
            output: number(self.output)?,
            ..Tokens::default()
        })
    }
}

//! What of a line is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::usage::{Bad, number};
use crate::model::Tokens;

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// `main`, or a subagent.
    #[serde(borrow)]
    pub(super) agent_id: Text<'a>,
    /// Milliseconds.
    #[serde(borrow)]
    pub(super) time: Option<&'a RawValue>,
    /// Who speaks in a `turn.prompt`.
    #[serde(borrow)]
    pub(super) origin: Loose<Kind<'a>>,
    /// Of `permission.set_mode`.
    #[serde(borrow)]
    pub(super) mode: Text<'a>,
    /// The alias in `usage.record`, the model in `llm.request`.
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) model_alias: Text<'a>,
    pub(super) usage: Loose<Usage>,
    #[serde(borrow)]
    pub(super) usage_scope: Text<'a>,
    /// Of `turn.ended`.
    pub(super) duration_ms: Count,
    /// Of `config.update`.
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    /// Of `profile.bind`.
    #[serde(borrow)]
    pub(super) environment_disclosure: Loose<Place<'a>>,
    #[serde(borrow)]
    pub(super) event: Loose<Event<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kind<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
}

/// A step of the agent's loop.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// The tool of a call.
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) tool_call_id: Text<'a>,
    pub(super) result: Loose<Outcome>,
    pub(super) usage: Loose<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Outcome {
    pub(super) duration_ms: Count,
}

/// Counts of one response, in disjoint classes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
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

//! What of a line is read.

use serde::Deserialize;

use super::super::loose::{Count, Flag, Loose, Text};
use super::super::usage::Gross;

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) uuid: Text<'a>,
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// `user`, `assistant`, `tool_result` or `system`.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) subtype: Text<'a>,
    /// `real_user`, `assistant_output`, `tool_result` or `system`; 0.18.1 has none.
    #[serde(borrow)]
    pub(super) provenance: Text<'a>,
    /// In the file of a subagent.
    pub(super) is_sidechain: Flag,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) git_branch: Text<'a>,
    #[serde(borrow)]
    pub(super) version: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) usage_metadata: Loose<Usage>,
    #[serde(borrow)]
    pub(super) system_payload: Loose<Payload<'a>>,
}

/// Counts on an assistant's line.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage {
    prompt_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    cached_content_token_count: Count,
    total_token_count: Count,
}

/// What a system line carries.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) ui_event: Loose<Event<'a>>,
}

/// The agent's own telemetry.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "event.name")]
    pub(super) name: Text<'a>,
    #[serde(borrow, rename = "event.timestamp")]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    /// What kind of API was asked, and how one is known there.
    #[serde(borrow)]
    pub(super) auth_type: Text<'a>,
    /// How a tool came to run.
    #[serde(borrow)]
    pub(super) decision: Text<'a>,
    pub(super) duration_ms: Count,
    input_token_count: Count,
    output_token_count: Count,
    cached_content_token_count: Count,
    thoughts_token_count: Count,
    total_token_count: Count,
}

impl Usage {
    pub(super) fn gross(&self) -> Gross {
        Gross {
            prompt: self.prompt_token_count,
            cached: self.cached_content_token_count,
            output: self.candidates_token_count,
            thoughts: self.thoughts_token_count,
            total: self.total_token_count,
        }
    }
}

impl Event<'_> {
    pub(super) fn gross(&self) -> Gross {
        Gross {
            prompt: self.input_token_count,
            cached: self.cached_content_token_count,
            output: self.output_token_count,
            thoughts: self.thoughts_token_count,
            total: self.total_token_count,
        }
    }
}

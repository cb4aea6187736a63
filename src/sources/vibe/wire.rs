//! What of a line, and of the files beside it, is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Text};
use super::super::usage::{Bad, Gross};
use crate::model::Tokens;

/// A line of the journal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) payload: Loose<Payload<'a>>,
}

/// Of all kinds together.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    /// Of `core_input`, which takes a result in and repeats it, with the time.
    #[serde(borrow)]
    pub(super) input: Loose<Input<'a>>,
    /// Of `projection_delta`: what a viewer is to show.
    #[serde(borrow)]
    pub(super) delta: List<Delta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Input<'a> {
    #[serde(borrow)]
    pub(super) command: Loose<Command<'a>>,
    #[serde(borrow)]
    pub(super) determinism: Loose<Determinism<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Determinism<'a> {
    #[serde(borrow)]
    pub(super) time_unix_ms: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Command<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) action_id: Text<'a>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Completion {
    usage: Loose<Usage>,
}

/// Counts of one answer; reasoning is in the output.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Count,
    cached_input_tokens: Count,
    output_tokens: Count,
}

impl Command<'_> {
    /// The counts of an answer; a tool's result has none.
    pub(super) fn tokens(&self) -> Option<Result<Tokens, Bad>> {
        let result: Completion = serde_json::from_str(self.result?.get()).ok()?;
        let usage = result.usage.get()?;
        let gross = Gross {
            prompt: usage.input_tokens,
            cached: usage.cached_input_tokens,
            output: usage.output_tokens,
            ..Gross::default()
        };
        Some(gross.thoughts_beside())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) op: Text<'a>,
    #[serde(borrow)]
    pub(super) entry: Loose<Entry<'a>>,
    #[serde(borrow)]
    pub(super) state: Loose<Envelope<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// `message`, `reasoning`, `effect`.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow, rename = "createdAt")]
    pub(super) created_at: Option<&'a RawValue>,
    #[serde(borrow, rename = "updatedAt")]
    pub(super) updated_at: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) state: Loose<EffectState<'a>>,
}

/// How a tool's call went.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EffectState<'a> {
    /// `bypass` where nobody was asked.
    #[serde(borrow, rename = "approvalSource")]
    pub(super) approval_source: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) session: Loose<Session<'a>>,
}

/// Where a session stands.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Session<'a> {
    #[serde(borrow)]
    pub(super) parent_session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) root_session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) created_at: Option<&'a RawValue>,
    /// `null` before the first answer.
    pub(super) token_usage: Loose<Total>,
}

/// A session's running total.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Total {
    input_tokens: Count,
    cached_input_tokens: Count,
    output_tokens: Count,
}

impl Total {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let Self { input_tokens: prompt, cached_input_tokens: cached, output_tokens: output } = *self;
        Gross { prompt, cached, output, ..Gross::default() }.thoughts_beside()
    }
}

/// `meta.json`, of both generations.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) end_time: Text<'a>,
    #[serde(borrow)]
    pub(super) git_branch: Text<'a>,
    #[serde(borrow)]
    pub(super) environment: Loose<Surroundings<'a>>,
    /// Since 3.0.
    #[serde(borrow)]
    pub(super) config: Loose<Config<'a>>,
    /// Before 3.0.
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) stats: Loose<Stats>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Surroundings<'a> {
    #[serde(borrow)]
    pub(super) working_directory: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Config<'a> {
    /// By the provider's name; `active_model` is the user's own.
    #[serde(borrow)]
    pub(super) model_name: Text<'a>,
    #[serde(borrow)]
    pub(super) active_model: Text<'a>,
}

/// All that a session used.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Stats {
    pub(super) session_prompt_tokens: Count,
    pub(super) session_completion_tokens: Count,
}

impl Meta<'_> {
    pub(super) fn model(&self) -> Option<&str> {
        let config = self.config.get();
        let named = config.and_then(|config| config.model_name.get().or(config.active_model.get()));
        named.or(self.model.get())
    }

    pub(super) fn dir(&self) -> Option<&str> {
        self.environment.get()?.working_directory.get()
    }
}

//! What of a task's log is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::stamp;
use super::super::usage::{Bad, number};
use super::Kind;
use crate::model::{Instant, Tokens, Who};

/// Since when Roo Code's prompt counts hold what was cached, whoever answers (3.29.5, and Kilo Code 4.119.0).
const ROO_WHOLE: &str = "2025-11-01T00:00:00Z";
const KILO_WHOLE: &str = "2025-11-12T00:00:00Z";

/// Providers of Cline's extension that pass on the whole prompt beside what of it was cached. For a cache write they take
/// what missed the cache, which is no charge (`src/core/api/providers` in its repository).
const WHOLE: [&str; 9] =
    ["openai", "litellm", "doubao", "fireworks", "hicap", "lmstudio", "qwen", "xai", "zai"];

/// An entry.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    /// What the program says, or asks the person for.
    #[serde(borrow)]
    pub(super) say: Text<'a>,
    #[serde(borrow)]
    pub(super) ask: Text<'a>,
    /// Of a request: JSON in a string.
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_info: Loose<ModelInfo<'a>>,
}

/// The model that answers; Cline 3.x writes it lately.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ModelInfo<'a> {
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) provider_id: Text<'a>,
}

/// A request.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Asked<'a> {
    /// What was sent, in Cline's form alone.
    #[serde(borrow)]
    pub(super) request: Text<'a>,
    tokens_in: Count,
    tokens_out: Count,
    cache_writes: Count,
    cache_reads: Count,
    #[serde(borrow)]
    pub(super) cost: Option<&'a RawValue>,
    /// `anthropic` or `openai`: Roo Code's, and what its counts mean.
    #[serde(borrow)]
    api_protocol: Text<'a>,
    #[serde(borrow)]
    pub(super) cancel_reason: Text<'a>,
}

impl Entry<'_> {
    pub(super) fn at(&self) -> Option<Instant> {
        stamp::millis(self.ts)
    }

    /// The text of an entry that holds JSON.
    pub(super) fn json(&self) -> Option<String> {
        self.text.and_then(|text| serde_json::from_str(text.get()).ok())
    }

    /// Who did what the entry tells. What asks for a permission is the call of a tool; how it was answered is not told.
    /// That a task was opened again is no work.
    pub(super) fn who(&self) -> Option<Who> {
        let said = match self.say.get() {
            Some("task" | "user_feedback" | "user_feedback_diff") => Some(Who::Prompt),
            Some(
                "text"
                | "reasoning"
                | "completion_result"
                | "plan_completion_result"
                | "tool"
                | "command"
                | "use_mcp_server"
                | "browser_action"
                | "browser_action_launch"
                | "use_subagents",
            ) => Some(Who::Agent),
            Some(
                "command_output"
                | "browser_action_result"
                | "mcp_server_response"
                | "api_req_started"
                | "subtask_result"
                | "codebase_search_result",
            ) => Some(Who::Tool),
            _ => None,
        };
        said.or_else(|| match self.ask.get() {
            Some(
                "followup"
                | "plan_mode_respond"
                | "act_mode_respond"
                | "completion_result"
                | "tool"
                | "command"
                | "use_mcp_server"
                | "browser_action_launch"
                | "use_subagents"
                | "new_task",
            ) => Some(Who::Agent),
            Some("command_output") => Some(Who::Tool),
            _ => None,
        })
    }
}

impl Asked<'_> {
    /// In disjoint classes. Whether the prompt's count holds what was cached differs by program, version and provider.
    pub(super) fn tokens(&self, kind: Kind, provider: Option<&str>, at: Instant) -> Result<Tokens, Bad> {
        let (prompt, read) = (number(self.tokens_in)?, number(self.cache_reads)?);
        let mut write = number(self.cache_writes)?;
        let is_whole = match kind {
            Kind::Cline => {
                let is_whole = provider.is_some_and(|provider| WHOLE.contains(&provider));
                write = if is_whole { 0 } else { write };
                is_whole
            }
            // Less than what was cached cannot be the whole.
            Kind::Roo | Kind::Kilo if prompt < read + write => false,
            Kind::Roo => self.is_whole(at, ROO_WHOLE),
            Kind::Kilo => self.is_whole(at, KILO_WHOLE),
        };
        let input = if is_whole { prompt.checked_sub(read + write).ok_or(Bad)? } else { prompt };
        Ok(Tokens {
            input,
            cache_read: read,
            cache_write_5m: write,
            output: number(self.tokens_out)?,
            ..Tokens::default()
        })
    }

    fn is_whole(&self, at: Instant, since: &str) -> bool {
        match self.api_protocol.get() {
            Some("openai") => true,
            Some("anthropic") => Instant::parse(since).is_some_and(|since| at >= since),
            _ => false,
        }
    }
}

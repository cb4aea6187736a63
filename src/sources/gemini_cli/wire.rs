//! What of a line is read.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Text};
use super::super::usage::{Bad, Gross, number};
use crate::model::Tokens;

/// A line, a message inside `$set`, or a whole document of the older kind.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    /// `main` or `subagent`.
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) directories: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// `user`, `gemini`, `info`, `error` or `warning`.
    #[serde(borrow, rename = "type")]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    pub(super) tokens: Loose<Usage>,
    #[serde(borrow)]
    pub(super) tool_calls: List<ToolCall<'a>>,
    #[serde(borrow, rename = "$set")]
    pub(super) set: Loose<Set<'a>>,
    /// Of a document.
    #[serde(borrow)]
    pub(super) messages: List<Self>,
}

/// Changes to the conversation as a whole.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Set<'a> {
    #[serde(borrow)]
    pub(super) directories: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) messages: List<Record<'a>>,
}

/// A finished call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
}

/// Counts of one response.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    input: Count,
    output: Count,
    cached: Count,
    thoughts: Count,
    tool: Count,
    total: Count,
}

impl Usage {
    /// In disjoint classes. `input` holds what was cached; `thoughts` and the results of the vendor's own tools (`tool`)
    /// stand beside it, unless the total says that they are in it.
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let &Self { input, output, cached, thoughts, tool, total } = self;
        let mut tokens = Gross { prompt: input, cached, output, thoughts, total }.thoughts_beside()?;
        let own = number(input)? + number(output)? + number(thoughts)?;
        if !matches!(total, Count::Is(total) if total == own) {
            tokens.input += number(tool)?;
        }
        Ok(tokens)
    }
}

/// Whose words a `user` record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// None.
    Empty,
    /// What the agent puts before each conversation.
    Context,
    /// Results of tools.
    Results,
    /// A prompt.
    Words,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Text<'a>,
    function_response: Option<IgnoredAny>,
    inline_data: Option<IgnoredAny>,
    file_data: Option<IgnoredAny>,
}

impl Record<'_> {
    /// Of its content, which is a text or a list of parts.
    pub(super) fn speaks(&self) -> Content {
        let Some(content) = self.content.map(RawValue::get) else { return Content::Empty };
        let of_text = |text: &str| match text.trim_start() {
            "" => Content::Empty,
            text if text.starts_with("<session_context>") => Content::Context,
            _ => Content::Words,
        };
        if let Ok(Text::Is(text)) = serde_json::from_str::<Text<'_>>(content) {
            return of_text(&text);
        }
        let parts = serde_json::from_str::<List<Part<'_>>>(content).unwrap_or_default();
        let parts: Vec<Part<'_>> = parts.0.into_iter().flatten().collect();
        if parts.iter().any(|part| part.function_response.is_some()) {
            return Content::Results;
        }
        let words = parts.iter().find_map(|part| part.text.get()).map_or(Content::Empty, of_text);
        let has_file = parts.iter().any(|part| part.inline_data.is_some() || part.file_data.is_some());
        if words == Content::Empty && has_file { Content::Words } else { words }
    }
}

/// The first of a list of directories.
pub(super) fn first(directories: Option<&RawValue>) -> Option<String> {
    let list: Vec<serde_json::Value> = serde_json::from_str(directories?.get()).ok()?;
    list.first()?.as_str().filter(|dir| !dir.is_empty()).map(str::to_owned)
}

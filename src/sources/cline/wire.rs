//! What of a session's log, and of the files beside logs, is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Text};
use super::super::usage::{Bad, number};
use crate::model::Tokens;

/// A session's log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Whole<'a> {
    /// `lead`; of another agent that it started, `subagent` or `teammate`.
    #[serde(borrow)]
    pub(super) agent: Text<'a>,
    #[serde(borrow)]
    pub(super) messages: List<Message<'a>>,
}

/// A message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    /// Milliseconds.
    #[serde(borrow)]
    pub(super) ts: Option<&'a RawValue>,
    /// A text or a list of blocks.
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_info: Loose<ModelInfo<'a>>,
    #[serde(borrow)]
    pub(super) metrics: Loose<Metrics<'a>>,
    #[serde(borrow)]
    pub(super) metadata: Loose<Metadata<'a>>,
}

/// The model that answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ModelInfo<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
}

/// What a message is, if it is not what its role says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) kind: Text<'a>,
}

/// Counts of one response: the prompt holds what was read from the cache and written to it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metrics<'a> {
    input_tokens: Count,
    output_tokens: Count,
    cache_read_tokens: Count,
    cache_write_tokens: Count,
    #[serde(borrow)]
    pub(super) cost: Option<&'a RawValue>,
}

impl Metrics<'_> {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let (read, write) = (number(self.cache_read_tokens)?, number(self.cache_write_tokens)?);
        let prompt = number(self.input_tokens)?;
        Ok(Tokens {
            input: prompt.checked_sub(read + write).ok_or(Bad)?,
            cache_read: read,
            cache_write_5m: write,
            output: number(self.output_tokens)?,
            ..Tokens::default()
        })
    }
}

/// A piece of a message's content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// Of a tool's result: the tool.
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
}

/// A session's description.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Manifest<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) started_at: Text<'a>,
    pub(super) interactive: Option<bool>,
    #[serde(borrow)]
    pub(super) metadata: Loose<About<'a>>,
}

/// More of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About<'a> {
    #[serde(borrow)]
    pub(super) git: Loose<Git<'a>>,
}

/// Where the work tree stood at the start.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Git<'a> {
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
}

/// Which models answered a task.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Models<'a> {
    #[serde(borrow)]
    pub(super) model_usage: List<Used<'a>>,
}

/// From an instant on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Used<'a> {
    #[serde(borrow)]
    pub(super) ts: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) model_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model_provider_id: Text<'a>,
}

/// A task in the history of tasks.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// Cline's name for the directory.
    #[serde(borrow)]
    pub(super) cwd_on_task_initialization: Text<'a>,
    /// Roo Code's.
    #[serde(borrow)]
    pub(super) workspace: Text<'a>,
    /// Of a task that another began: the first of them.
    #[serde(borrow)]
    pub(super) root_task_id: Text<'a>,
}

/// A message of a task as the model got it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Turn<'a> {
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) ts: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: Option<&'a RawValue>,
}

/// How much of a task's log was its own before a session went on with it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Copied {
    pub(super) base_ui_message_count: Count,
}

/// The blocks of a content; a text is one.
pub(super) fn blocks(content: Option<&RawValue>) -> Vec<Block<'_>> {
    let Some(content) = content.map(RawValue::get) else { return Vec::new() };
    match serde_json::from_str::<Text<'_>>(content) {
        Ok(text @ Text::Is(_)) => {
            vec![Block { kind: Text::Is("text".into()), text, ..Block::default() }]
        }
        _ => serde_json::from_str::<List<Block<'_>>>(content)
            .unwrap_or_default()
            .0
            .into_iter()
            .flatten()
            .collect(),
    }
}

//! What of a line, and of the summary, is read.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::usage::{Bad, Gross, number};
use crate::model::Tokens;

/// A line: a message of the agent's protocol with the time of its writing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    /// Seconds.
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) params: Loose<Params<'a>>,
    #[serde(borrow, rename = "_meta")]
    meta: Loose<Meta<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Params<'a> {
    #[serde(borrow)]
    pub(super) update: Loose<Update<'a>>,
    #[serde(borrow, rename = "_meta")]
    meta: Loose<Meta<'a>>,
}

/// Beside the message or in it: readers saw both.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub(super) event_id: Text<'a>,
    /// Milliseconds.
    #[serde(borrow)]
    pub(super) agent_timestamp_ms: Option<&'a RawValue>,
}

/// What happened.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Update<'a> {
    #[serde(borrow, rename = "sessionUpdate")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) prompt_id: Text<'a>,
    /// Of a tool's call.
    #[serde(borrow)]
    pub(super) status: Text<'a>,
    /// `null` where a turn was cancelled.
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// A turn's counts.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pub(super) all: Spent<'a>,
    /// The same by model.
    pub(super) models: BTreeMap<String, Loose<Spent<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ByModel<'a> {
    #[serde(borrow, rename = "modelUsage")]
    models: Loose<BTreeMap<String, Loose<Spent<'a>>>>,
}

impl<'a> Turn<'a> {
    /// Read twice: flattening would copy every number.
    fn read(usage: &'a RawValue) -> Option<Self> {
        let text = usage.get();
        let all = text.starts_with('{').then(|| serde_json::from_str(text).ok())??;
        let by: ByModel<'a> = serde_json::from_str(text).unwrap_or_default();
        let models = match by.models {
            Loose::Is(models) => models,
            Loose::Absent | Loose::Odd => BTreeMap::new(),
        };
        Some(Self { all, models })
    }
}

impl<'a> Update<'a> {
    /// What a turn's end counts; a cancelled one nothing.
    pub(super) fn turn(&self) -> Option<Turn<'a>> {
        Turn::read(self.usage?)
    }
}

/// Counts in which the prompt includes what was read from the cache and written to it.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Spent<'a> {
    input_tokens: Count,
    cached_read_tokens: Count,
    cache_creation_tokens: Count,
    output_tokens: Count,
    reasoning_tokens: Count,
    total_tokens: Count,
    /// Requests in them.
    pub(super) model_calls: Count,
    /// Ten thousand millionths of a USD.
    #[serde(borrow)]
    pub(super) cost_usd_ticks: Option<&'a RawValue>,
}

impl Spent<'_> {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let gross = Gross {
            prompt: self.input_tokens,
            cached: self.cached_read_tokens,
            output: self.output_tokens,
            thoughts: self.reasoning_tokens,
            total: self.total_tokens,
        };
        let tokens = gross.thoughts_by_total()?;
        let written = number(self.cache_creation_tokens)?;
        let input = tokens.input.checked_sub(written).ok_or(Bad)?;
        Ok(Tokens { input, cache_write_5m: written, ..tokens })
    }
}

/// `summary.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Summary<'a> {
    #[serde(borrow)]
    info: Loose<Info<'a>>,
    #[serde(borrow)]
    pub(super) head_branch: Text<'a>,
    #[serde(borrow)]
    pub(super) last_active_at: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info<'a> {
    #[serde(borrow)]
    cwd: Text<'a>,
}

impl Record<'_> {
    /// What tells about the message.
    pub(super) fn metas(&self) -> impl Iterator<Item = &Meta<'_>> {
        let inner = self.params.get().and_then(|params| params.meta.get());
        inner.into_iter().chain(self.meta.get())
    }
}

impl Summary<'_> {
    pub(super) fn dir(&self) -> Option<&str> {
        self.info.get()?.cwd.get()
    }
}

//! What of a line is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) event: Text<'a>,
    #[serde(borrow)]
    pub(super) properties: Loose<Properties<'a>>,
    /// A random id of the installation.
    #[serde(borrow)]
    pub(super) user_id: Text<'a>,
    /// Seconds.
    #[serde(borrow)]
    pub(super) time: Option<&'a RawValue>,
}

/// Of an answered message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Properties<'a> {
    /// As LiteLLM names it: `openai/gpt-5.2`, `gpt-5.2`.
    #[serde(borrow)]
    pub(super) main_model: Text<'a>,
    /// With what was read from the cache.
    pub(super) prompt_tokens: Count,
    pub(super) completion_tokens: Count,
    /// By LiteLLM's list.
    #[serde(borrow)]
    pub(super) cost: Option<&'a RawValue>,
}

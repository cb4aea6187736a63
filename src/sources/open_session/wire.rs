//! A line of the open format.

use serde::Deserialize;

use super::super::loose::{Count, Text};
use super::super::usage::{Bad, number};
use crate::model::{Quality, Tokens};

/// An event: the fields of all of them together.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Event<'a> {
    /// `start`, `activity`, `usage` or `end`; others are of later versions and not read.
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    /// Version of the format; only at a start.
    pub(super) v: Count,
    #[serde(borrow)]
    pub(super) at: Text<'a>,
    #[serde(borrow)]
    pub(super) session: Text<'a>,
    #[serde(borrow)]
    pub(super) agent: Text<'a>,
    #[serde(borrow)]
    pub(super) parent: Text<'a>,
    #[serde(borrow)]
    pub(super) dir: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
    #[serde(borrow)]
    pub(super) who: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) took_ms: Count,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) provider: Text<'a>,
    #[serde(borrow)]
    pub(super) payer: Text<'a>,
    #[serde(borrow)]
    pub(super) quality: Text<'a>,
    /// A decimal in quotes.
    #[serde(borrow)]
    pub(super) charged_usd: Text<'a>,
    input: Count,
    cache_read: Count,
    cache_write_5m: Count,
    cache_write_1h: Count,
    output: Count,
    reasoning: Count,
}

impl Event<'_> {
    /// The counts, which are disjoint but for reasoning.
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let (output, reasoning) = (number(self.output)?, number(self.reasoning)?);
        if reasoning > output {
            return Err(Bad);
        }
        Ok(Tokens {
            input: number(self.input)?,
            cache_read: number(self.cache_read)?,
            cache_write_5m: number(self.cache_write_5m)?,
            cache_write_1h: number(self.cache_write_1h)?,
            output,
            reasoning,
        })
    }

    /// What is not one of the words is an estimate: it is held until a person looks.
    pub(super) fn quality(&self) -> Quality {
        match &self.quality {
            Text::Absent => Quality::Exact,
            said if said.is("exact") => Quality::Exact,
            said if said.is("lower_bound") => Quality::LowerBound,
            _ => Quality::Estimated,
        }
    }
}

//! The session's running total.

use serde::{Deserialize, Serialize};

use super::super::loose::{Count, Loose, Text};
use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::{Bad, number};
use super::super::{Lines, NotWhole, json};
use super::{AGENT, line};
use crate::model::{Facts, Instant, Tokens, Usd};

/// What is known from earlier readings, and from the log beside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(rename = "t")]
    totals: Totals,
    #[serde(flatten)]
    session: line::Memory,
    /// The latest instant in the log, milliseconds.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    latest: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Settings<'a> {
    #[serde(borrow)]
    model: Text<'a>,
    token_usage: Loose<Usage>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Usage {
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_tokens: Count,
    cache_read_tokens: Count,
    thinking_tokens: Count,
}

impl Usage {
    /// Thinking is beside the output, and is billed as output.
    fn tokens(&self) -> Result<Tokens, Bad> {
        let reasoning = number(self.thinking_tokens)?;
        Ok(Tokens {
            input: number(self.input_tokens)?,
            cache_read: number(self.cache_read_tokens)?,
            cache_write_5m: number(self.cache_creation_tokens)?,
            cache_write_1h: 0,
            output: number(self.output_tokens)? + reasoning,
            reasoning,
        })
    }
}

impl Memory {
    /// Takes in the log beside, of which only the end may be given.
    pub(super) fn learn(&mut self, log: &[u8]) {
        for line in Lines::new(log, 0) {
            let mut spare = String::new();
            let Ok(record) = json::parse::<line::Record<'_>>(json::trimmed(line.bytes), &mut spare) else {
                continue;
            };
            self.session.learn(&record);
            let at = record.timestamp.get().and_then(Instant::parse).map(Instant::millis);
            self.latest = self.latest.max(at);
        }
    }

    /// Adds what the total has grown by.
    pub(super) fn read(
        &mut self,
        session: Option<&str>,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut spare = String::new();
        let settings: Settings<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
        facts.lines += 1;
        // Without an instant a growth is of no day: it waits in the total until the log has one.
        let (Some(session), Some(at)) = (session, self.latest) else { return Ok(()) };
        let tokens = match &settings.token_usage {
            Loose::Is(usage) => usage.tokens(),
            Loose::Absent => return Ok(()),
            Loose::Odd => Err(Bad),
        };
        let counted = Counted { agent: AGENT, session, of: "" };
        let total = tokens.map(|tokens| Total { tokens, usd: Usd(0) });
        if let Some(growth) = self.totals.read(counted, total) {
            let root = self.session.parent.as_deref().unwrap_or(session);
            let mut page = Page::new(facts, root, self.session.dir.as_deref(), 0);
            growth.put(&mut page, Instant::from_millis(at), settings.model.get());
        }
        Ok(())
    }
}

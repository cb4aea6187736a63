//! What of a message or a part is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Flag, List, Loose, Text};
use super::super::stamp;
use super::super::usage::{Bad, number};
use crate::model::{Instant, Tokens};

/// A message: of the first schema with a role, of the second with a type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow, rename = "modelID")]
    pub(super) model_id: Text<'a>,
    #[serde(borrow, rename = "providerID")]
    pub(super) provider_id: Text<'a>,
    /// Of the second schema; a user's message of the first has one too.
    #[serde(borrow)]
    pub(super) model: Loose<Model<'a>>,
    #[serde(borrow)]
    pub(super) path: Loose<Place<'a>>,
    #[serde(borrow)]
    pub(super) time: Loose<Time<'a>>,
    #[serde(borrow)]
    pub(super) cost: Option<&'a RawValue>,
    pub(super) tokens: Loose<Counts>,
    #[serde(borrow)]
    pub(super) finish: Text<'a>,
    /// Of the second schema: what are parts in the first.
    #[serde(borrow)]
    pub(super) content: List<Item<'a>>,
}

/// The model that answers.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Model<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow, rename = "modelID")]
    pub(super) model_id: Text<'a>,
    #[serde(borrow, rename = "providerID")]
    pub(super) provider_id: Text<'a>,
}

/// Where the agent works.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Place<'a> {
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
}

/// Instants, in milliseconds: of a message created and completed, of a part start and end.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Time<'a> {
    #[serde(borrow)]
    created: Option<&'a RawValue>,
    #[serde(borrow)]
    completed: Option<&'a RawValue>,
    #[serde(borrow)]
    start: Option<&'a RawValue>,
    #[serde(borrow)]
    end: Option<&'a RawValue>,
}

/// Counts, disjoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    input: Count,
    output: Count,
    reasoning: Count,
    cache: Loose<Cache>,
}

/// Cached input.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cache {
    read: Count,
    write: Count,
}

/// A piece of a message's content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) time: Loose<Time<'a>>,
}

/// A part of a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) time: Loose<Time<'a>>,
    /// A text that the program put into a person's message.
    pub(super) synthetic: Flag,
    #[serde(borrow, rename = "callID")]
    pub(super) call: Text<'a>,
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow)]
    pub(super) state: Loose<State<'a>>,
}

/// What became of a tool's call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State<'a> {
    #[serde(borrow)]
    pub(super) time: Loose<Time<'a>>,
    #[serde(borrow)]
    pub(super) approval: Loose<Approval<'a>>,
    /// A person did not permit it.
    pub(super) rejected: Flag,
}

/// How a call came to run; Kilo CLI 7.7.7 writes it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Approval<'a> {
    /// `global`: by the user's configuration.
    #[serde(borrow)]
    pub(super) source: Text<'a>,
    #[serde(borrow)]
    pub(super) rule: Loose<Rule<'a>>,
}

/// The rule that decided.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rule<'a> {
    #[serde(borrow)]
    pub(super) action: Text<'a>,
}

impl Message<'_> {
    pub(super) fn is(&self, who: &str) -> bool {
        match self.role.get().or(self.kind.get()) {
            Some(said) => said == who,
            // The first versions left it out.
            None => who == "assistant" && self.tokens.get().is_some(),
        }
    }

    pub(super) fn model(&self) -> Option<&str> {
        let named = self.model.get();
        self.model_id.get().or_else(|| named.and_then(|model| model.id.get().or(model.model_id.get())))
    }

    pub(super) fn provider(&self) -> Option<&str> {
        let named = self.model.get();
        self.provider_id.get().or_else(|| named.and_then(|model| model.provider_id.get()))
    }

    pub(super) fn created(&self) -> Option<Instant> {
        self.time.get().and_then(|time| stamp::millis(time.created))
    }

    pub(super) fn completed(&self) -> Option<Instant> {
        self.time.get().and_then(Time::completed)
    }
}

impl Time<'_> {
    pub(super) fn completed(&self) -> Option<Instant> {
        stamp::millis(self.completed)
    }

    /// The end, and the milliseconds up to it.
    pub(super) fn end(&self) -> Option<(Instant, u32)> {
        let end = stamp::millis(self.end)?;
        let took = stamp::millis(self.start).map_or(0, |start| end.since(start).as_millis());
        Some((end, u32::try_from(took).unwrap_or(u32::MAX)))
    }
}

impl Counts {
    /// Reasoning is beside the output, and is billed as output.
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        let (read, write) = match &self.cache {
            Loose::Is(cache) => (number(cache.read)?, number(cache.write)?),
            Loose::Absent => (0, 0),
            Loose::Odd => return Err(Bad),
        };
        let reasoning = number(self.reasoning)?;
        Ok(Tokens {
            input: number(self.input)?,
            cache_read: read,
            cache_write_5m: write,
            cache_write_1h: 0,
            output: number(self.output)? + reasoning,
            reasoning,
        })
    }
}

impl State<'_> {
    /// Whether a rule of the user's configuration let it run, so that nobody was asked.
    pub(super) fn ran_freely(&self) -> bool {
        self.approval.get().is_some_and(|approval| {
            approval.source.is("global") && approval.rule.get().is_some_and(|rule| rule.action.is("allow"))
        })
    }
}

//! What of a thread is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Text};
use super::super::usage::{Bad, number};
use crate::model::Tokens;

/// The document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Thread<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// Milliseconds.
    #[serde(borrow)]
    pub(super) created: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) messages: List<Message<'a>>,
    #[serde(borrow)]
    pub(super) env: Loose<Env<'a>>,
    #[serde(borrow)]
    pub(super) usage_ledger: Loose<Ledger<'a>>,
}

/// Of a person, the model, or a tool under the name of a user.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    /// A number within the thread.
    #[serde(borrow)]
    pub(super) message_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content: List<Content<'a>>,
    #[serde(borrow)]
    pub(super) meta: Loose<Meta<'a>>,
    #[serde(borrow)]
    pub(super) usage: Loose<Usage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Content<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    /// Milliseconds.
    #[serde(borrow)]
    pub(super) sent_at: Option<&'a RawValue>,
}

/// Counts of one answer, in disjoint classes. Older threads name neither model nor time.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Usage<'a> {
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
}

impl Usage<'_> {
    pub(super) fn tokens(&self) -> Result<Tokens, Bad> {
        Ok(Tokens {
            input: number(self.input_tokens)?,
            cache_read: number(self.cache_read_input_tokens)?,
            cache_write_5m: number(self.cache_creation_input_tokens)?,
            output: number(self.output_tokens)?,
            ..Tokens::default()
        })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ledger<'a> {
    #[serde(borrow)]
    pub(super) events: List<Event<'a>>,
}

/// An answer once more, or one without a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    pub(super) tokens: Loose<Spent>,
    /// The message that holds the answer.
    #[serde(borrow)]
    pub(super) to_message_id: Option<&'a RawValue>,
}

/// Without what was read from the cache or written to it.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Spent {
    input: Count,
    output: Count,
}

impl Spent {
    pub(super) fn tokens(self) -> Result<Tokens, Bad> {
        let (input, output) = (number(self.input)?, number(self.output)?);
        Ok(Tokens { input, output, ..Tokens::default() })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Env<'a> {
    #[serde(borrow)]
    pub(super) initial: Loose<Initial<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Initial<'a> {
    #[serde(borrow)]
    pub(super) trees: List<Tree<'a>>,
}

/// A directory of the workspace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tree<'a> {
    #[serde(borrow)]
    pub(super) uri: Text<'a>,
    #[serde(borrow)]
    pub(super) repository: Loose<Repository<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repository<'a> {
    /// `refs/heads/main`.
    #[serde(borrow, rename = "ref")]
    pub(super) reference: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
}

impl Thread<'_> {
    fn tree(&self) -> Option<&Tree<'_>> {
        self.env.get()?.initial.get()?.trees.0.iter().flatten().next()
    }

    pub(super) fn dir(&self) -> Option<String> {
        super::super::uri::path(self.tree()?.uri.get()?)
    }

    pub(super) fn branch(&self) -> Option<&str> {
        let repository = self.tree()?.repository.get()?;
        repository.branch.get().or(repository.reference.get()?.strip_prefix("refs/heads/"))
    }

    /// What the ledger has on the answer in this message.
    pub(super) fn event_of(&self, message: &str) -> Option<&Event<'_>> {
        self.events().find(|event| event.answers() == Some(message))
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &Event<'_>> {
        self.usage_ledger.get().into_iter().flat_map(|ledger| ledger.events.0.iter().flatten())
    }
}

impl Event<'_> {
    pub(super) fn answers(&self) -> Option<&str> {
        self.to_message_id.map(RawValue::get).filter(|id| *id != "null")
    }
}

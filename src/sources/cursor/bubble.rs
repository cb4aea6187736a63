//! From a row to its facts.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::loose::{Count, Loose, Text};
use super::super::page::{Page, Request};
use super::super::usage::{Bad, number};
use super::super::{json, stamp};
use super::AGENT;
use crate::model::{
    ActivityKey, Cell, Facts, Instant, MessageKey, Quality, Reject, RejectReason, RequestKey, Tokens, Who,
    hash64,
};

/// What a person or the model said in a chat.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Bubble<'a> {
    /// 1: a person, 2: the model.
    #[serde(rename = "type")]
    kind: Count,
    /// RFC 3339, or milliseconds; older ones have none.
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    token_count: Loose<Spent>,
    #[serde(borrow)]
    model_info: Loose<Model<'a>>,
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spent {
    input_tokens: Count,
    output_tokens: Count,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Model<'a> {
    /// `default` where Cursor chose.
    #[serde(borrow)]
    model_name: Text<'a>,
}

impl Bubble<'_> {
    fn at(&self) -> Option<Instant> {
        let quoted = |text: &RawValue| serde_json::from_str::<String>(text.get()).ok();
        let text = self.created_at.and_then(quoted);
        text.as_deref().and_then(Instant::parse).or_else(|| stamp::millis(self.created_at))
    }

    fn model(&self) -> Option<&str> {
        self.model_info.get()?.model_name.get().filter(|name| !matches!(*name, "default" | "auto"))
    }
}

impl Spent {
    fn tokens(self) -> Result<Tokens, Bad> {
        let (input, output) = (number(self.input_tokens)?, number(self.output_tokens)?);
        Ok(Tokens { input, output, ..Tokens::default() })
    }
}

/// Adds what a row holds: rowid, `bubbleId:<chat>:<bubble>`, what is read of its value.
pub(super) fn row(row: &[Cell], facts: &mut Facts) {
    let [_, Cell::Text(key), value] = row else { return };
    let Some((chat, id)) = key.strip_prefix("bubbleId:").and_then(|rest| rest.split_once(':')) else {
        return;
    };
    facts.lines += 1;
    let mut spare = String::new();
    let bubble = match value {
        Cell::Text(text) => json::parse::<Bubble<'_>>(text.as_bytes(), &mut spare),
        _ => Err(RejectReason::NotJson),
    };
    let bubble = match bubble {
        Ok(bubble) => bubble,
        Err(reason) => return facts.rejects.push(Reject { offset: 0, length: 0, reason }),
    };
    let who = match bubble.kind {
        Count::Is(1) => Who::Prompt,
        Count::Is(2) => Who::Agent,
        _ => return,
    };
    // Those of older versions tell no time: nothing can be said of them.
    let Some(at) = bubble.at() else { return };
    let mut page = Page::new(facts, chat, None, 0);
    page.act(ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), key.as_bytes()])), at, who, 0);
    if let (Who::Agent, Some(spent)) = (who, bubble.token_count.get()) {
        page.request(&Request {
            message: MessageKey::new(AGENT, key),
            key: RequestKey::with_line(AGENT, chat, id),
            at,
            model: bubble.model(),
            tokens: spent.tokens(),
            quality: Quality::Estimated,
        });
    }
}

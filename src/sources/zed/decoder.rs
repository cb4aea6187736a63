//! From a thread to its facts.

use std::io::Read as _;

use ruzstd::decoding::StreamingDecoder;
use serde::Deserialize;

use super::super::cells::{settle, text};
use super::super::json;
use super::super::loose::{Count, Loose, Text};
use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::{Bad, number};
use super::AGENT;
use crate::model::{ActivityKey, Cell, Facts, Instant, RejectReason, Tokens, Usd, Who, hash64};

/// No thread is longer; a small one that unpacks to more was made to harm.
const MOST: u64 = 256 << 20;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Thread<'a> {
    cumulative_token_usage: Loose<Usage>,
    #[serde(borrow)]
    model: Loose<Model<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Model<'a> {
    #[serde(borrow)]
    provider: Text<'a>,
    #[serde(borrow)]
    model: Text<'a>,
}

/// Counts, disjoint; those of zero are left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    input_tokens: Count,
    output_tokens: Count,
    cache_creation_input_tokens: Count,
    cache_read_input_tokens: Count,
}

impl Usage {
    fn tokens(&self) -> Result<Tokens, Bad> {
        Ok(Tokens {
            input: number(self.input_tokens)?,
            cache_read: number(self.cache_read_input_tokens)?,
            cache_write_5m: number(self.cache_creation_input_tokens)?,
            output: number(self.output_tokens)?,
            ..Tokens::default()
        })
    }
}

/// Providers whose list is not that of the model's maker.
const PROVIDERS: [&str; 6] =
    ["zed.dev", "copilot_chat", "openrouter", "amazon-bedrock", "ollama", "lmstudio"];

/// Adds what a row holds.
pub(super) fn row(totals: &mut Totals, row: &[Cell], facts: &mut Facts) {
    let [_, id, parent, folders, at, kind, data] = row else { return };
    let Some(id) = text(id) else { return };
    let mut read = || {
        let at = text(at).and_then(Instant::parse).ok_or(RejectReason::NoInstant)?;
        let bytes = match data {
            Cell::Blob(packed) if text(kind) == Some("zstd") => unpacked(packed)?,
            Cell::Blob(bytes) => bytes.clone(),
            Cell::Text(bytes) => bytes.clone().into_bytes(),
            _ => return Err(RejectReason::Shape),
        };
        let mut spare = String::new();
        let thread: Thread<'_> = json::parse(json::trimmed(&bytes), &mut spare)?;
        let tokens = match &thread.cumulative_token_usage {
            Loose::Is(usage) => usage.tokens(),
            Loose::Absent => Ok(Tokens::default()),
            Loose::Odd => Err(Bad),
        };
        let total = tokens.map(|tokens| Total { tokens, usd: Usd(0) });
        let Some(growth) = totals.read(Counted { agent: AGENT, session: id, of: "" }, total) else {
            return Ok(());
        };
        // Sorted, a line each; with several nothing tells in which of them it worked.
        let dir = text(folders).filter(|folders| !folders.contains('\n'));
        let model = thread.model.get();
        let provider = model.and_then(|model| model.provider.get());
        let provider = provider.filter(|provider| PROVIDERS.contains(provider));
        let root = text(parent).unwrap_or(id);
        let mut page = Page::new(facts, root, dir, 0).by(provider);
        growth.put(&mut page, at, model.and_then(|model| model.model.get()));
        // Only the model makes the total grow: what closed the gap is told by that alone.
        let parts = [b"activity", AGENT.as_bytes(), id.as_bytes(), &at.millis().to_be_bytes()];
        page.act(ActivityKey(hash64(&parts)), at, Who::Agent, 0);
        Ok(())
    };
    let read = read();
    settle(read, facts);
}

fn unpacked(mut packed: &[u8]) -> Result<Vec<u8>, RejectReason> {
    let frame = StreamingDecoder::new(&mut packed).map_err(|_| RejectReason::NotJson)?;
    let mut bytes = Vec::new();
    let read = frame.take(MOST + 1).read_to_end(&mut bytes).map_err(|_| RejectReason::NotJson)?;
    if read as u64 > MOST { Err(RejectReason::TooLong) } else { Ok(bytes) }
}

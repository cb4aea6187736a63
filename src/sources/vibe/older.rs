//! `meta.json` before 3.0: what a session used in all, written anew after each turn.

use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::{Bad, number};
use super::super::{Context, NotWhole, json};
use super::AGENT;
use super::wire::{Meta, Stats};
use crate::model::{ActivityKey, Facts, Instant, Tokens, Usd, Who, hash64};

/// Adds what it has grown by, and that the session was at work.
pub(super) fn document(context: &mut Context, bytes: &[u8], facts: &mut Facts) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let meta: Meta<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    facts.lines += 1;
    let own = meta.session_id.get().or(context.claim.session.as_deref());
    let (Some(own), Some(at)) = (own, meta.end_time.get().and_then(Instant::parse)) else { return Ok(()) };
    let session = meta.parent_session_id.get().unwrap_or(own);
    let mut page = Page::new(facts, session, meta.dir(), 0).on(meta.git_branch.get());
    let key = hash64(&[b"activity", AGENT.as_bytes(), own.as_bytes(), &at.millis().to_be_bytes()]);
    page.act(ActivityKey(key), at, Who::Agent, 0);
    if let Some(stats) = meta.stats.get() {
        let mut totals: Totals = json::recalled(&context.state);
        let total = stats.tokens().map(|tokens| Total { tokens, usd: Usd(0) });
        if let Some(growth) = totals.read(Counted { agent: AGENT, session: own, of: "" }, total) {
            growth.put(&mut page, at, meta.model());
        }
        context.state = json::kept(&totals);
    }
    Ok(())
}

impl Stats {
    fn tokens(&self) -> Result<Tokens, Bad> {
        let input = number(self.session_prompt_tokens)?;
        Ok(Tokens { input, output: number(self.session_completion_tokens)?, ..Tokens::default() })
    }
}

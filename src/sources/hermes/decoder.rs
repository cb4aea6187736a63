//! From a row to its facts.

use super::super::cells::{count, flag, instant, settle, text};
use super::super::page::Page;
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::{Bad, number};
use super::AGENT;
use super::queries::{KINDS, Kind};
use crate::model::{ActivityKey, Cell, Facts, Instant, RejectReason, Tokens, Usd, Who, hash64};

/// Providers whose list is not that of the model's maker.
const PROVIDERS: [&str; 2] = ["openrouter", "nous"];

/// What starts sessions without a person: schedules, and programs by a socket or a hook.
const SCRIPTS: [&str; 5] = ["cron", "webhook", "api", "api_server", "batch"];

/// Adds what a row holds.
pub(super) fn row(totals: &mut Totals, query: usize, row: &[Cell], facts: &mut Facts) {
    let [_, root, is_child, dir, branch, source, own, at, rest @ ..] = row else { return };
    let (Some(root), Some(own)) = (text(root), text(own)) else { return };
    let mut read = || {
        let at = instant(at).ok_or(RejectReason::NoInstant)?;
        match (KINDS.get(query), rest) {
            (Some(Kind::Total), [model, provider, of, counts @ ..]) => {
                let counted = Counted { agent: AGENT, session: own, of: text(of).unwrap_or_default() };
                let Some(growth) = totals.read(counted, total(counts)) else { return Ok(()) };
                let provider = text(provider).filter(|provider| PROVIDERS.contains(provider));
                let mut page = Page::new(facts, root, text(dir), 0).on(text(branch)).by(provider);
                growth.put(&mut page, at, text(model));
            }
            (Some(Kind::Message), [role]) => {
                let is_script = text(source).is_some_and(|source| SCRIPTS.contains(&source));
                let Some(who) = who(text(role), flag(is_child), is_script) else { return Ok(()) };
                let mut page = Page::new(facts, root, text(dir), 0).on(text(branch));
                page.act(key(root, text(role), at), at, who, 0);
            }
            _ => {}
        }
        Ok(())
    };
    let read = read();
    settle(read, facts);
}

/// Reasoning is a part of the output in what providers report, and is told beside it.
fn total(counts: &[Cell]) -> Result<Total, Bad> {
    let [input, output, read, write, reasoning] = counts else { return Err(Bad) };
    let output = number(count(output))?;
    let tokens = Tokens {
        input: number(count(input))?,
        cache_read: number(count(read))?,
        cache_write_5m: number(count(write))?,
        cache_write_1h: 0,
        output,
        reasoning: number(count(reasoning))?.min(output),
    };
    Ok(Total { tokens, usd: Usd(0) })
}

fn who(role: Option<&str>, is_child: bool, is_script: bool) -> Option<Who> {
    match role? {
        "assistant" => Some(Who::Agent),
        "tool" => Some(Who::Tool),
        // What is delegated was typed by nobody.
        "user" if is_child => None,
        "user" if is_script => Some(Who::Script),
        "user" => Some(Who::Prompt),
        _ => None,
    }
}

/// A compression copies messages into a new session of the same root, with their instants.
fn key(root: &str, role: Option<&str>, at: Instant) -> ActivityKey {
    let role = role.unwrap_or_default();
    let parts = [b"activity", AGENT.as_bytes(), root.as_bytes(), role.as_bytes(), &at.millis().to_be_bytes()];
    ActivityKey(hash64(&parts))
}

//! From a line to its facts.

use super::super::json;
use super::super::page::{Page, Request};
use super::AGENT;
use super::wire::{Export, Operation, Span};
use crate::model::{
    ActivityKey, Facts, Instant, MessageKey, Payer, Plan, Quality, RejectReason, RequestKey, Who, hash64,
};
use crate::sources::Line;

/// Whose list applies where the user has no key of his own.
const PROVIDER: &str = "github-copilot";
/// The servers of the plan.
const PLAN: &str = "githubcopilot.com";

/// Adds what `line` holds. A span that is not as expected costs the others nothing.
pub(super) fn read(line: Line<'_>, facts: &mut Facts) -> Result<(), RejectReason> {
    let bytes = json::trimmed(line.bytes);
    if bytes.is_empty() {
        return Ok(());
    }
    let mut spare = String::new();
    let export: Export<'_> = json::parse(bytes, &mut spare)?;
    let mut result = Ok(());
    for span in export.spans() {
        if let Some(operation) = span.operation() {
            result = result.and(add(span, operation, line.offset, facts));
        }
    }
    result
}

fn add(span: &Span<'_>, operation: Operation, offset: u64, facts: &mut Facts) -> Result<(), RejectReason> {
    let session = span.text("gen_ai.conversation.id").ok_or(RejectReason::Shape)?;
    let span_id = span.span_id.get().ok_or(RejectReason::Shape)?;
    let id = format!("{} {span_id}", span.trace_id.get().unwrap_or_default());
    let key =
        |part: &str| ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), id.as_bytes(), part.as_bytes()]));
    let end = span.end().ok_or(RejectReason::NoInstant)?;
    let start = span.start();
    let took = start.map_or(0, |start| u32::try_from(end.millis() - start.millis()).unwrap_or(0));
    let mut page = Page::new(facts, session, None, offset);
    match operation {
        Operation::Turn => {
            // An agent's own agent is started by it.
            let is_inner = span.parent_span_id.get().is_some();
            let is_typed = span.text("copilot_chat.initiator_type").is_none_or(|who| who == "user");
            if let Some(start) = start.filter(|_| !is_inner) {
                page.act(key("begin"), start, if is_typed { Who::Prompt } else { Who::Script }, 0);
            }
            // It may have waited for a permission: its length proves nothing.
            page.act(key("end"), end, Who::Agent, 0);
        }
        // Nothing tells how long it waited for a permission.
        Operation::Tool => page.act(key("end"), end, Who::Tool, 0),
        Operation::Request => {
            page.act(key("end"), end, Who::Agent, took);
            request(span, &id, end, session, offset, facts);
        }
    }
    Ok(())
}

fn request(span: &Span<'_>, id: &str, at: Instant, session: &str, offset: u64, facts: &mut Facts) {
    let server = span.text("server.address");
    let is_plan = server.is_none_or(|server| server == PLAN || server.ends_with(&format!(".{PLAN}")));
    let (provider, payer) =
        if is_plan { (Some(PROVIDER), Payer::Subscription) } else { (None, Payer::Metered) };
    let before = facts.sightings.len();
    Page::new(facts, session, None, offset).by(provider).request(&Request {
        message: MessageKey::new(AGENT, id),
        key: RequestKey::with_instant(AGENT, id, at),
        at,
        model: span.text("gen_ai.response.model").or(span.text("gen_ai.request.model")),
        tokens: span.tokens(),
        quality: Quality::Exact,
    });
    if facts.sightings.len() > before {
        let session = facts.names.intern(session);
        facts.plans.push(Plan { session, at, payer });
    }
}

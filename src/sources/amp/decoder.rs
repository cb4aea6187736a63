//! From a thread to its facts.

use std::collections::BTreeSet;

use super::super::page::{Page, Request};
use super::super::{NotWhole, json, stamp};
use super::AGENT;
use super::wire::{Message, Thread};
use crate::model::{
    ActivityKey, Facts, Instant, MessageKey, Quality, Reject, RejectReason, RequestKey, Who, hash64,
};

/// Adds what the document holds.
pub(super) fn document(claimed: Option<&str>, bytes: &[u8], facts: &mut Facts) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let thread: Thread<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    let Some(session) = thread.id.get().or(claimed) else { return Ok(()) };
    let dir = thread.dir();
    let mut page = Page::new(facts, session, dir.as_deref(), 0).on(thread.branch());
    let mut last = stamp::millis(thread.created);
    let (mut counted, mut lines, mut nowhen) = (BTreeSet::new(), 0, 0);
    for (place, message) in thread.messages.0.iter().enumerate() {
        lines += 1;
        let Some(message) = message else { continue };
        let id = message.message_id.map_or_else(|| format!("#{place}"), |id| id.get().to_owned());
        let event = thread.event_of(&id);
        let usage = message.usage.get();
        let told = usage.and_then(|usage| usage.timestamp.get()).and_then(Instant::parse);
        let told = told.or_else(|| event.and_then(|event| event.timestamp.get()).and_then(Instant::parse));
        let sent = message.meta.get().and_then(|meta| stamp::millis(meta.sent_at));
        // An answer of an older thread came after what is before it; nothing says by how much.
        let own = told.or(sent);
        let Some(at) = own.or(last) else {
            nowhen += u64::from(usage.is_some());
            continue;
        };
        last = Some(at);
        if let Some(who) = own.and(message.who()) {
            page.act(key(session, &id), at, who, 0);
        }
        if let Some(usage) = usage {
            let model = usage.model.get().or_else(|| event.and_then(|event| event.model.get()));
            page.request(&request(session, &format!("message:{id}"), at, model, usage.tokens()));
            counted.insert(id);
        }
    }
    for event in thread.events().filter(|event| event.answers().is_none_or(|id| !counted.contains(id))) {
        lines += 1;
        let at = event.timestamp.get().and_then(Instant::parse);
        let (Some(id), Some(at), Some(spent)) = (event.id.get(), at, event.tokens.get()) else {
            nowhen += 1;
            continue;
        };
        page.act(key(session, id), at, Who::Agent, 0);
        page.request(&request(session, &format!("event:{id}"), at, event.model.get(), spent.tokens()));
    }
    facts.lines += lines;
    for _ in 0..nowhen {
        facts.rejects.push(Reject { offset: 0, length: 0, reason: RejectReason::NoInstant });
    }
    Ok(())
}

fn request<'a>(
    session: &str,
    id: &str,
    at: Instant,
    model: Option<&'a str>,
    tokens: Result<crate::model::Tokens, super::super::usage::Bad>,
) -> Request<'a> {
    Request {
        message: MessageKey::new(AGENT, &format!("{session}:{id}")),
        key: RequestKey::with_line(AGENT, session, id),
        at,
        model,
        tokens,
        quality: Quality::LowerBound,
    }
}

fn key(session: &str, id: &str) -> ActivityKey {
    ActivityKey(hash64(&[b"activity", AGENT.as_bytes(), session.as_bytes(), id.as_bytes()]))
}

impl Message<'_> {
    fn who(&self) -> Option<Who> {
        let is_result = self.content.0.iter().flatten().any(|content| content.kind.is("tool_result"));
        match self.role.get()? {
            "user" if is_result => Some(Who::Tool),
            "user" => Some(Who::Prompt),
            "assistant" => Some(Who::Agent),
            _ => None,
        }
    }
}

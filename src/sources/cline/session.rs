//! From a session's log to its facts.

use serde_json::value::RawValue;

use super::super::page::{Page, Request};
use super::super::{NotWhole, json, stamp};
use super::aside::State;
use super::paid;
use super::wire::{Message, Whole, blocks};
use crate::model::{
    ActivityKey, Birth, Facts, MessageKey, Quality, Reject, RejectReason, RequestKey, Who, hash64,
};

/// Tools whose result is a person's answer.
const QUESTIONS: [&str; 2] = ["ask_question", "ask_followup_question"];

/// What Cline says to the model where a session goes on with an extension's task (`apps/vscode/src/sdk` in its
/// repository). What is before it is the task's, with the task's sum in its last answer: the task's own log has that.
const GOES_ON: &str = "Warning: this is a legacy conversation, which means tool names may have changed.";

/// Adds what the log holds.
pub(super) fn document(
    agent: &'static str,
    session: &str,
    state: &State,
    bytes: &[u8],
    facts: &mut Facts,
) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let whole: Whole<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    let is_lead = whole.agent.get().is_none_or(|agent| agent == "lead");
    // Forks copy messages with their ids and instants, but not the session's description.
    if let Some(at) = state.born().filter(|_| is_lead) {
        let session = facts.names.intern(session);
        facts.births.push(Birth { session, at });
    }
    let messages = &whole.messages.0;
    let goes_on = messages.iter().rposition(|message| message.as_ref().is_some_and(goes_on));
    for message in messages.iter().skip(goes_on.map_or(0, |at| at + 1)).flatten() {
        facts.lines += 1;
        let reader = Reader { agent, session, state, is_lead };
        if let Err(reason) = reader.message(message, facts) {
            facts.rejects.push(Reject { offset: 0, length: 0, reason });
        }
    }
    Ok(())
}

fn goes_on(message: &Message<'_>) -> bool {
    message.role.is("user") && message.content.is_some_and(|content| content.get().contains(GOES_ON))
}

struct Reader<'a> {
    agent: &'static str,
    session: &'a str,
    state: &'a State,
    /// Prompts of agents that it started are nobody's.
    is_lead: bool,
}

impl Reader<'_> {
    fn message(&self, message: &Message<'_>, facts: &mut Facts) -> Result<(), RejectReason> {
        let who = match message.role.get() {
            Some("assistant") => Some(Who::Agent),
            Some("user") if message.metadata.get().is_none_or(|about| about.kind.get().is_none()) => {
                self.speaks(message.content)
            }
            _ => None,
        };
        let Some(who) = who else { return Ok(()) };
        let metrics = message.metrics.get().filter(|_| who == Who::Agent);
        let at = match (stamp::millis(message.ts), metrics) {
            (Some(at), _) => at,
            (None, Some(_)) => return Err(RejectReason::NoInstant),
            // Early versions gave instants to answers alone.
            (None, None) => return Ok(()),
        };
        // Without an id the session and the instant stand for it.
        let made = format!("{}:{}", self.session, at.millis());
        let id = message.id.get().unwrap_or(&made);
        let info = message.model_info.get();
        let provider = info.and_then(|info| info.provider.get());
        let reported = metrics.and_then(|metrics| paid::reported(provider, metrics.cost));
        let mut page = Page::new(facts, self.session, self.state.dir(), 0)
            .on(self.state.branch())
            .by(paid::platform(provider, false))
            .costing(reported);
        let stamp = at.millis().to_be_bytes();
        let parts = [b"activity", self.agent.as_bytes(), id.as_bytes(), &stamp];
        page.act(ActivityKey(hash64(&parts)), at, who, 0);
        let Some(metrics) = metrics.filter(|_| !paid::is_agent(provider)) else { return Ok(()) };
        let tokens = metrics.tokens();
        page.request(&Request {
            message: MessageKey::new(self.agent, id),
            key: RequestKey::with_instant(self.agent, id, at),
            at,
            model: info.and_then(|info| info.id.get()),
            tokens,
            quality: Quality::Exact,
        });
        if let Ok(tokens) = tokens {
            paid::plan(self.session, provider, &tokens, at, facts);
        }
        Ok(())
    }

    /// Whose words a `user` message holds.
    fn speaks(&self, content: Option<&RawValue>) -> Option<Who> {
        let blocks = blocks(content);
        if let Some(result) = blocks.iter().find(|block| block.kind.is("tool_result")) {
            let asks = result.name.get().is_some_and(|name| QUESTIONS.contains(&name));
            return Some(if asks && !self.state.is_script() { Who::Prompt } else { Who::Tool });
        }
        let is_said = !blocks.is_empty() && self.is_lead;
        is_said.then_some(if self.state.is_script() { Who::Script } else { Who::Prompt })
    }
}

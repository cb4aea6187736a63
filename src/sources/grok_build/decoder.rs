//! From a line, or a summary, to its facts.

use serde_json::value::RawValue;

use super::super::loose::Count;
use super::super::page::{Page, Request};
use super::super::{NotWhole, json, stamp};
use super::AGENT;
use super::place::Place;
use super::wire::{Record, Spent, Summary, Turn};
use crate::model::{
    ActivityKey, Facts, Instant, Meaning, MessageKey, Quality, RejectReason, Reported, RequestKey, Usd, Who,
    hash64,
};
use crate::sources::Line;

/// Pico-USD of a tick.
const TICK: i128 = 100;
/// As many ticks a turn can have cost: a million USD.
const TICKS: i128 = 10_000_000_000_000_000;

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    /// The session, by the path.
    pub(super) session: &'a str,
    pub(super) place: &'a Place,
    pub(super) facts: &'a mut Facts,
}

impl Decoder<'_> {
    /// Adds what `line` holds.
    pub(super) fn line(&mut self, line: Line<'_>) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let record: Record<'_> = json::parse(bytes, &mut spare)?;
        let Some(update) = record.params.get().and_then(|params| params.update.get()) else { return Ok(()) };
        let turn = update.turn();
        let who = match update.kind.get() {
            Some("user_message_chunk") => Some(Who::Prompt),
            // A person's yes or no, or an answer.
            Some("interaction_resolved") => Some(Who::Prompt),
            Some("agent_message_chunk" | "agent_thought_chunk" | "tool_call") => Some(Who::Agent),
            Some("tool_call_update") if update.status.is("completed") || update.status.is("failed") => {
                Some(Who::Tool)
            }
            Some("turn_completed") if turn.is_some() => None,
            _ => return Ok(()),
        };
        let told = record.metas().find_map(|meta| stamp::millis(meta.agent_timestamp_ms));
        let at = told.or_else(|| stamp::seconds(record.timestamp)).ok_or(RejectReason::NoInstant)?;
        let event = record.metas().find_map(|meta| meta.event_id.get());
        if let Some(who) = who {
            // Each has an id of its own; without one its content is all that it has.
            let key = event.map_or(bytes, str::as_bytes);
            let key = hash64(&[b"activity", AGENT.as_bytes(), self.session.as_bytes(), key]);
            self.page(line.offset).act(ActivityKey(key), at, who, 0);
        }
        if let Some(turn) = turn {
            let own = update.prompt_id.get().map(|prompt| format!("{}:{prompt}", self.session));
            let id = event.map(str::to_owned).or(own).ok_or(RejectReason::Shape)?;
            self.turn(&turn, &id, at, line.offset);
        }
        Ok(())
    }

    fn turn(&mut self, turn: &Turn<'_>, id: &str, at: Instant, offset: u64) {
        if turn.models.is_empty() {
            return self.spent(&turn.all, id, None, at, offset);
        }
        for (model, spent) in &turn.models {
            if let Some(spent) = spent.get() {
                self.spent(spent, &format!("{id}:{model}"), Some(model), at, offset);
            }
        }
    }

    fn spent(&mut self, spent: &Spent<'_>, id: &str, model: Option<&str>, at: Instant, offset: u64) {
        let quality = match spent.model_calls {
            Count::Is(1) => Quality::LowerBound,
            _ => Quality::Estimated,
        };
        let listed = |usd| Reported { usd, meaning: Meaning::Listed };
        let reported = ticks(spent.cost_usd_ticks).map(listed);
        self.page(offset).costing(reported).request(&Request {
            message: MessageKey::new(AGENT, id),
            key: RequestKey::with_line(AGENT, "", id),
            at,
            model,
            tokens: spent.tokens(),
            quality,
        });
    }

    fn page(&mut self, offset: u64) -> Page<'_> {
        let Place { dir, branch } = self.place;
        Page::new(self.facts, self.session, dir.as_deref(), offset).on(branch.as_deref())
    }
}

fn ticks(number: Option<&RawValue>) -> Option<Usd> {
    let ticks: i128 = number?.get().parse().ok()?;
    (0..=TICKS).contains(&ticks).then_some(Usd(ticks * TICK))
}

/// Adds that a session was at work when its summary was written. Where it has a log, that knows the same instant.
pub(super) fn summary(session: Option<&str>, bytes: &[u8], facts: &mut Facts) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let summary: Summary<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    facts.lines += 1;
    let at = summary.last_active_at.get().and_then(Instant::parse);
    let (Some(session), Some(at)) = (session, at) else { return Ok(()) };
    let mut page = Page::new(facts, session, summary.dir(), 0).on(summary.head_branch.get());
    let key = hash64(&[b"summary", AGENT.as_bytes(), session.as_bytes(), &at.millis().to_be_bytes()]);
    page.act(ActivityKey(key), at, Who::Agent, 0);
    Ok(())
}

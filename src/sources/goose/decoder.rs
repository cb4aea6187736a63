//! From a row to its facts.

use super::super::loose::Count;
use super::super::page::{Page, Request};
use super::super::totals::{Counted, Total, Totals};
use super::super::usage::{Bad, number};
use super::super::{Context, cost, json};
use super::AGENT;
use super::queries::{KINDS, Kind};
use crate::model::{
    ActivityKey, Birth, Cell, Facts, Instant, Meaning, MessageKey, Payer, Plan, Quality, Reject,
    RejectReason, Reported, RequestKey, Tokens, Who, hash64,
};

/// Providers that are other agents: their own logs have the requests.
const AGENTS: [&str; 8] =
    ["claude-code", "claude-acp", "codex", "codex-acp", "gemini-cli", "copilot-acp", "pi-acp", "amp-acp"];

/// Providers that are reached by a subscription's login alone.
const PLANS: [&str; 3] = ["chatgpt_codex", "github_copilot", "gemini_oauth"];

/// Where a row belongs.
struct Place<'a> {
    session: &'a str,
    /// Of a subagent: nobody typed its prompts.
    is_child: bool,
    kind: Option<&'a str>,
    dir: Option<&'a str>,
    born: Option<Instant>,
    provider: Option<&'a str>,
}

/// Adds what a row holds; of sums what they grew by since `context` has seen them.
pub(super) fn row(query: usize, row: &[Cell], context: &mut Context, facts: &mut Facts) {
    let [id, root, is_child, kind, dir, born, provider, own, rest @ ..] = row else { return };
    let Some(own) = text(own) else { return };
    let place = Place {
        session: text(root).unwrap_or(own),
        is_child: *is_child == Cell::Integer(1),
        kind: text(kind),
        dir: text(dir),
        born: instant(born),
        provider: text(provider),
    };
    facts.lines += 1;
    let result = match (KINDS.get(query), rest) {
        (Some(Kind::Message), [at, message, role, blocks, visible, took]) => {
            let role = text(role).unwrap_or_default();
            let message = Message { id: text(message), role, blocks: text(blocks), visible, took };
            place.message(&message, instant(at), own, facts)
        }
        (Some(Kind::Request), [at, answered, took, model, counts @ ..]) => {
            let ended = Ended { at: instant(at), is_told: *answered == Cell::Integer(1), took: millis(took) };
            place.request(id, text(model), &ended, counts, own, facts)
        }
        (Some(Kind::Sum), [model, counts @ ..]) => {
            let mut totals = json::recalled(&context.state);
            place.sum(instant(id), text(model), counts, own, &mut totals, facts);
            context.state = json::kept(&totals);
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(reason) = result {
        facts.rejects.push(Reject { offset: 0, length: 0, reason });
    }
}

/// The end of a request.
struct Ended {
    at: Option<Instant>,
    /// Whether a message of the answer has the same instant.
    is_told: bool,
    /// Milliseconds.
    took: u32,
}

struct Message<'a> {
    id: Option<&'a str>,
    role: &'a str,
    /// The kinds of its blocks.
    blocks: Option<&'a str>,
    visible: &'a Cell,
    /// Milliseconds that its answer took.
    took: &'a Cell,
}

impl Place<'_> {
    fn message(
        &self,
        message: &Message<'_>,
        at: Option<Instant>,
        own: &str,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        let blocks = message.blocks.ok_or(RejectReason::NotJson)?;
        let at = at.ok_or(RejectReason::NoInstant)?;
        // What a compaction put there for the model is not shown.
        if *message.visible == Cell::Integer(0) {
            return Ok(());
        }
        let is_typed = match self.kind {
            Some("scheduled") => Some(Who::Script),
            Some("sub_agent" | "specialist" | "hidden") => None,
            _ => Some(Who::Prompt).filter(|_| !self.is_child),
        };
        let Some(who) = speaker(message.role, blocks.split(','), is_typed) else { return Ok(()) };
        // Nobody but the model works while it answers.
        let proven = if who == Who::Agent { millis(message.took) } else { 0 };
        self.birth(facts);
        let key = activity(message.id.ok_or(own), message.role, at);
        Page::new(facts, self.session, self.dir, 0).act(key, at, who, proven);
        Ok(())
    }

    fn request(
        &self,
        id: &Cell,
        model: Option<&str>,
        ended: &Ended,
        counts: &[Cell],
        own: &str,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        let [input, output, total, read, write, usd, source] = counts else {
            return Err(RejectReason::Shape);
        };
        // The sum of what the session had used before there was a ledger.
        if text(source) == Some("carried_forward") || self.is_another_agents() {
            return Ok(());
        }
        let at = ended.at.ok_or(RejectReason::NoInstant)?;
        let Cell::Integer(id) = id else { return Err(RejectReason::Shape) };
        let tokens = tokens([input, output, total, read, write].map(count));
        let classes = tokens.map_or_else(|_| "bad".to_owned(), |tokens| format!("{:?}", tokens.classes()));
        // Databases of several homes number their rows and sessions in the same way.
        let id = format!("{own}:{id}:{}:{}:{classes}", at.millis(), model.unwrap_or_default());
        self.birth(facts);
        let mut page =
            Page::new(facts, self.session, self.dir, 0).by(self.platform()).costing(reported(usd, source));
        page.request(&Request {
            message: MessageKey::new(AGENT, &id),
            key: RequestKey::with_line(AGENT, own, &id),
            at,
            model,
            tokens,
            quality: Quality::Exact,
        });
        // A message has the instant of its first word or of its last.
        if !ended.is_told {
            page.act(activity(Ok(&id), "request", at), at, Who::Agent, ended.took);
        }
        if let (Ok(tokens), Some(provider)) = (tokens, self.provider)
            && !tokens.is_zero()
        {
            let payer = if PLANS.contains(&provider) { Payer::Subscription } else { Payer::Metered };
            let session = facts.names.intern(self.session);
            facts.plans.push(Plan { session, at, payer });
        }
        Ok(())
    }

    /// What the session has used so far, by the model that it asks now.
    fn sum(
        &self,
        at: Option<Instant>,
        model: Option<&str>,
        counts: &[Cell],
        own: &str,
        totals: &mut Totals,
        facts: &mut Facts,
    ) {
        let (Some(at), [input, output, total, read, write]) = (at, counts) else { return };
        if self.is_another_agents() {
            return;
        }
        let tokens = tokens([input, output, total, read, write].map(count));
        let counted = Counted { agent: AGENT, session: own, of: "" };
        let grown = totals.read(counted, tokens.map(|tokens| Total { tokens, ..Total::default() }));
        if let Some(growth) = grown {
            let mut page = Page::new(facts, self.session, self.dir, 0).by(self.platform());
            growth.put(&mut page, at, model);
        }
    }

    fn is_another_agents(&self) -> bool {
        self.provider.is_some_and(|name| AGENTS.contains(&name))
    }

    /// Copies of sessions copy messages, but not the session's row: the earlier born is the original.
    fn birth(&self, facts: &mut Facts) {
        let Some(at) = self.born.filter(|_| !self.is_child) else { return };
        let session = facts.names.intern(self.session);
        if facts.births.iter().all(|birth| birth.session != session) {
            facts.births.push(Birth { session, at });
        }
    }

    fn platform(&self) -> Option<&str> {
        match self.provider? {
            "aws_bedrock" => Some("bedrock"),
            "gcp_vertex_ai" => Some("vertex"),
            "chatgpt_codex" => Some("openai-codex"),
            provider => Some(provider),
        }
    }
}

/// Who speaks by these blocks; `typed` is who prompts in such a session.
pub(super) fn speaker<'a>(
    role: &str,
    mut blocks: impl Iterator<Item = &'a str> + Clone,
    typed: Option<Who>,
) -> Option<Who> {
    match role {
        "assistant" => blocks.any(|block| block != "systemNotification").then_some(Who::Agent),
        "user" if blocks.clone().any(|block| block == "toolResponse") => Some(Who::Tool),
        "user" => typed.filter(|_| blocks.any(|block| matches!(block, "text" | "image" | "actionRequired"))),
        _ => None,
    }
}

/// Of a message by its id, which copies keep, else by its session.
pub(super) fn activity(message: Result<&str, &str>, role: &str, at: Instant) -> ActivityKey {
    let (kind, id) = match message {
        Ok(id) => (&b"message"[..], id),
        Err(session) => (&b"session"[..], session),
    };
    let parts =
        [b"activity", AGENT.as_bytes(), kind, id.as_bytes(), role.as_bytes(), &at.millis().to_be_bytes()];
    ActivityKey(hash64(&parts))
}

/// Counts in which the prompt holds what was read from the cache and written to it, unless the total says that they
/// stand beside it.
pub(super) fn tokens([input, output, total, read, write]: [Count; 5]) -> Result<Tokens, Bad> {
    let (prompt, output, read, write) = (number(input)?, number(output)?, number(read)?, number(write)?);
    let cached = read + write;
    let is_beside = cached > 0 && matches!(total, Count::Is(total) if total == prompt + output + cached);
    let input = if is_beside { prompt } else { prompt.checked_sub(cached).ok_or(Bad)? };
    Ok(Tokens { input, cache_read: read, cache_write_5m: write, output, ..Tokens::default() })
}

/// The cost as the row has it: what the provider said that it charged, or Goose's own sum by a list.
fn reported(usd: &Cell, source: &Cell) -> Option<Reported> {
    let usd = match usd {
        Cell::Real(digits) => cost::decimal(digits),
        Cell::Integer(whole) => cost::decimal(&whole.to_string()),
        _ => None,
    };
    let is_charge = text(source) == Some("provider_reported");
    let meaning = if is_charge { Meaning::Charged } else { Meaning::Listed };
    usd.filter(|usd| usd.0 > 0).map(|usd| Reported { usd, meaning })
}

fn count(cell: &Cell) -> Count {
    match cell {
        Cell::Null => Count::Absent,
        Cell::Integer(count) => match u64::try_from(*count) {
            Ok(count) if count <= Tokens::MAX_PER_CLASS => Count::Is(count),
            _ => Count::Bad,
        },
        _ => Count::Bad,
    }
}

fn millis(cell: &Cell) -> u32 {
    match cell {
        Cell::Integer(millis) => u32::try_from(*millis).unwrap_or_default(),
        _ => 0,
    }
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Above this a number is milliseconds: as seconds it would be the year 5138.
const MILLIS: i64 = 100_000_000_000;

/// Seconds; some versions wrote milliseconds.
fn instant(cell: &Cell) -> Option<Instant> {
    match cell {
        Cell::Integer(number) => stamp(*number),
        _ => None,
    }
}

/// The same, of a number.
pub(super) fn stamp(number: i64) -> Option<Instant> {
    let millis = if number < MILLIS { number.checked_mul(1000)? } else { number };
    (number > 0).then(|| Instant::from_millis(millis))
}

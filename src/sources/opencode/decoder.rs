//! From a message or a part to its facts.

use super::super::loose::Loose;
use super::super::page::{Page, Request};
use super::super::{NotWhole, cost, json};
use super::queries::{KINDS, Kind};
use super::wire::{Message, Part};
use crate::model::{
    ActivityKey, Birth, Cell, Facts, Instant, Meaning, MessageKey, Payer, Plan, Quality, Reject,
    RejectReason, Reported, RequestKey, Who, hash64,
};

/// Providers with plans: a request that they answered and that cost nothing was paid by one.
const WITH_PLANS: [&str; 6] =
    ["anthropic", "openai", "github-copilot", "zai-coding-plan", "kimi-for-coding", "xai"];

/// Tools whose result is a person's answer.
const QUESTIONS: [&str; 4] = ["question", "plan_enter", "plan_exit", "suggest"];

/// How a message came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A document, never to change again: versions that write them are gone.
    Document,
    /// A row whose parts have rows of their own.
    Row,
    /// A row that holds its parts.
    Whole,
}

/// Where a message or part belongs.
struct Place<'a> {
    agent: &'static str,
    session: &'a str,
    /// Of a subagent: nobody typed its prompts.
    is_child: bool,
    dir: Option<&'a str>,
    born: Option<Instant>,
    /// Started by `run`, which cannot ask.
    is_script: bool,
}

/// Adds what a document of the first schema's predecessor holds. It does not say whether its session is a subagent's.
pub(super) fn document(
    agent: &'static str,
    session: Option<&str>,
    bytes: &[u8],
    facts: &mut Facts,
) -> Result<(), NotWhole> {
    let mut spare = String::new();
    let message: Message<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
    facts.lines += 1;
    let Some(session) = session else { return Ok(()) };
    let place = Place { agent, session, is_child: false, dir: None, born: None, is_script: false };
    if let Err(reason) = place.message(&message, Form::Document, facts) {
        reject(reason, facts);
    }
    Ok(())
}

/// Adds what a row holds.
pub(super) fn row(agent: &'static str, query: usize, row: &[Cell], facts: &mut Facts) {
    let [_, root, is_child, dir, born, is_script, own, rest @ ..] = row else { return };
    let Some(session) = text(root).or(text(own)) else { return };
    let place = Place {
        agent,
        session,
        is_child: *is_child == Cell::Integer(1),
        dir: text(dir),
        born: instant(born),
        is_script: *is_script == Cell::Integer(1),
    };
    let result = match (KINDS.get(query), rest) {
        (Some(Kind::Message), [data]) => place.message_row(data, Form::Row, facts),
        (Some(Kind::Whole), [data]) => place.message_row(data, Form::Whole, facts),
        (Some(Kind::Part), [prompted, role, data]) => {
            place.part_row(instant(prompted), text(role), data, facts)
        }
        _ => Ok(()),
    };
    if let Err(reason) = result {
        reject(reason, facts);
    }
}

impl Place<'_> {
    fn message_row(&self, data: &Cell, form: Form, facts: &mut Facts) -> Result<(), RejectReason> {
        let mut spare = String::new();
        let data = text(data).ok_or(RejectReason::NotJson)?;
        let message: Message<'_> = json::parse(data.as_bytes(), &mut spare)?;
        // Forks and migrations copy messages, but never the session's row: the earlier born is the original.
        if let Some(at) = self.born.filter(|_| !self.is_child) {
            let session = facts.names.intern(self.session);
            if facts.births.iter().all(|birth| birth.session != session) {
                facts.births.push(Birth { session, at });
            }
        }
        self.message(&message, form, facts)
    }

    fn message(&self, message: &Message<'_>, form: Form, facts: &mut Facts) -> Result<(), RejectReason> {
        let is_prompt = message.is("user") && form != Form::Row;
        if !message.is("assistant") && !is_prompt {
            return Ok(());
        }
        let created = message.created().ok_or(RejectReason::NoInstant)?;
        let dir = message.path.get().and_then(|path| path.cwd.get()).or(self.dir);
        if is_prompt {
            self.prompt(&mut Page::new(facts, self.session, dir, 0), created);
            return Ok(());
        }
        let mut page = self.page(message, dir, facts);
        for item in message.content.0.iter().flatten().filter(|item| item.kind.is("tool")) {
            if let Some(at) = item.time.get().and_then(super::wire::Time::completed) {
                page.act(self.key("tool", item.id.get(), at), at, self.tool(item.name.get()), 0);
            }
        }
        if let Some(at) = message.completed() {
            page.act(self.key("message", None, at), at, Who::Agent, 0);
        }
        let tokens = match &message.tokens {
            Loose::Is(counts) => counts.tokens(),
            Loose::Absent => return Ok(()),
            Loose::Odd => Err(super::super::usage::Bad),
        };
        // Counts come when the step ends. A row that is not done may still change them, and its key with them.
        let is_done = message.completed().is_some() || message.finish.get().is_some();
        if !is_done && form != Form::Document {
            return Ok(());
        }
        let counts = tokens.map_or_else(|_| "bad".to_owned(), |tokens| format!("{:?}", tokens.classes()));
        let id = format!("{} {} {counts}", created.millis(), message.model().unwrap_or_default());
        page.request(&Request {
            message: MessageKey::new(self.agent, &id),
            key: RequestKey::with_instant(self.agent, &id, created),
            at: created,
            model: message.model(),
            tokens,
            quality: if is_done { Quality::Exact } else { Quality::LowerBound },
        });
        if tokens.is_ok_and(|tokens| !tokens.is_zero()) {
            self.paid(message, created, facts);
        }
        Ok(())
    }

    /// The program's own sum by its price list; it is zero where a plan pays, and in a fork's copies.
    fn page<'a>(&self, message: &Message<'_>, dir: Option<&str>, facts: &'a mut Facts) -> Page<'a> {
        let cost = cost::usd(message.cost).filter(|usd| usd.0 > 0);
        let reported = cost.map(|usd| Reported { usd, meaning: Meaning::Listed });
        Page::new(facts, self.session, dir, 0).by(message.provider()).costing(reported)
    }

    fn paid(&self, message: &Message<'_>, at: Instant, facts: &mut Facts) {
        let Some(usd) = cost::usd(message.cost) else { return };
        let has_plans = message.provider().is_some_and(|provider| WITH_PLANS.contains(&provider));
        let payer = match (usd.0 > 0, has_plans) {
            (true, _) => Payer::Metered,
            (false, true) => Payer::Subscription,
            (false, false) => return,
        };
        let session = facts.names.intern(self.session);
        facts.plans.push(Plan { session, at, payer });
    }

    fn part_row(
        &self,
        prompted: Option<Instant>,
        role: Option<&str>,
        data: &Cell,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        // Of a message that cannot be read, which is told once, or of one that another query tells of.
        if role.is_none() {
            return Ok(());
        }
        let mut spare = String::new();
        let data = text(data).ok_or(RejectReason::NotJson)?;
        let part: Part<'_> = json::parse(data.as_bytes(), &mut spare)?;
        let mut page = Page::new(facts, self.session, self.dir, 0);
        match (role, part.kind.get(), part.state.get()) {
            (Some("user"), Some("text"), _) if !part.synthetic.0 => {
                if let Some(at) = prompted {
                    self.prompt(&mut page, at);
                }
            }
            (Some("assistant"), Some("text" | "reasoning"), _) => {
                // Nothing but the model's own work lies within.
                if let Some((at, took)) = part.time.get().and_then(super::wire::Time::end) {
                    page.act(self.key("text", None, at), at, Who::Agent, took);
                }
            }
            (Some("assistant"), Some("tool"), Some(state)) => {
                if let Some((at, took)) = state.time.get().and_then(super::wire::Time::end) {
                    let who = if state.rejected.0 { Who::Prompt } else { self.tool(part.tool.get()) };
                    // A call's time holds the wait for permission.
                    let proven = if state.ran_freely() && who == Who::Tool { took } else { 0 };
                    page.act(self.key("tool", part.call.get(), at), at, who, proven);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn prompt(&self, page: &mut Page<'_>, at: Instant) {
        if !self.is_child {
            let who = if self.is_script { Who::Script } else { Who::Prompt };
            page.act(self.key("prompt", None, at), at, who, 0);
        }
    }

    fn tool(&self, name: Option<&str>) -> Who {
        let asks = name.is_some_and(|name| QUESTIONS.contains(&name));
        if asks && !self.is_script { Who::Prompt } else { Who::Tool }
    }

    /// Copies have new ids, but the same instants.
    fn key(&self, what: &str, id: Option<&str>, at: Instant) -> ActivityKey {
        let id = id.unwrap_or_default();
        let parts =
            [b"activity", self.agent.as_bytes(), what.as_bytes(), id.as_bytes(), &at.millis().to_be_bytes()];
        ActivityKey(hash64(&parts))
    }
}

fn reject(reason: RejectReason, facts: &mut Facts) {
    facts.rejects.push(Reject { offset: 0, length: 0, reason });
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn instant(cell: &Cell) -> Option<Instant> {
    match cell {
        Cell::Integer(millis) if *millis > 0 => Some(Instant::from_millis(*millis)),
        _ => None,
    }
}

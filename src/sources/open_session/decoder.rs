//! From an event to its facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::loose::{Count, Text};
use super::super::page::{Page, Request};
use super::super::{Line, cost, json};
use super::NAME;
use super::wire::Event;
use crate::model::{
    ActivityKey, Facts, Instant, Meaning, MessageKey, Payer, Plan, RejectReason, Reported, RequestKey, Who,
    hash64,
};

/// The version of the format.
const VERSION: u64 = 1;

/// Sessions of one file that are open at once.
const OPEN: usize = 256;

/// What the events of a file have said so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// The program, by the first start.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
    /// The session of the latest start.
    #[serde(rename = "c", skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(rename = "s", skip_serializing_if = "BTreeMap::is_empty")]
    open: BTreeMap<String, Open>,
}

/// A session that was started and has not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Open {
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
}

/// Reads one file in its order.
pub(super) struct Decoder<'a> {
    pub(super) memory: &'a mut Memory,
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
        let event: Event<'_> = json::parse(bytes, &mut spare)?;
        match event.kind.get() {
            Some("start") => self.start(&event),
            Some("activity") => self.activity(&event, line.offset),
            Some("usage") => self.usage(&event, line.offset),
            Some("end") => self.end(&event),
            Some(_) => Ok(()),
            None => Err(RejectReason::Shape),
        }
    }

    fn start(&mut self, event: &Event<'_>) -> Result<(), RejectReason> {
        at(event)?;
        let agent = event.agent.get().filter(|agent| is_free(agent)).ok_or(RejectReason::Shape)?;
        let session = event.session.get().ok_or(RejectReason::Shape)?;
        let memory = &mut *self.memory;
        let is_other = memory.agent.as_deref().is_some_and(|known| known != agent);
        let is_new = !memory.open.contains_key(session);
        if event.v != Count::Is(VERSION) || is_other || (is_new && memory.open.len() >= OPEN) {
            return Err(RejectReason::Shape);
        }
        memory.agent = Some(agent.to_owned());
        memory.current = Some(session.to_owned());
        let open = memory.open.entry(session.to_owned()).or_default();
        open.parent = event.parent.get().filter(|parent| *parent != session).map(str::to_owned);
        open.go(event);
        Ok(())
    }

    fn end(&mut self, event: &Event<'_>) -> Result<(), RejectReason> {
        at(event)?;
        let session = self.session(event)?;
        self.memory.open.remove(&session);
        if self.memory.current.as_ref() == Some(&session) {
            self.memory.current = None;
        }
        Ok(())
    }

    fn activity(&mut self, event: &Event<'_>, offset: u64) -> Result<(), RejectReason> {
        let who = match event.who.get() {
            Some("agent") => Who::Agent,
            Some("tool") => Who::Tool,
            Some("prompt") => Who::Prompt,
            Some("script") => Who::Script,
            _ => return Err(RejectReason::Shape),
        };
        let took = match event.took_ms {
            Count::Is(took) if who != Who::Prompt => u32::try_from(took).unwrap_or(u32::MAX),
            _ => 0,
        };
        self.act(event, who, took, offset)
    }

    fn usage(&mut self, event: &Event<'_>, offset: u64) -> Result<(), RejectReason> {
        let id = event.id.get().ok_or(RejectReason::Shape)?.to_owned();
        // An answer is work of the model.
        self.act(event, Who::Agent, 0, offset)?;
        let (at, session) = (at(event)?, self.session(event)?);
        let agent = self.memory.agent.clone().unwrap_or_default();
        let charged = match &event.charged_usd {
            Text::Absent => None,
            Text::Is(text) => Some(cost::decimal(text).ok_or(RejectReason::Shape)?),
            Text::Odd => return Err(RejectReason::Shape),
        };
        let root = self.root(&session).to_owned();
        let payer = match event.payer.get() {
            Some("subscription") => Some(Payer::Subscription),
            Some("metered") => Some(Payer::Metered),
            _ => None,
        };
        if let Some(payer) = payer {
            let session = self.facts.names.intern(&root);
            self.facts.plans.push(Plan { session, at, payer });
        }
        let reported = charged.map(|usd| Reported { usd, meaning: Meaning::Charged });
        let mut page = self.page(&session, offset).by(event.provider.get()).costing(reported);
        page.request(&Request {
            message: MessageKey::new(&agent, &format!("{session}:{id}")),
            key: RequestKey::with_line(&agent, &session, &id),
            at,
            model: event.model.get(),
            tokens: event.tokens(),
            quality: event.quality(),
        });
        Ok(())
    }

    fn act(&mut self, event: &Event<'_>, who: Who, took: u32, offset: u64) -> Result<(), RejectReason> {
        let (at, session) = (at(event)?, self.session(event)?);
        if let Some(open) = self.memory.open.get_mut(&session) {
            open.go(event);
        }
        let agent = self.memory.agent.as_deref().unwrap_or_default();
        let of = event.id.get().unwrap_or_default();
        let parts = [
            b"activity",
            agent.as_bytes(),
            session.as_bytes(),
            &[who as u8],
            of.as_bytes(),
            &at.millis().to_be_bytes(),
        ];
        let key = ActivityKey(hash64(&parts));
        self.page(&session, offset).act(key, at, who, took);
        Ok(())
    }

    /// The session that an event is of: the one it names, else that of the latest start. It must be open.
    fn session(&self, event: &Event<'_>) -> Result<String, RejectReason> {
        let session = event.session.get().or(self.memory.current.as_deref());
        let open = session.filter(|session| self.memory.open.contains_key(*session));
        open.map(str::to_owned).ok_or(RejectReason::Shape)
    }

    /// The session at the root. One whose parent is in another file, or has ended, is the parent's by its own word.
    fn root<'s>(&'s self, session: &'s str) -> &'s str {
        let mut root = session;
        for _ in 0..OPEN {
            match self.memory.open.get(root).and_then(|open| open.parent.as_deref()) {
                Some(parent) => root = parent,
                None => return root,
            }
        }
        session
    }

    fn page(&mut self, session: &str, offset: u64) -> Page<'_> {
        let root = self.root(session).to_owned();
        let open = self.memory.open.get(session);
        let (dir, branch) = open.map_or((None, None), |open| (open.dir.as_deref(), open.branch.as_deref()));
        Page::new(self.facts, &root, dir, offset).on(branch)
    }
}

impl Open {
    /// Where the session works from now on.
    fn go(&mut self, event: &Event<'_>) {
        for (known, said) in [(&mut self.dir, &event.dir), (&mut self.branch, &event.branch)] {
            if let Some(said) = said.get() {
                *known = Some(said.to_owned());
            }
        }
    }
}

fn at(event: &Event<'_>) -> Result<Instant, RejectReason> {
    event.at.get().and_then(Instant::parse).ok_or(RejectReason::NoInstant)
}

/// A name in kebab-case that is no other source's: what that agent logs itself would be billed twice.
fn is_free(agent: &str) -> bool {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = agent.len() <= 40 && agent.chars().all(kebab) && !agent.starts_with('-');
    is_name && agent != NAME && super::super::all().iter().all(|source| source.agent().as_str() != agent)
}

//! From a line to its facts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::page::{Page, Request};
use super::super::{Line, json};
use super::Declared;
use super::pointers::{at, text};
use crate::model::{ActivityKey, Facts, MessageKey, Quality, RejectReason, RequestKey, Who, hash64, hash128};

/// Directories of the sessions of one file that are remembered.
const SESSIONS: usize = 256;

/// What the lines of a file have said so far: many logs name session and directory in their first line alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// The session of the latest line that named one.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// Where each session works.
    #[serde(rename = "d", skip_serializing_if = "BTreeMap::is_empty")]
    dirs: BTreeMap<String, String>,
}

impl Declared {
    /// Adds what `line` holds.
    pub(super) fn line(
        &self,
        claimed: Option<&str>,
        memory: &mut Memory,
        line: Line<'_>,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let value: Value = json::parse(bytes, &mut spare)?;
        let pointers = &self.pointers;
        if let Some(session) = text(&value, pointers.session.as_deref()) {
            memory.session = Some(session);
        }
        let session = memory.session.clone().or_else(|| claimed.map(str::to_owned));
        let session = session.ok_or(RejectReason::Shape)?;
        memory.learn(&session, text(&value, pointers.cwd.as_deref()));
        let (who, tokens) = (self.who(&value), pointers.tokens(&value));
        if who.is_none() && tokens.is_none() {
            return Ok(());
        }
        let at = pointers.instant(&value).ok_or(RejectReason::NoInstant)?;
        let agent = self.agent.as_str();
        let mut page = Page::new(facts, &session, memory.dirs.get(&session).map(String::as_str), line.offset);
        if let Some(who) = who {
            // A line is one of a kind with its instant in it, in a copy too.
            let key = ActivityKey(hash64(&[b"activity", agent.as_bytes(), session.as_bytes(), bytes]));
            page.act(key, at, who, 0);
        }
        if let Some(tokens) = tokens {
            let id = text(&value, pointers.request.as_deref());
            let id = id.unwrap_or_else(|| format!("{:032x}", hash128(&[b"declared", bytes])));
            page.request(&Request {
                message: MessageKey::new(agent, &format!("{session}:{id}")),
                key: RequestKey::with_line(agent, &session, &id),
                at,
                model: text(&value, pointers.model.as_deref()).as_deref(),
                tokens,
                quality: Quality::Exact,
            });
        }
        Ok(())
    }

    /// By the value that stands there. Where no pointer says it, a line with counts is the model's.
    fn who(&self, line: &Value) -> Option<Who> {
        let Some(pointer) = self.pointers.who.as_deref() else {
            return self.pointers.tokens(line).map(|_| Who::Agent);
        };
        let said = match at(line, Some(pointer))? {
            Value::String(text) => text.clone(),
            other @ (Value::Bool(_) | Value::Number(_)) => other.to_string(),
            _ => return None,
        };
        self.who.get(&said).copied()
    }
}

impl Memory {
    fn learn(&mut self, session: &str, dir: Option<String>) {
        let Some(dir) = dir else { return };
        if !self.dirs.contains_key(session) && self.dirs.len() >= SESSIONS {
            self.dirs.pop_first();
        }
        self.dirs.insert(session.to_owned(), dir);
    }
}

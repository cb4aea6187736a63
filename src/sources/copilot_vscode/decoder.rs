//! From a chat or a line of its journal to its facts.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose};
use super::super::page::Page;
use super::super::{Line, NotWhole, json, stamp};
use super::AGENT;
use crate::model::{ActivityKey, Facts, Instant, RejectReason, Who, hash64};

/// Requests of a journal that are known; a later one cannot be told when it ends.
const REQUESTS: usize = 2000;

/// What is known of the chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// The folder that is open.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    /// When each request was sent, milliseconds; 0: it does not say.
    #[serde(rename = "r", skip_serializing_if = "Vec::is_empty")]
    sent: Vec<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Chat<'a> {
    #[serde(borrow)]
    requests: List<Request<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Request<'a> {
    /// Milliseconds.
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    result: Loose<Outcome>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Outcome {
    timings: Loose<Timings>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Timings {
    /// Milliseconds from the request to the end of its answer.
    total_elapsed: Count,
}

/// A change of the chat: 0 all of it, 1 a value, 2 elements at the end of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Change<'a> {
    kind: Count,
    /// Where: names and indices.
    k: Vec<Value>,
    #[serde(borrow)]
    v: Option<&'a RawValue>,
}

impl Outcome {
    fn took(&self) -> Option<i64> {
        match self.timings.get()?.total_elapsed {
            Count::Is(took) if took > 0 => i64::try_from(took).ok(),
            _ => None,
        }
    }
}

impl Memory {
    /// Adds what a chat that is written as a whole holds.
    pub(super) fn document(
        &mut self,
        session: Option<&str>,
        bytes: &[u8],
        facts: &mut Facts,
    ) -> Result<(), NotWhole> {
        let mut spare = String::new();
        let chat: Chat<'_> = json::parse(json::trimmed(bytes), &mut spare).map_err(|_| NotWhole)?;
        facts.lines += 1;
        if let Some(session) = session {
            self.all(&chat, session, 0, facts);
        }
        Ok(())
    }

    /// Adds what a line of a journal holds.
    pub(super) fn line(
        &mut self,
        session: Option<&str>,
        line: Line<'_>,
        facts: &mut Facts,
    ) -> Result<(), RejectReason> {
        let bytes = json::trimmed(line.bytes);
        if bytes.is_empty() {
            return Ok(());
        }
        let mut spare = String::new();
        let change: Change<'_> = json::parse(bytes, &mut spare)?;
        let session = session.ok_or(RejectReason::Shape)?;
        let Some(value) = change.v.map(RawValue::get) else { return Ok(()) };
        let place: Vec<&str> = change.k.iter().filter_map(Value::as_str).collect();
        let index = change.k.get(1).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
        match (change.kind, place.as_slice(), index) {
            (Count::Is(0), ..) => {
                let chat = serde_json::from_str(value).map_err(|_| RejectReason::Shape)?;
                self.all(&chat, session, line.offset, facts);
            }
            (Count::Is(1), ["requests"], None) => {
                let requests = serde_json::from_str(value).map_err(|_| RejectReason::Shape)?;
                self.all(&Chat { requests }, session, line.offset, facts);
            }
            (Count::Is(2), ["requests"], None) => {
                let requests: List<Request<'_>> =
                    serde_json::from_str(value).map_err(|_| RejectReason::Shape)?;
                for request in &requests.0 {
                    self.request(request.as_ref(), session, line.offset, facts);
                }
            }
            (Count::Is(1), ["requests", "result"], Some(index)) => {
                let result: Loose<Outcome> = serde_json::from_str(value).map_err(|_| RejectReason::Shape)?;
                if let Some(sent) = self.sent.get(index).copied().filter(|sent| *sent > 0) {
                    self.end(sent, result.get(), session, line.offset, facts);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn all(&mut self, chat: &Chat<'_>, session: &str, offset: u64, facts: &mut Facts) {
        self.sent.clear();
        for request in &chat.requests.0 {
            self.request(request.as_ref(), session, offset, facts);
        }
    }

    fn request(&mut self, request: Option<&Request<'_>>, session: &str, offset: u64, facts: &mut Facts) {
        let at = request.and_then(|request| stamp::millis(request.timestamp));
        if self.sent.len() < REQUESTS {
            self.sent.push(at.map_or(0, Instant::millis));
        }
        let (Some(request), Some(at)) = (request, at) else { return };
        self.act(at, Who::Prompt, session, offset, facts);
        self.end(at.millis(), request.result.get(), session, offset, facts);
    }

    fn end(&self, sent: i64, result: Option<&Outcome>, session: &str, offset: u64, facts: &mut Facts) {
        if let Some(end) = result.and_then(Outcome::took).and_then(|took| sent.checked_add(took)) {
            self.act(Instant::from_millis(end), Who::Agent, session, offset, facts);
        }
    }

    fn act(&self, at: Instant, who: Who, session: &str, offset: u64, facts: &mut Facts) {
        let parts =
            [b"activity", AGENT.as_bytes(), session.as_bytes(), &[who as u8], &at.millis().to_be_bytes()];
        let key = ActivityKey(hash64(&parts));
        Page::new(facts, session, self.dir.as_deref(), offset).act(key, at, who, 0);
    }
}

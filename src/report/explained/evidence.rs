//! What an explanation is made from, gathered by others.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::document::{PlaceLine, Source};
use crate::ledger::days::Calendar;
use crate::ledger::due::{self, Sheet};
use crate::ledger::spans::{Event, Gap, Gaps};
use crate::ledger::stretches::Stretch;
use crate::model::{Day, Instant, Link, RequestRef, Tokens, Usd};

/// A session with all that is known of it.
pub struct Evidence<'a> {
    /// Its agent.
    pub agent: &'a str,
    /// The agent's own id.
    pub session: &'a str,
    /// Local days.
    pub calendar: &'a Calendar,
    /// The limits of the time rule.
    pub limits: Gaps,
    /// The cut-off.
    pub since: Option<Instant>,
    /// Events after it wait for their instant.
    pub horizon: Instant,
    /// `time.min_seconds`.
    pub min_seconds: u64,
    /// `time.max_seconds`.
    pub max_seconds: Option<u64>,
    /// Its facts with their places.
    pub ledger: &'a due::Session,
    /// What waits.
    pub sheet: &'a Sheet,
    /// Its events, in order.
    pub events: &'a [Event],
    /// What lies between them.
    pub gaps: &'a [Gap],
    /// Stretches on entries, in order, each with the entry's id.
    pub held: &'a [Held],
    /// What records hold of its requests, each with the record's id.
    pub bills: &'a HashMap<RequestRef, Vec<Bill>>,
    /// The groups of the queue that its waiting work is in.
    pub groups: &'a dyn Fn(&due::WaitingKey) -> Option<String>,
    /// Its places.
    pub places: &'a [PlaceLine],
    /// The place of each request, by its index in `ledger`.
    pub request_places: &'a [Option<usize>],
    /// The place of each span, by its index in `ledger`.
    pub span_places: &'a [Option<usize>],
    /// Where facts stand.
    pub origins: &'a Origins,
    /// The price of a request's tokens, taken apart.
    pub price: &'a dyn Fn(&due::Request, &Tokens) -> Value,
    /// The cost of a request as a report has it: what is priced, and whether something is not.
    pub cost: &'a dyn Fn(&due::Request) -> (Option<Usd>, bool),
}

/// A stretch on an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Unix seconds.
    pub stretch: Stretch,
    /// The entry.
    pub id: Arc<str>,
}

/// What a record holds of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// The record.
    pub id: Arc<str>,
    /// The tokens.
    pub tokens: Tokens,
    /// Their frozen cost; `None`: found at Keito, which has only the sum.
    pub usd: Option<Usd>,
    /// The price row.
    pub price: String,
}

/// Where facts stand in the logs.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    /// Requests.
    pub requests: HashMap<RequestRef, Source>,
    /// Events, by content key.
    pub events: HashMap<u64, Source>,
}

/// What of a session an explanation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Only {
    /// All of it.
    All,
    /// What lies on a local day.
    Day(Day),
    /// What is on an entry or an expense, with what lies between its stretches.
    Record {
        /// Its id.
        id: Arc<str>,
        /// It is an entry: its requests are those of its day and link, as information.
        entry: Option<(Day, Link)>,
    },
    /// What waits in a group of the queue.
    Group {
        /// Its id.
        id: String,
        /// Of time.
        time: bool,
    },
}

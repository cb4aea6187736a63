//! What is on no record yet, and why: for status and queue, and for a person who decides on it.

use std::sync::Arc;

use super::held::Held;
use super::stretches::{self, Stretch};
use crate::model::{Day, Instant, Link, RequestKey, Tokens, Usd};

/// Work that is not on a record yet, for status and queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waiting {
    /// Due once the session has settled.
    Open,
    /// Held.
    Held(Held),
    /// Never sent.
    Excluded,
}

/// A row of [`Sheet::waiting`](super::due::Sheet::waiting).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// Seconds of time.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Their price, where there is one.
    pub usd: Option<Usd>,
    /// The requests themselves.
    pub items: Vec<Waits>,
    /// The time itself.
    pub stretches: Vec<Stretch>,
}

impl Sum {
    /// Adds time.
    pub fn time(&mut self, parts: &[Stretch]) {
        self.seconds += stretches::seconds(parts);
        self.stretches.extend(parts);
    }
}

/// A request that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// Its key.
    pub key: RequestKey,
    /// Its instant.
    pub at: Instant,
    /// What of it waits.
    pub tokens: Tokens,
    /// It is billed, and this is what it grew by since.
    pub excess: bool,
}

/// What a row of [`Sheet::waiting`](super::due::Sheet::waiting) is about: expense or entry, day, link, model (empty for time), why.
pub type WaitingKey = (bool, Day, Option<Link>, Arc<str>, Waiting);

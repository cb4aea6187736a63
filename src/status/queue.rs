//! The queue as a value: records, and groups of work on no record yet.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::QueueCounts;
use crate::report::TokenCounts;

/// State of an item, in the order in which a person wants to see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueState {
    /// Two records, or a foreign one, for the same facts.
    Conflict,
    /// Refused for good.
    Dead,
    /// Held until its reason is gone.
    Held,
    /// Perhaps applied.
    Unknown,
    /// Perhaps applied, and one reading did not show it.
    Reconciling,
    /// On the wire.
    Sending,
    /// Sealed, not sent.
    Pending,
    /// Not sealed yet.
    Open,
    /// Never sent.
    Excluded,
    /// Given up by a person.
    Discarded,
    /// At Keito.
    Done,
}

impl QueueState {
    /// All states.
    pub const ALL: [Self; 11] = [
        Self::Conflict,
        Self::Dead,
        Self::Held,
        Self::Unknown,
        Self::Reconciling,
        Self::Sending,
        Self::Pending,
        Self::Open,
        Self::Excluded,
        Self::Discarded,
        Self::Done,
    ];

    /// The word in JSON and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Dead => "dead",
            Self::Held => "held",
            Self::Unknown => "unknown",
            Self::Reconciling => "reconciling",
            Self::Sending => "sending",
            Self::Pending => "pending",
            Self::Open => "open",
            Self::Excluded => "excluded",
            Self::Discarded => "discarded",
            Self::Done => "done",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Sealed and neither at Keito nor given up.
    #[must_use]
    pub const fn is_unfinished(self) -> bool {
        matches!(self, Self::Pending | Self::Sending | Self::Unknown | Self::Reconciling)
    }

    /// What a person can do about it, where the state alone says it.
    #[must_use]
    pub const fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Conflict => {
                Some("compare with Keito by `keitod queue show ID`, then `keitod queue discard ID`")
            }
            Self::Dead => {
                Some("see why with `keitod queue show ID`, then `keitod queue retry ID`, or discard it")
            }
            _ => None,
        }
    }
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueFilter {
    /// These states; none: all but `done`, `discarded` and `excluded`.
    pub states: Vec<QueueState>,
    /// At most so many.
    pub limit: usize,
}

impl Default for QueueFilter {
    fn default() -> Self {
        Self { states: Vec::new(), limit: 200 }
    }
}

impl QueueFilter {
    /// Whether an item of this state is listed.
    #[must_use]
    pub fn wants(&self, state: QueueState) -> bool {
        if self.states.is_empty() { state < QueueState::Excluded } else { self.states.contains(&state) }
    }
}

/// A record, or a group of work on no record yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueItem {
    /// `k1…` of a record, `h…` of a group.
    pub id: String,
    /// `entry` or `expense`.
    pub kind: String,
    /// State.
    pub state: QueueState,
    /// Agent; null if the logs are not here.
    pub agent: Option<String>,
    /// The agent's own session id; null if the logs are not here.
    pub session: Option<String>,
    /// Local day.
    pub day: String,
    /// Keito project; null without a link.
    pub project: Option<String>,
    /// Its name, as Keito listed it last; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_name: Option<String>,
    /// Keito task; null without a link.
    pub task: Option<String>,
    /// Its name, as Keito listed it last; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_name: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// Part of a record.
    pub part: Option<u32>,
    /// Hours of time, as they are sent.
    pub hours: Option<String>,
    /// Amount of an expense in the workspace's currency, as it is sent.
    pub amount: Option<String>,
    /// Exact seconds.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Exact cost, as far as it is priced.
    pub cost_usd: Option<String>,
    /// Why it is held, dead, in conflict, waiting or closed.
    pub reason: Option<String>,
    /// More of the reason: which project is closed, and why; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person can do.
    pub remedy: Option<String>,
    /// Attempts of the latest write.
    pub attempts: u32,
    /// When the latest write may leave; null if it need not.
    pub next_at: Option<String>,
    /// Keito's id.
    pub remote_id: Option<String>,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Always 1.
    pub schema_version: u32,
    /// Of the whole queue, whatever is listed.
    pub counts: QueueCounts,
    /// What was asked for.
    pub items: Vec<QueueItem>,
}

/// One item in full.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueueDetail {
    /// Always 1.
    pub schema_version: u32,
    /// As it is listed.
    pub item: QueueItem,
    /// Of a record.
    pub record: Option<RecordDetail>,
    /// Its writes, oldest first.
    pub writes: Vec<WriteDetail>,
    /// Why a group is `unproven`: both totals of each record that does not add up.
    pub unproven: Vec<UnprovenDetail>,
}

/// More of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDetail {
    /// `live`, `closed` (does not grow any more) or `deleted` (by a person, at Keito).
    pub state: String,
    /// Holds only what requests grew by after they were billed.
    pub excess: bool,
    /// Found at Keito.
    pub adopted: bool,
    /// Found at Keito, its coverage not fully proven.
    pub assumed: bool,
    /// First instant covered.
    pub first_at: Option<String>,
    /// Last instant covered.
    pub last_at: Option<String>,
    /// Last 2xx of a write.
    pub answered_at: Option<String>,
    /// Last seen in a listing.
    pub listed_at: Option<String>,
    /// Local requests that it bills.
    pub billed_requests: u64,
}

/// A write.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct WriteDetail {
    /// `POST` or `PATCH`.
    pub method: String,
    pub state: QueueState,
    pub reason: Option<String>,
    pub attempts: u32,
    /// Seconds that the entry has after it.
    pub seconds: u64,
    pub sealed_at: Option<String>,
    pub next_at: Option<String>,
    pub sent_at: Option<String>,
    pub ended_at: Option<String>,
    pub absent_at: Option<String>,
    pub done_at: Option<String>,
    pub idempotency_key: String,
    /// The bytes, as they leave.
    pub body: Option<Box<RawValue>>,
}

/// A record at Keito and the local requests that it should cover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnprovenDetail {
    /// Its `keitod_id`.
    pub record: String,
    /// Tokens on it.
    pub posted: TokenCounts,
    /// Tokens of the local requests.
    pub local: TokenCounts,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_word_in_json_too() {
        for state in QueueState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.word());
            assert_eq!(QueueState::parse(state.word()), Some(state));
        }
    }
}

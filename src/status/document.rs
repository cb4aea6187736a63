//! The status document, key for key as `contract/status.json`. Instants are RFC 3339 in UTC, money is decimal digits,
//! seconds, bytes and tokens are integers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Drift;
use crate::report::TokenCounts;

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Always 1.
    pub schema_version: u32,
    /// Of the daemon.
    pub version: String,
    /// Process id; null if no daemon runs.
    pub pid: Option<u32>,
    /// Start of the daemon.
    pub started_at: Option<String>,
    /// Since then.
    pub uptime_seconds: u64,
    /// In one word.
    pub state: State,
    /// Why it is not `running`.
    pub reasons: Vec<Reason>,
    /// The first full scan is done, every known file is read to its last newline, and nothing is due.
    pub caught_up: bool,
    /// Zone of local days.
    pub timezone: Option<String>,
    /// The cut-off, with the offset of its zone.
    pub since: Option<String>,
    /// By agent.
    pub sources: Vec<Source>,
    /// Numbers of the local day.
    pub today: Today,
    /// Counts of the queue.
    pub queue: QueueCounts,
    /// The line to Keito.
    pub keito: KeitoLine,
    /// The last comparison of both sides; null before the first.
    pub last_audit: Option<Audit>,
    /// Agents and models of the last 30 days whose own costs are not those of our price list; absent if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub price_drift: Vec<Drift>,
    /// Why fetched price tables are not used, a message each; absent if all are good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices_unused: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// It is about progress, not about being alive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is wrong.
    #[default]
    Running,
    /// No delivery at all.
    Paused,
    /// Something is held or wrong; the rest goes on.
    Degraded,
}

impl State {
    /// The word in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Degraded => "degraded",
        }
    }
}

/// Something that a person may want to know of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// One of the codes of the status; programs may rely on it.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub remedy: String,
}

/// One agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub agent: String,
    /// Directories that are watched.
    pub roots: Vec<String>,
    /// Files that were read.
    pub files: u64,
    /// Sessions in them.
    pub sessions: u64,
    /// Bytes up to the last newline that are not read yet.
    pub lag_bytes: u64,
    /// Lines that could not be read.
    pub rejected_lines: u64,
    /// `native`, `poll` or `off`.
    pub watcher: String,
    /// Seconds between full scans as things stand: more, the longer events have told of every change. Absent before the
    /// first one is through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scan_seconds: Option<u64>,
    /// The latest instant in any of its logs.
    pub last_event_at: Option<String>,
    /// Why this agent is stopped.
    pub alarm: Option<String>,
}

/// The local day so far. Time as a report's totals have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Today {
    pub day: String,
    pub agent_seconds: u64,
    pub wall_seconds: u64,
    pub human_seconds: u64,
    pub dropped_seconds: u64,
    pub below_min_seconds: u64,
    pub capped_seconds: u64,
    /// Most sessions with agent time at one instant.
    pub max_concurrency: u64,
    /// Null if nothing is priced.
    pub cost_usd: Option<String>,
    pub unpriced_requests: u64,
    /// Absent if there are none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unpriced_tokens: u64,
    pub requests: u64,
    pub tokens: TokenCounts,
}

/// Records by the state of their latest write, and groups of work on no record yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCounts {
    /// Groups that are neither sealed nor held.
    pub open: u64,
    /// Sealed, not sent.
    pub pending: u64,
    /// On the wire.
    pub sending: u64,
    /// Perhaps applied.
    pub unknown: u64,
    /// Perhaps applied, and one reading did not show it.
    pub reconciling: u64,
    /// At Keito.
    pub done: u64,
    /// Refused for good.
    pub dead: u64,
    /// Two records, or a foreign one, for the same facts.
    pub conflict: u64,
    /// Held groups by reason.
    pub held: BTreeMap<String, u64>,
    /// Their time.
    pub held_seconds: u64,
    /// Their cost, as far as it is priced.
    pub held_usd: String,
    /// Time that is never sent.
    pub excluded_seconds: u64,
    /// Cost that is never sent.
    pub excluded_usd: String,
    /// How long the oldest of what is due has been waiting.
    pub oldest_due_seconds: u64,
}

/// Which kinds came back in a listing as they were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Proved {
    pub entries: bool,
    pub expenses: bool,
}

/// The line to Keito.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeitoLine {
    /// Scheme and host.
    pub origin: Option<String>,
    /// Company; null without credentials.
    pub account_id: Option<String>,
    /// From `/users/me`.
    pub user_id: Option<String>,
    /// What is proved.
    pub proved: Proved,
    /// The last good answer.
    pub last_ok_at: Option<String>,
    /// When the next request leaves that waits for its time.
    pub next_attempt_at: Option<String>,
    /// `closed`, `open` or `half_open`.
    pub breaker: String,
    /// Reason code of a pause.
    pub paused: Option<String>,
    /// Of the last minute.
    pub requests_last_minute: u32,
    /// The limit in force.
    pub requests_per_minute: u32,
    /// Decimals of amounts, learned from a workspace that keeps fewer than were sent; else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_decimals: Option<u32>,
}

/// The outcome of an audit, in records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// When.
    pub at: String,
    /// Ours, not at Keito.
    pub missing: u64,
    /// At Keito with our mark, unknown here.
    pub extra: u64,
    /// Twice at Keito.
    pub duplicate: u64,
    /// Different numbers.
    pub drift: u64,
}

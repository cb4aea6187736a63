//! What the store knows of the status.

use super::{QueueCounts, QueueState};
use crate::model::{Instant, Usd};

/// From one moment of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// The queue.
    pub queue: QueueCounts,
    /// Held work by reason and model.
    pub held: Vec<HeldCount>,
    /// Dead records and conflicts by reason.
    pub refused: Vec<Refused>,
    /// Kinds of which a probe is unsettled and no listing has proved itself: `entry`, `expense`.
    pub unproved: Vec<String>,
    /// By agent, sorted.
    pub sources: Vec<SourceCounts>,
    /// Rejected lines of files in which something happened within a day.
    pub recent_rejects: u64,
    /// Sessions with work that wanted to be sealed by now.
    pub ready: u64,
    /// Spans of a session are not computed yet.
    pub changing: bool,
    /// What is due of a session is not computed yet.
    pub unchecked: bool,
}

/// Held groups of one reason and model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeldCount {
    /// Reason code.
    pub reason: String,
    /// Model; empty for time.
    pub model: String,
    /// Groups: each would be a record.
    pub records: u64,
    /// Requests in them.
    pub requests: u64,
    /// Their tokens, of all classes.
    pub tokens: u64,
    /// Seconds in them.
    pub seconds: u64,
    /// Their cost, as far as it is priced.
    pub usd: Usd,
}

/// Records that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Dead or conflict.
    pub state: QueueState,
    /// Why.
    pub reason: String,
    /// How many.
    pub records: u64,
}

/// What was read of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceCounts {
    /// Its name.
    pub agent: String,
    /// Files that were read.
    pub files: u64,
    /// Sessions.
    pub sessions: u64,
    /// Lines that could not be read.
    pub rejected_lines: u64,
    /// The latest instant in its logs.
    pub last_event_at: Option<Instant>,
    /// Why it is stopped.
    pub alarm: Option<String>,
}

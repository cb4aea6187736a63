//! The list of sessions.

use serde::Serialize;

use crate::model::Tokens;

/// Token counts as JSON has them outside of reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[allow(missing_docs)]
pub struct TokenCounts {
    pub input: u64,
    pub cache_read: u64,
    pub cache_write_5m: u64,
    pub cache_write_1h: u64,
    pub output: u64,
    pub reasoning: u64,
}

impl From<Tokens> for TokenCounts {
    fn from(tokens: Tokens) -> Self {
        Self {
            input: tokens.input,
            cache_read: tokens.cache_read,
            cache_write_5m: tokens.cache_write_5m,
            cache_write_1h: tokens.cache_write_1h,
            output: tokens.output,
            reasoning: tokens.reasoning,
        }
    }
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionLine {
    /// Its agent.
    pub agent: String,
    /// The agent's own id.
    pub session: String,
    /// First instant in its log, RFC 3339.
    pub first_at: String,
    /// Last instant in its log, RFC 3339.
    pub last_at: String,
    /// Requests that it owns.
    pub requests: u64,
    /// Their tokens.
    pub tokens: TokenCounts,
    /// Seconds of agent spans, before any minimum or cap.
    pub agent_seconds: u64,
    /// Seconds of waiting for a person.
    pub human_seconds: u64,
    /// Seconds that do not count.
    pub dropped_seconds: u64,
    /// Models, sorted.
    pub models: Vec<String>,
    /// Last segment of each working directory, sorted.
    pub dirs: Vec<String>,
    /// The whole paths, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// Bytes of its files that are known and not read yet.
    pub lag_bytes: u64,
}

/// The newest sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionList {
    /// Always 1.
    pub schema_version: u32,
    /// Newest first.
    pub sessions: Vec<SessionLine>,
}

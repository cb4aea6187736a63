//! What became of a request, sorted by what the caller may conclude. `keito` produces it, `deliver` decides on it.

use std::time::Duration;

/// The outcome of one HTTP request. For a POST the question is always the same: was it applied?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// 2xx with a body that was understood.
    Applied(T),
    /// 2xx, but the body was cut, empty or had no id (202 and 204 included): applied, the id is unknown.
    AppliedUnread {
        /// HTTP status.
        status: u16,
    },
    /// The request certainly did not reach the application.
    NotSent(Unsent),
    /// It may have been applied: timeout or reset after the connection stood, 408, 500, 502, 504, …
    Unknown {
        /// HTTP status, if an answer came at all.
        status: Option<u16>,
        /// For people, without addresses or secrets.
        why: String,
        /// What the server asked for in `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// Answered with a status that says: not applied.
    Refused(Refusal),
}

/// Why a request did not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsent {
    /// Name lookup, refused, unreachable, connect timeout, a TLS handshake that failed: retry later.
    Unreachable(String),
    /// The certificate is invalid or for another name: somebody is in between.
    Certificate(String),
}

/// A definite refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// The server's short code or label, if its body had one.
    pub code: Option<String>,
    /// The server's words, cut to 2 KiB, control characters and our credentials removed.
    pub message: String,
    /// The body was HTML: not the API (unknown route, captive portal, a proxy's page).
    pub html: bool,
    /// `Retry-After`, seconds or HTTP date, as a span from now.
    pub retry_after: Option<Duration>,
}

//! What was asked and what was answered, for tests.

use crate::model::Instant;
use axum::body::Bytes;
use axum::http::HeaderMap;
use std::collections::VecDeque;
use std::fmt;

/// A request as received. Never holds the key: `Authorization` and cookies are left out.
#[derive(Clone)]
pub struct Request {
    /// When it had been read to its end, by the sandbox's clock.
    pub at: Instant,
    /// Method, in capitals.
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query, without the question mark.
    pub query: Option<String>,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
    /// What the endpoint itself said; `None` while or if it was never asked. 2xx here means stored.
    pub handled: Option<u16>,
    /// What the client was told; `None` if the answer was cut or is still due.
    pub answered: Option<u16>,
}

impl Request {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        write!(f, "{} {}{query} {} -> ", self.method, self.path, self.text())?;
        write!(f, "handled {:?}, answered {:?}", self.handled, self.answered)
    }
}

pub(super) struct Journal {
    requests: VecDeque<Request>,
    /// Number of the request at the front.
    first: u64,
    capacity: usize,
}

/// The number of a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seq(u64);

impl Journal {
    pub(super) fn of(capacity: usize) -> Self {
        Self { requests: VecDeque::new(), first: 0, capacity: capacity.max(1) }
    }

    pub(super) fn begin(&mut self, request: Request) -> Seq {
        if self.requests.len() == self.capacity {
            self.requests.pop_front();
            self.first += 1;
        }
        self.requests.push_back(request);
        Seq(self.first + u64::try_from(self.requests.len()).unwrap_or(u64::MAX) - 1)
    }

    /// Notes on a request, unless it has left the journal.
    pub(super) fn note(&mut self, seq: Seq, note: impl FnOnce(&mut Request)) {
        let at = seq.0.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
        if let Some(request) = at.and_then(|at| self.requests.get_mut(at)) {
            note(request);
        }
    }

    pub(super) fn snapshot(&self) -> Vec<Request> {
        self.requests.iter().cloned().collect()
    }

    pub(super) fn clear(&mut self) {
        self.first += u64::try_from(self.requests.len()).unwrap_or(0);
        self.requests.clear();
    }
}

pub(super) fn kept_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let kept = headers.iter().filter(|(name, _)| !matches!(name.as_str(), "authorization" | "cookie"));
    kept.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

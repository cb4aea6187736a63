//! What an answer's status and body mean for the one question: was it applied? Pure.

use std::time::Duration;

use super::redact::Redactor;
use super::refusal::{Words, words};
use crate::deliver::{Outcome, Refusal, Unsent};

/// An answer as it came over the wire.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Content-Type` says HTML.
    pub(super) html: bool,
    pub(super) retry_after: Option<Duration>,
    /// Scheme, host and port of `Location`.
    pub(super) location: Option<String>,
    pub(super) body: Body,
}

/// The body, as far as it came.
#[derive(Debug)]
pub(super) enum Body {
    Whole(Vec<u8>),
    /// The connection or the time limit ended it.
    Cut,
    /// Longer than we read.
    TooLong,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A GET: an answer that cannot be read says nothing.
    Read,
    /// A POST or PATCH: a 2xx means applied, readable or not.
    Write,
}

/// Sorts an answer. `parse` gets the body of a 2xx and returns `None` if it cannot be read.
pub(super) fn classify<T>(
    answer: &Answer,
    kind: Kind,
    redactor: &Redactor,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Outcome<T> {
    let text = match &answer.body {
        Body::Whole(bytes) => std::str::from_utf8(bytes).ok(),
        Body::Cut | Body::TooLong => None,
    };
    let html = answer.html || text.is_some_and(looks_like_html);
    if (200..300).contains(&answer.status) {
        return success(answer, kind, html, redactor, text.and_then(parse));
    }
    let lossy = match &answer.body {
        Body::Whole(bytes) => String::from_utf8_lossy(bytes),
        Body::Cut | Body::TooLong => "".into(),
    };
    let words = words(&lossy, html, redactor);
    match answer.status {
        // Answered by the edge: the origin refused, did not answer the connection, or failed at TLS.
        521..=523 | 525 | 526 => {
            Outcome::NotSent(Unsent::Unreachable(told("the server's edge answered", answer.status, &words)))
        }
        300..=399 => refused(answer, html, redirected(answer, words)),
        // 503 is ambiguous from a proxy; with `Retry-After` and the API's own body the application refused it.
        503 if words.from_api && answer.retry_after.is_some() => refused(answer, html, words),
        501 | 505 | 511 => refused(answer, html, words),
        408 | 500..=599 => unknown(answer, &words),
        400..=499 => refused(answer, html, words),
        _ => unknown(answer, &words),
    }
}

fn success<T>(answer: &Answer, kind: Kind, html: bool, redactor: &Redactor, parsed: Option<T>) -> Outcome<T> {
    let status = answer.status;
    // 202 promises, 204 tells nothing: whatever their bodies hold is not the record as it was saved.
    let says_what_was_done = !matches!(status, 202 | 204);
    if let Some(value) = parsed.filter(|_| says_what_was_done) {
        return Outcome::Applied(value);
    }
    // A captive portal answers anything with its own page and 200.
    if status == 200 && html {
        let page = match &answer.body {
            Body::Whole(bytes) => words(&String::from_utf8_lossy(bytes), true, redactor),
            Body::Cut | Body::TooLong => Words::default(),
        };
        return refused(answer, true, page);
    }
    match kind {
        Kind::Write => Outcome::AppliedUnread { status },
        Kind::Read => {
            let why = match &answer.body {
                Body::Whole(_) => "the answer is not what was asked for",
                Body::Cut => "the answer was cut",
                Body::TooLong => "the answer is too long",
            };
            let why = format!("{why} (status {status})");
            Outcome::Unknown { status: Some(status), why, retry_after: answer.retry_after }
        }
    }
}

fn refused<T>(answer: &Answer, html: bool, words: Words) -> Outcome<T> {
    Outcome::Refused(Refusal {
        status: answer.status,
        code: words.code,
        message: words.message,
        html,
        retry_after: answer.retry_after,
    })
}

fn unknown<T>(answer: &Answer, words: &Words) -> Outcome<T> {
    Outcome::Unknown {
        status: Some(answer.status),
        why: told("the server answered", answer.status, words),
        retry_after: answer.retry_after,
    }
}

fn told(who: &str, status: u16, words: &Words) -> String {
    if words.message.is_empty() {
        format!("{who} {status}")
    } else {
        format!("{who} {status}: {}", words.message)
    }
}

/// A redirect is never followed, so its aim is what a person needs to correct the address.
fn redirected(answer: &Answer, words: Words) -> Words {
    match &answer.location {
        Some(origin) => Words { message: format!("redirected to {origin}: check keito.url"), ..words },
        None => words,
    }
}

fn looks_like_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(14).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

#[cfg(test)]
mod tests;

//! What can be asked for: read from a query string by the server, written to one by the client.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::model::Day;
use crate::report::{By, NotAKey};

/// A word in a query that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAQuestion {
    /// Not a key of a report.
    #[error(transparent)]
    By(#[from] NotAKey),
    /// The same key twice.
    #[error("`{0}` stands twice in the report keys: name each once")]
    Twice(By),
    /// Not a calendar day.
    #[error("`{0}` is no day: write it as 2026-05-31")]
    Day(String),
    /// An empty range.
    #[error("the range is empty: {from} is after {to}")]
    Range {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
}

/// `GET /v1/report`. A value exists only with distinct keys and a range that is not empty.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ReportWords")]
pub struct ReportQuery {
    by: Vec<By>,
    from: Option<Day>,
    to: Option<Day>,
}

impl ReportQuery {
    /// Rows by these keys (by day if there are none) over these days, both inclusive.
    ///
    /// # Errors
    /// If a key stands twice, or the range is empty.
    pub fn new(by: Vec<By>, from: Option<Day>, to: Option<Day>) -> Result<Self, NotAQuestion> {
        let by = if by.is_empty() { vec![By::Day] } else { by };
        if let Some((_, twice)) = by.iter().enumerate().find(|(at, key)| by[..*at].contains(key)) {
            return Err(NotAQuestion::Twice(*twice));
        }
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(NotAQuestion::Range { from, to }),
            _ => Ok(Self { by, from, to }),
        }
    }

    /// The keys, in the order asked for; never empty.
    #[must_use]
    pub fn by(&self) -> &[By] {
        &self.by
    }

    /// First day; `None`: from the beginning.
    #[must_use]
    pub const fn from(&self) -> Option<Day> {
        self.from
    }

    /// Last day; `None`: to the end.
    #[must_use]
    pub const fn to(&self) -> Option<Day> {
        self.to
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReportWords {
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl TryFrom<ReportWords> for ReportQuery {
    type Error = NotAQuestion;

    fn try_from(words: ReportWords) -> Result<Self, Self::Error> {
        let by = words.by.as_deref().unwrap_or("day").split(',').map(str::parse);
        let by = by.collect::<Result<_, NotAKey>>()?;
        Self::new(by, day(words.from)?, day(words.to)?)
    }
}

fn day(word: Option<String>) -> Result<Option<Day>, NotAQuestion> {
    word.map(|word| word.parse().map_err(|_| NotAQuestion::Day(word))).transpose()
}

/// `GET /v1/audit`: of the last 30 days and all later ones with records, or of these days. A value exists only with a
/// range that is not empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "AuditWords")]
pub struct AuditQuery {
    from: Option<Day>,
    to: Option<Day>,
}

impl AuditQuery {
    /// Of these days, both inclusive.
    ///
    /// # Errors
    /// If the range is empty.
    pub fn new(from: Option<Day>, to: Option<Day>) -> Result<Self, NotAQuestion> {
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(NotAQuestion::Range { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// First day; `None`: the usual one.
    #[must_use]
    pub const fn from(&self) -> Option<Day> {
        self.from
    }

    /// Last day; `None`: the last with records.
    #[must_use]
    pub const fn to(&self) -> Option<Day> {
        self.to
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuditWords {
    from: Option<String>,
    to: Option<String>,
}

impl TryFrom<AuditWords> for AuditQuery {
    type Error = NotAQuestion;

    fn try_from(words: AuditWords) -> Result<Self, Self::Error> {
        Self::new(day(words.from)?, day(words.to)?)
    }
}

/// `GET /v1/sessions`: all, or those of one agent, or the newest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsQuery {
    /// Only this agent's.
    pub agent: Option<String>,
    /// At most so many, newest first.
    pub limit: Option<u32>,
}

/// `GET /v1/queue`: all records, or those in one state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueQuery {
    /// A state (`pending`, `dead`, …) or `held`.
    pub state: Option<String>,
    /// At most so many, newest first.
    pub limit: Option<u32>,
}

/// `GET /v1/statusline`: the day, and what is asked of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatuslineQuery {
    /// A session's id, as its agent has it.
    pub session: Option<String>,
    /// A working directory, for the project of a session that is not known yet.
    pub dir: Option<String>,
}

/// A document that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// What keitod does now.
    Status,
    /// The day, a session and its project in a few numbers.
    Statusline(StatuslineQuery),
    /// The sessions.
    Sessions(SessionsQuery),
    /// The queue.
    Queue(QueueQuery),
    /// One record of it.
    Record(String),
    /// Where the numbers of a record, a session or a day came from.
    Explain(String),
    /// Time, tokens and cost.
    Report(ReportQuery),
    /// Both sides compared.
    Audit(AuditQuery),
}

impl Question {
    /// Path and query on the socket.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Status => "/v1/status".to_owned(),
            Self::Statusline(query) => {
                with("/v1/statusline", &[("session", query.session.clone()), ("dir", query.dir.clone())])
            }
            Self::Sessions(query) => with(
                "/v1/sessions",
                &[("agent", query.agent.clone()), ("limit", query.limit.map(|limit| limit.to_string()))],
            ),
            Self::Queue(query) => with(
                "/v1/queue",
                &[("state", query.state.clone()), ("limit", query.limit.map(|limit| limit.to_string()))],
            ),
            Self::Record(id) => format!("/v1/queue/{}", encoded(id)),
            Self::Explain(id) => format!("/v1/explain/{}", encoded(id)),
            Self::Audit(query) => with(
                "/v1/audit",
                &[
                    ("from", query.from.map(|day| day.to_string())),
                    ("to", query.to.map(|day| day.to_string())),
                ],
            ),
            Self::Report(query) => with(
                "/v1/report",
                &[
                    ("by", Some(query.by.iter().map(|by| by.word()).collect::<Vec<_>>().join(","))),
                    ("from", query.from.map(|day| day.to_string())),
                    ("to", query.to.map(|day| day.to_string())),
                ],
            ),
        }
    }
}

fn with(path: &str, pairs: &[(&str, Option<String>)]) -> String {
    let mut target = path.to_owned();
    let mut joint = '?';
    for (name, value) in pairs {
        if let Some(value) = value {
            target.push(joint);
            target.push_str(name);
            target.push('=');
            target.push_str(&encoded(value));
            joint = '&';
        }
    }
    target
}

/// Percent-encoding of all but RFC 3986's unreserved characters and the comma.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~,".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_request_line() {
        let report = |by: &[By], from: Option<&str>| {
            let from = from.map(|day| day.parse().unwrap());
            Question::Report(ReportQuery::new(by.to_vec(), from, None).unwrap()).target()
        };
        let agent = Question::Sessions(SessionsQuery { agent: Some("a b&c=ä".into()), limit: Some(3) });
        let cases = [
            (Question::Status.target(), "/v1/status"),
            (Question::Queue(QueueQuery::default()).target(), "/v1/queue"),
            (Question::Record("../x\r\nHost: y".into()).target(), "/v1/queue/..%2Fx%0D%0AHost%3A%20y"),
            (Question::Explain("codex/a b".into()).target(), "/v1/explain/codex%2Fa%20b"),
            (agent.target(), "/v1/sessions?agent=a%20b%26c%3D%C3%A4&limit=3"),
            (report(&[], None), "/v1/report?by=day"),
            (report(&[By::Day, By::Model], Some("2026-05-01")), "/v1/report?by=day,model&from=2026-05-01"),
        ];
        for (target, expected) in cases {
            assert_eq!(target, expected);
        }
    }

    #[test]
    fn a_report_that_makes_no_sense_does_not_exist() {
        let day = |text: &str| Some(text.parse().unwrap());
        assert!(ReportQuery::new(vec![By::Day, By::Day], None, None).is_err());
        assert!(ReportQuery::new(vec![], day("2026-05-02"), day("2026-05-01")).is_err());
        assert!(ReportQuery::new(vec![], day("2026-05-01"), day("2026-05-01")).is_ok());
    }
}

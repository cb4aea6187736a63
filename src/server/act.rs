//! What can be done about the outbox: said by the client, read by the server.

use serde::{Deserialize, Serialize};

use super::question::encoded;

/// An action of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Send a record again.
    Retry {
        /// As the queue shows it.
        id: String,
        /// Seal what is due anew instead of sending the same bytes.
        reseal: bool,
    },
    /// Give a record or held work up.
    Discard {
        /// As the queue shows it.
        id: String,
        /// Why; it is kept.
        reason: String,
    },
    /// Let work go that waits for review.
    Approve {
        /// As the queue shows it.
        id: String,
    },
    /// Cut days in another zone, from an instant on.
    SetZone {
        /// IANA name.
        zone: String,
        /// RFC 3339; `None`: now.
        from: Option<String>,
        /// Do it; else tell what it would do.
        sure: bool,
    },
    /// Have work before the cut-off sent.
    Backfill(Backfill),
    /// Map work after the fact.
    Assign(Box<Assign>),
    /// Let an agent go on that an alarm stopped.
    ApproveAgent {
        /// Its name.
        agent: String,
    },
    /// Send nothing any more.
    Pause,
    /// Send again.
    Resume,
}

/// The body of `POST /v1/queue/{id}/retry`.
#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryBody {
    pub(super) reseal: bool,
}

/// The body of `POST /v1/queue/{id}/discard`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DiscardBody {
    pub(super) reason: String,
}

/// The body of `POST /v1/set-zone`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ZoneBody {
    pub(super) zone: String,
    pub(super) from: Option<String>,
    pub(super) sure: bool,
}

/// The body of `POST /v1/backfill`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Backfill {
    /// First day.
    pub from: String,
    /// Last day; `None`: up to the cut-off.
    pub to: Option<String>,
    /// Only this agent's.
    pub agent: Option<String>,
    /// Only what goes to this project, by its id.
    pub project: Option<String>,
    /// Do it; else tell what it would send.
    pub sure: bool,
}

/// The body of `POST /v1/assign`: which work (all that is given must fit), and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assign {
    /// A session's id, or its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// A glob over directories; what is below them is meant too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dir: Option<String>,
    /// An agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// First local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last local day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// A project's id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// A task's id or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// To nobody.
    pub exclude: bool,
    /// Open entries at Keito too.
    #[serde(rename = "move")]
    pub moves: bool,
    /// The date for what is held `locked_period`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent_date: Option<String>,
    /// Only tell what would change; so it is unless said otherwise.
    pub preview: bool,
}

impl Default for Assign {
    fn default() -> Self {
        Self {
            session: None,
            dir: None,
            agent: None,
            from: None,
            to: None,
            project: None,
            task: None,
            exclude: false,
            moves: false,
            spent_date: None,
            preview: true,
        }
    }
}

impl Act {
    /// The word in documents.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Discard { .. } => "discard",
            Self::Approve { .. } => "approve",
            Self::SetZone { .. } => "set-zone",
            Self::Backfill(_) => "backfill",
            Self::Assign(_) => "assign",
            Self::ApproveAgent { .. } => "approve_agent",
            Self::Pause => "pause",
            Self::Resume => "resume",
        }
    }

    /// Path on the socket.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Retry { id, .. } | Self::Discard { id, .. } | Self::Approve { id } => {
                format!("/v1/queue/{}/{}", encoded(id), self.word())
            }
            Self::ApproveAgent { agent } => format!("/v1/sources/{}/approve", encoded(agent)),
            Self::SetZone { .. } | Self::Backfill(_) | Self::Assign(_) | Self::Pause | Self::Resume => {
                format!("/v1/{}", self.word())
            }
        }
    }

    /// The JSON that goes with it.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        let json = match self {
            Self::Retry { reseal, .. } => serde_json::to_vec(&RetryBody { reseal: *reseal }),
            Self::Discard { reason, .. } => serde_json::to_vec(&DiscardBody { reason: reason.clone() }),
            Self::SetZone { zone, from, sure } => {
                serde_json::to_vec(&ZoneBody { zone: zone.clone(), from: from.clone(), sure: *sure })
            }
            Self::Backfill(wanted) => serde_json::to_vec(wanted),
            Self::Assign(words) => serde_json::to_vec(words),
            Self::Approve { .. } | Self::ApproveAgent { .. } | Self::Pause | Self::Resume => {
                Ok(b"{}".to_vec())
            }
        };
        json.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_one_request() {
        let reason = "twice\nover".to_owned();
        let cases = [
            (Act::Retry { id: "k1".into(), reseal: true }, "/v1/queue/k1/retry", r#"{"reseal":true}"#),
            (
                Act::Discard { id: "a/b".into(), reason },
                "/v1/queue/a%2Fb/discard",
                r#"{"reason":"twice\nover"}"#,
            ),
            (Act::Approve { id: "h1".into() }, "/v1/queue/h1/approve", "{}"),
            (
                Act::SetZone { zone: "UTC".into(), from: None, sure: true },
                "/v1/set-zone",
                r#"{"zone":"UTC","from":null,"sure":true}"#,
            ),
            (
                Act::Backfill(Backfill { from: "2026-05-01".into(), ..Backfill::default() }),
                "/v1/backfill",
                r#"{"from":"2026-05-01","to":null,"agent":null,"project":null,"sure":false}"#,
            ),
            (Act::ApproveAgent { agent: "codex".into() }, "/v1/sources/codex/approve", "{}"),
            (Act::Pause, "/v1/pause", "{}"),
            (Act::Resume, "/v1/resume", "{}"),
        ];
        for (act, target, body) in cases {
            assert_eq!((act.target().as_str(), act.body().as_slice()), (target, body.as_bytes()));
        }
    }
}

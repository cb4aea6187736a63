//! What is asked of a database. No text of a person or a model is copied.

use super::super::Query;

/// What a row of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A running total.
    Total,
    /// A message.
    Message,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Total, Kind::Total, Kind::Message];

/// Milliseconds: rows are stamped and committed by a thread of their own, and a clock may be set back.
const LATE: i64 = 600_000;

/// The session at the root, whether this one is delegated, where it works, its branch and by what it was started. The
/// column of the directory and that of the branch came later: where a session has none, the names are those of `d`.
macro_rules! place {
    () => {
        "(WITH RECURSIVE up(id, parent, level) AS (SELECT s.id, s.parent_session_id, 0 UNION ALL \
           SELECT coalesce(p.id, up.parent), p.parent_session_id, level + 1 FROM up LEFT JOIN sessions p ON p.id = up.parent \
           WHERE up.parent IS NOT NULL AND level < 64) SELECT id FROM up ORDER BY level DESC LIMIT 1), \
         s.parent_session_id IS NOT NULL AND coalesce((SELECT p.end_reason FROM sessions p WHERE p.id = s.parent_session_id), '') <> 'compression', \
         (SELECT cwd FROM sessions x WHERE x.id = s.id), (SELECT git_branch FROM sessions x WHERE x.id = s.id), s.source, s.id, "
    };
}

macro_rules! later_columns {
    () => {
        "CROSS JOIN (SELECT NULL AS cwd, NULL AS git_branch) d "
    };
}

const SESSIONS: (&str, &[&str]) = (
    "sessions",
    &[
        "id",
        "source",
        "model",
        "parent_session_id",
        "started_at",
        "end_reason",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "reasoning_tokens",
    ],
);
const MESSAGES: (&str, &[&str]) = ("messages", &["id", "session_id", "role", "timestamp"]);

/// All of them; what they are is in [`KINDS`].
pub(super) static ALL: [Query; 3] = [
    Query {
        needs: &[
            (
                "session_model_usage",
                &[
                    "session_id",
                    "model",
                    "billing_provider",
                    "billing_base_url",
                    "billing_mode",
                    "task",
                    "input_tokens",
                    "output_tokens",
                    "cache_read_tokens",
                    "cache_write_tokens",
                    "reasoning_tokens",
                    "last_seen",
                ],
            ),
            SESSIONS,
        ],
        text: concat!(
            "SELECT CAST(u.last_seen * 1000 AS INTEGER) AS at, ",
            place!(),
            "u.last_seen, u.model, u.billing_provider, \
             json_array(u.model, u.billing_provider, u.billing_base_url, u.billing_mode, u.task), \
             u.input_tokens, u.output_tokens, u.cache_read_tokens, u.cache_write_tokens, u.reasoning_tokens \
             FROM session_model_usage u JOIN sessions s ON s.id = u.session_id ",
            later_columns!(),
            "WHERE CAST(u.last_seen * 1000 AS INTEGER) > ?1 ORDER BY at"
        ),
        overlap: LATE,
    },
    // Databases of before count for the session alone, and have no instant of a change but that of the last message.
    Query {
        needs: &[SESSIONS, MESSAGES],
        text: concat!(
            "SELECT m.id, ",
            place!(),
            "m.timestamp, s.model, NULL, '', \
             s.input_tokens, s.output_tokens, s.cache_read_tokens, s.cache_write_tokens, s.reasoning_tokens \
             FROM (SELECT max(id) AS id, session_id FROM messages WHERE id > ?1 GROUP BY session_id) l \
             JOIN messages m ON m.id = l.id JOIN sessions s ON s.id = l.session_id ",
            later_columns!(),
            "WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'session_model_usage') \
             ORDER BY m.id"
        ),
        overlap: 200,
    },
    Query {
        needs: &[MESSAGES, SESSIONS],
        text: concat!(
            "SELECT m.id, ",
            place!(),
            "m.timestamp, m.role FROM messages m JOIN sessions s ON s.id = m.session_id ",
            later_columns!(),
            "WHERE m.id > ?1 ORDER BY m.id"
        ),
        overlap: 50,
    },
];

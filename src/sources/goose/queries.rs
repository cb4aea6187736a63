//! What is asked of the database.
//!
//! Rows are cut down to what is read by SQLite itself, so that no text of a person or a model is copied. The session is
//! the one at the root: subagents have sessions of their own, with their parent's id.

use super::super::Query;

/// What a row of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message.
    Message,
    /// A request.
    Request,
    /// What a session has used so far, where there is no ledger.
    Sum,
}

pub(super) const KINDS: [Kind; 3] = [Kind::Message, Kind::Request, Kind::Sum];

/// Rows are numbered in the order of their commits.
const LATE: i64 = 20;
/// Seconds: a session changes more than once in one, and a clock may be set back.
const LATE_SUMS: i64 = 600;

/// A column that later versions added, of the row with this id. Where there is none, the name is that of the row of
/// defaults around: SQLite looks a name up from the inside out.
macro_rules! added {
    ($column:literal, $table:literal, $id:literal, $default:literal) => {
        concat!(
            "(SELECT (SELECT ",
            $column,
            " FROM ",
            $table,
            " x WHERE x.id = ",
            $id,
            ") FROM (SELECT ",
            $default,
            " AS ",
            $column,
            "))"
        )
    };
}

/// The place of a row: root session, whether it is a subagent's, the session's type, directory, birth in seconds,
/// provider, and own session.
macro_rules! place {
    ($own:literal) => {
        concat!(
            "(WITH RECURSIVE up(id, parent, level) AS (SELECT s.id, ",
            added!("parent_session_id", "sessions", "s.id", "NULL"),
            ", 0 UNION ALL SELECT up.parent, ",
            added!("parent_session_id", "sessions", "up.parent", "NULL"),
            ", level + 1 FROM up WHERE up.parent IS NOT NULL AND level < 16) SELECT id FROM up ORDER BY level DESC LIMIT 1), ",
            added!("parent_session_id", "sessions", "s.id", "NULL"),
            " IS NOT NULL, ",
            added!("session_type", "sessions", "s.id", "'user'"),
            ", s.working_dir, CAST(strftime('%s', ",
            added!("created_at", "sessions", "s.id", "NULL"),
            ") AS INTEGER), ",
            added!("provider_name", "sessions", "s.id", "NULL"),
            ", ",
            $own,
            ", "
        )
    };
}

/// When a session was changed last, in seconds.
macro_rules! changed {
    () => {
        concat!("CAST(strftime('%s', ", added!("updated_at", "sessions", "s.id", "NULL"), ") AS INTEGER)")
    };
}

const SESSIONS: (&str, &[&str]) = ("sessions", &["id", "working_dir"]);

/// All of them; what they are is in [`KINDS`].
pub(super) static ALL: [Query; 3] = [
    Query {
        needs: &[("messages", &["id", "session_id", "role", "content_json", "created_timestamp"]), SESSIONS],
        text: concat!(
            "SELECT m.id, ",
            place!("m.session_id"),
            "m.created_timestamp, ",
            added!("message_id", "messages", "m.id", "NULL"),
            ", m.role, CASE WHEN json_valid(m.content_json) THEN \
             (SELECT group_concat(DISTINCT i.value ->> '$.type') FROM json_each(m.content_json) i WHERE i.type = 'object') END, \
             CASE WHEN json_valid(",
            added!("metadata_json", "messages", "m.id", "NULL"),
            ") THEN ",
            added!("metadata_json", "messages", "m.id", "NULL"),
            " ->> '$.userVisible' END, CASE WHEN json_valid(",
            added!("metadata_json", "messages", "m.id", "NULL"),
            ") THEN ",
            added!("metadata_json", "messages", "m.id", "NULL"),
            " ->> '$.usage.elapsedMs' END \
             FROM messages m LEFT JOIN sessions s ON s.id = m.session_id WHERE m.id > ?1 ORDER BY m.id"
        ),
        overlap: LATE,
    },
    Query {
        needs: &[
            (
                "usage_ledger",
                &[
                    "id",
                    "session_id",
                    "created_timestamp",
                    "model",
                    "input_tokens",
                    "output_tokens",
                    "total_tokens",
                    "cache_read_tokens",
                    "cache_write_tokens",
                    "cost",
                    "cost_source",
                ],
            ),
            SESSIONS,
            ("messages", &["session_id", "role", "created_timestamp", "metadata_json"]),
        ],
        text: concat!(
            "SELECT u.id, ",
            place!("u.session_id"),
            "u.created_timestamp, \
             EXISTS (SELECT 1 FROM messages m WHERE m.session_id = u.session_id AND m.role = 'assistant' AND m.created_timestamp = u.created_timestamp), \
             (SELECT max(m.metadata_json ->> '$.usage.elapsedMs') FROM messages m WHERE m.session_id = u.session_id AND m.created_timestamp BETWEEN u.created_timestamp - 3600 AND u.created_timestamp - 1 \
               AND CASE WHEN json_valid(m.metadata_json) THEN (m.metadata_json ->> '$.usage.inputTokens', m.metadata_json ->> '$.usage.outputTokens') = (u.input_tokens, u.output_tokens) END), \
             u.model, u.input_tokens, u.output_tokens, u.total_tokens, u.cache_read_tokens, u.cache_write_tokens, u.cost, u.cost_source \
             FROM usage_ledger u LEFT JOIN sessions s ON s.id = u.session_id WHERE u.id > ?1 ORDER BY u.id"
        ),
        overlap: LATE,
    },
    Query {
        needs: &[SESSIONS],
        text: concat!(
            "SELECT ",
            changed!(),
            ", ",
            place!("s.id"),
            "CASE WHEN json_valid(",
            added!("model_config_json", "sessions", "s.id", "NULL"),
            ") THEN ",
            added!("model_config_json", "sessions", "s.id", "NULL"),
            " ->> '$.model_name' END, ",
            added!("accumulated_input_tokens", "sessions", "s.id", "NULL"),
            ", ",
            added!("accumulated_output_tokens", "sessions", "s.id", "NULL"),
            ", ",
            added!("accumulated_total_tokens", "sessions", "s.id", "NULL"),
            ", ",
            added!("accumulated_cache_read_tokens", "sessions", "s.id", "NULL"),
            ", ",
            added!("accumulated_cache_write_tokens", "sessions", "s.id", "NULL"),
            " FROM sessions s WHERE ",
            changed!(),
            " > ?1 AND NOT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'usage_ledger') ORDER BY 1"
        ),
        overlap: LATE_SUMS,
    },
];

//! What is asked of a database.
//!
//! Rows are cut down to what is read by SQLite itself, so that no text of a person or a model is copied. The session is
//! the one at the root: subagents have sessions of their own, with their parent's id.

use super::super::Query;

/// What a row of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message of the first schema; its prompts are told by their parts.
    Message,
    /// A part of one.
    Part,
    /// A message of the second schema.
    Whole,
}

pub(super) const KINDS: [Kind; 4] = [Kind::Message, Kind::Part, Kind::Part, Kind::Whole];

/// Milliseconds. Rows carry the instant at which the program wrote them and are committed at once; a clock may be set
/// back, though.
const LATE: i64 = 600_000;
/// The same for parts, which are many and only tell of time.
const LATE_PARTS: i64 = 10_000;

/// The place of a row, the same for all queries: root session, whether it is a subagent's, directory, birth, whether a
/// person can be asked. `opencode run` denies the tool that asks.
macro_rules! place {
    ($of:literal, $session:literal) => {
        concat!(
            "(WITH RECURSIVE up(id, parent, level) AS (SELECT s.id, s.parent_id, 0 UNION ALL SELECT coalesce(p.id, up.parent), p.parent_id, level + 1 \
               FROM up LEFT JOIN ", $session, " p ON p.id = up.parent WHERE up.parent IS NOT NULL AND level < 16) SELECT id FROM up ORDER BY level DESC LIMIT 1), \
             s.parent_id IS NOT NULL, s.directory, s.time_created, \
             coalesce(instr(s.permission, '{\"permission\":\"question\",\"pattern\":\"*\",\"action\":\"deny\"}'), 0) > 0, ",
            $of, ".session_id, "
        )
    };
}

/// A part without its texts, where this holds.
macro_rules! part {
    ($when:literal) => {
        concat!(
            "coalesce(CASE WHEN json_valid(m.data) THEN m.data ->> '$.time.created' END, m.time_created), ",
            "CASE WHEN json_valid(m.data) AND ", $when, " THEN m.data ->> '$.role' END, \
             CASE WHEN ", $when, " AND json_valid(p.data) THEN json_object('type', p.data -> '$.type', 'time', p.data -> '$.time', \
               'synthetic', p.data -> '$.synthetic', 'callID', p.data -> '$.callID', 'tool', p.data -> '$.tool', \
               'state', json_object('status', p.data -> '$.state.status', 'time', p.data -> '$.state.time', \
                 'approval', p.data -> '$.state.metadata.approval', \
                 'rejected', json(iif(instr(p.data ->> '$.state.error', 'rejected permission') > 0, 'true', 'false')))) END "
        )
    };
}

/// Rows of a table that changed, in the order of their changes. Only the order's two columns are sorted: what is read of
/// a row is computed when it is given, so that a look that ends early has not computed all others in vain. That is what
/// the limit of none is for, it keeps SQLite from making one query of two; a cross join keeps the order of its left side.
macro_rules! changed {
    ($table:literal) => {
        concat!(
            "FROM (SELECT rowid AS row, time_updated AS at FROM ",
            $table,
            " WHERE time_updated > ?1 ORDER BY at LIMIT -1) c CROSS JOIN ",
            $table,
            " m ON m.rowid = c.row "
        )
    };
}

const SESSION: (&str, &[&str]) = ("session", &["id", "parent_id", "directory", "time_created", "permission"]);
const MESSAGE: (&str, &[&str]) = ("message", &["id", "session_id", "time_created", "time_updated", "data"]);
const PART: (&str, &[&str]) = ("part", &["id", "message_id", "session_id", "data"]);

/// All of them; what they are is in [`KINDS`].
pub(super) static ALL: [Query; 4] = [
    Query {
        needs: &[MESSAGE, SESSION],
        text: concat!(
            "SELECT c.at, ",
            place!("m", "session"),
            "CASE WHEN json_valid(m.data) THEN json_object('role', m.data -> '$.role', 'modelID', m.data -> '$.modelID', \
             'providerID', m.data -> '$.providerID', 'path', m.data -> '$.path', 'time', m.data -> '$.time', 'cost', m.data -> '$.cost', \
             'tokens', m.data -> '$.tokens', 'finish', m.data -> '$.finish') END \
             ",
            changed!("message"),
            "LEFT JOIN session s ON s.id = m.session_id"
        ),
        overlap: LATE,
    },
    // Parts have no index by their time of change, but one by message, and a message changes when it is done.
    Query {
        needs: &[MESSAGE, SESSION, PART],
        text: concat!(
            "SELECT c.at, ",
            place!("m", "session"),
            part!("true"),
            changed!("message"),
            "LEFT JOIN session s ON s.id = m.session_id CROSS JOIN part p ON p.message_id = m.id"
        ),
        overlap: LATE_PARTS,
    },
    // What a message did that is not done, or was cut and never will be.
    Query {
        needs: &[PART, MESSAGE, SESSION],
        text: concat!(
            "SELECT p.rowid, ",
            place!("p", "session"),
            part!("CASE WHEN json_valid(m.data) THEN m.data ->> '$.time.completed' IS NULL END"),
            "FROM part p CROSS JOIN message m ON m.id = p.message_id LEFT JOIN session s ON s.id = p.session_id \
             WHERE p.rowid > ?1 ORDER BY p.rowid"
        ),
        overlap: 50,
    },
    Query {
        needs: &[
            ("session_v2", &["id", "parent_id", "directory", "time_created", "permission"]),
            ("session_message", &["session_id", "type", "time_updated", "data"]),
        ],
        text: concat!(
            "SELECT c.at, ",
            place!("m", "session_v2"),
            "CASE WHEN json_valid(m.data) THEN json_object('role', m.type, 'model', m.data -> '$.model', 'time', m.data -> '$.time', \
             'cost', m.data -> '$.cost', 'tokens', m.data -> '$.tokens', 'finish', m.data -> '$.finish', 'content', \
             json((SELECT json_group_array(json_object('type', i.value -> '$.type', 'id', i.value -> '$.id', 'name', i.value -> '$.name', 'time', i.value -> '$.time')) \
              FROM json_each(m.data, '$.content') i WHERE i.type = 'object'))) END \
             ",
            changed!("session_message"),
            "LEFT JOIN session_v2 s ON s.id = m.session_id"
        ),
        overlap: LATE,
    },
];

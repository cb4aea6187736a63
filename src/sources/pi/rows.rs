//! OpenClaw's database.

use super::super::Query;
use super::decoder::{Decoder, Memory};
use super::place::Kind;
use crate::model::{Cell, Facts, Reject, RejectReason};

/// Milliseconds: rows carry the instant of their writing, and a clock may be set back.
const LATE: i64 = 600_000;

/// Entries without their texts, in the order of their writing: what is read of one is computed when it is given. The
/// session's directory stands in its first one.
pub(super) static ALL: [Query; 1] = [Query {
    needs: &[("transcript_events", &["session_id", "seq", "event_json", "created_at"])],
    text: "SELECT c.at, e.session_id, \
           (SELECT CASE WHEN json_valid(h.event_json) THEN h.event_json ->> '$.cwd' END FROM transcript_events h \
            WHERE h.session_id = e.session_id AND h.seq = 0), \
           CASE WHEN json_valid(e.event_json) THEN json_object('type', e.event_json -> '$.type', \
             'timestamp', e.event_json -> '$.timestamp', 'cwd', e.event_json -> '$.cwd', 'usage', e.event_json -> '$.usage', \
             'provider', e.event_json -> '$.provider', 'modelId', coalesce(e.event_json -> '$.modelId', e.event_json -> '$.model'), \
             'message', json(iif(e.event_json -> '$.message' IS NULL, NULL, json_object('role', e.event_json -> '$.message.role', \
               'timestamp', e.event_json -> '$.message.timestamp', 'provider', e.event_json -> '$.message.provider', \
               'model', e.event_json -> '$.message.model', 'responseModel', e.event_json -> '$.message.responseModel', \
               'responseId', e.event_json -> '$.message.responseId', 'stopReason', e.event_json -> '$.message.stopReason', \
               'toolCallId', e.event_json -> '$.message.toolCallId', 'usage', e.event_json -> '$.message.usage', \
               'details', json_object('durationMs', e.event_json -> '$.message.details.durationMs'))))) END \
           FROM (SELECT session_id, seq, created_at AS at FROM transcript_events WHERE created_at > ?1 ORDER BY at LIMIT -1) c \
           CROSS JOIN transcript_events e ON e.session_id = c.session_id AND e.seq = c.seq",
    overlap: LATE,
}];

/// Adds what a row holds. One whose entry is packed (a later version does that to old ones) is told as unreadable.
pub(super) fn row(agent: &'static str, kind: Kind, row: &[Cell], facts: &mut Facts) {
    let [_, Cell::Text(session), dir, data] = row else { return };
    let mut memory = Memory::default();
    if let Cell::Text(dir) = dir {
        memory.dir = Some(dir.clone());
    }
    let read = match data {
        Cell::Text(data) if !session.is_empty() => {
            Decoder { agent, kind, session, memory: &mut memory, facts }.entry(data.as_bytes(), 0)
        }
        _ => Err(RejectReason::NotJson),
    };
    if let Err(reason) = read {
        facts.rejects.push(Reject { offset: 0, length: 0, reason });
    }
}

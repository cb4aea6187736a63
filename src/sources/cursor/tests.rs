//! Rows, and what is read out of them.

use rusqlite::Connection;

use super::*;
use crate::model::{Quality, RejectReason, Tokens, Who};
use crate::sources::properties::rows_of;

fn bubble(more: &str) -> String {
    format!(r#"{{"_v": 3, "text": "PROMPT_CANARY_1", "createdAt": "2026-07-01T10:00:00.500Z", {more}}}"#)
}

fn decode(values: &[(&str, &str)]) -> Facts {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.vscdb");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(
        "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
         CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);",
    )
    .unwrap();
    for (key, value) in values {
        conn.execute("INSERT INTO cursorDiskKV VALUES (?1, ?2)", (key, value.as_bytes())).unwrap();
    }
    let mut facts = Facts::default();
    for (query, row) in rows_of(&Cursor, &path) {
        assert!(!format!("{row:?}").contains("CANARY"), "a text was copied");
        Cursor.decode_row(&mut Context::default(), query, &row, &mut facts);
    }
    facts
}

#[test]
fn a_bubble_tells_time_and_its_counts_are_an_estimate() {
    let model = bubble(
        r#""type": 2, "tokenCount": {"inputTokens": 120, "outputTokens": 30}, "modelInfo": {"modelName": "claude-4.5-sonnet"}"#,
    );
    let auto = bubble(
        r#""type": 2, "tokenCount": {"inputTokens": 1, "outputTokens": 2}, "modelInfo": {"modelName": "default"}"#,
    );
    let facts = decode(&[
        ("bubbleId:c1:b1", &bubble(r#""type": 1"#)),
        ("bubbleId:c1:b2", &model),
        ("bubbleId:c1:b3", &bubble(r#""type": 2, "tokenCount": {"inputTokens": 0, "outputTokens": 0}"#)),
        ("bubbleId:c2:b4", &auto),
        ("composerData:c1", "{}"),
        ("bubbleId:c1:b5", r#"{"type": 2}"#),
    ]);
    let who: Vec<Who> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Prompt, Who::Agent, Who::Agent, Who::Agent]);
    let [first, second] = facts.sightings.as_slice() else { panic!("{:?}", facts.sightings) };
    assert_eq!(first.tokens, Tokens { input: 120, output: 30, ..Tokens::default() });
    assert_eq!((first.quality, first.at.millis()), (Quality::Estimated, 1_782_900_000_500));
    assert_eq!(facts.names.text(first.session), "c1");
    assert_eq!(
        [first.model, second.model].map(|model| facts.names.text(model)),
        ["claude-4.5-sonnet", "unknown"]
    );
    assert!(facts.rejects.is_empty(), "a bubble without a time is an old one");
}

#[test]
fn a_bubble_that_is_written_again_is_the_same_and_a_broken_one_is_told() {
    let first = bubble(r#""type": 2"#);
    let facts = decode(&[("bubbleId:c1:b1", &first), ("bubbleId:c1:b1", &first)]);
    assert_eq!(facts.activities.len(), 1);
    let facts = decode(&[("bubbleId:c1:b1", "{\"type\"")]);
    assert_eq!(facts.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(), [RejectReason::NotJson]);
}

#[test]
fn transcripts_are_known_and_say_nothing() {
    let path = Path::new("home-dev-shop/agent-transcripts/1031/1031.jsonl");
    assert_eq!(CursorAgent.claim(path).unwrap().session.as_deref(), Some("1031"));
    assert!(CursorAgent.claim(Path::new("home-dev-shop/terminals/1.jsonl")).is_none());
    let mut facts = Facts::default();
    CursorAgent.decode(&mut Context::default(), Lines::new(b"{\"role\":\"user\"}\n{}\n", 0), &mut facts);
    assert_eq!((facts.lines, facts.activities.len(), facts.rejects.len()), (2, 0, 0));
}

//! Threads, and what is read out of them.

use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::{Quality, Who};
use crate::sources::properties::rows_of;

const DUMP: &str = include_str!("../../../tests/fixtures/zed/built/threads.sql");
const LEGACY: &str = include_str!("../../../tests/fixtures/zed/agentsview-legacy-threads.sql");

fn look(conn: &Connection, path: &Path, context: &mut Context) -> Facts {
    let mut facts = Facts::default();
    let _ = conn;
    for (query, row) in rows_of(&Zed, path) {
        Zed.decode_row(context, query, &row, &mut facts);
    }
    facts
}

fn thread(usage: &str) -> String {
    format!(
        r#"{{"version":"0.3.0","cumulative_token_usage":{usage},"model":{{"provider":"copilot_chat","model":"gpt-5"}}}}"#
    )
}

fn save(conn: &Connection, id: &str, second: u32, usage: &str) {
    let sql = "UPDATE threads SET updated_at = ?2, data_type = 'json', data = CAST(?3 AS BLOB) WHERE id = ?1";
    let at = format!("2026-05-05T10:00:{second:02}.5+00:00");
    assert_eq!(conn.execute(sql, (id, at, thread(usage))).unwrap(), 1);
}

#[test]
fn a_thread_grows_by_steps_at_its_last_change() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("threads.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(DUMP).unwrap();
    conn.execute("INSERT INTO threads SELECT 'thread-sub', summary, updated_at, data_type, data, 'thread-own', '/a' || char(10) || '/b', '0,1', NULL FROM threads", []).unwrap();
    let mut context = Context::default();
    let first = look(&conn, &path, &mut context);
    assert_eq!((first.sightings.len(), first.rejects.len()), (0, 0), "packed threads are baselines");
    let usage = r#"{"input_tokens":60,"output_tokens":7,"cache_creation_input_tokens":3,"cache_read_input_tokens":40}"#;
    save(&conn, "thread-own", 20, usage);
    save(&conn, "thread-sub", 30, r#"{"output_tokens":5}"#);
    let facts = look(&conn, &path, &mut context);
    let name = |sym| facts.names.text(sym);
    let found: Vec<_> = facts
        .sightings
        .iter()
        .map(|step| (name(step.session), step.dir.map(name), step.at.millis(), step.tokens.classes()))
        .collect();
    let own = ("thread-own", Some("/home/dev/shop"), 1_777_975_220_500, [60, 40, 3, 0, 7]);
    assert_eq!(found, [own, ("thread-own", None, 1_777_975_230_500, [0, 0, 0, 0, 5])]);
    let step = &facts.sightings[0];
    assert_eq!((name(step.model), step.provider.map(name)), ("gpt-5", Some("copilot_chat")));
    assert_eq!(step.quality, Quality::Estimated);
    let who: Vec<_> = facts.activities.iter().map(|activity| (activity.at.millis(), activity.who)).collect();
    assert_eq!(who, [(1_777_975_220_500, Who::Agent), (1_777_975_230_500, Who::Agent)]);
    assert!(look(&conn, &path, &mut context).sightings.is_empty(), "the same rows again");
}

#[test]
fn databases_of_before_are_read_and_broken_threads_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("threads.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(LEGACY).unwrap();
    conn.execute("INSERT INTO threads VALUES ('own', '', '2026-05-05T10:00:00Z', 'zstd', x'00'), ('b', '', '2026-05-05T10:00:00Z', 'zstd', x'28b52ffd'), ('c', '', '2026-05-05T10:00:00Z', 'new', x'7b7d')", []).unwrap();
    let mut context = Context::default();
    let facts = look(&conn, &path, &mut context);
    assert_eq!((facts.rejects.len(), facts.sightings.len()), (2, 0));
    save(&conn, "own", 10, "{}");
    look(&conn, &path, &mut context);
    save(&conn, "own", 20, r#"{"output_tokens":5}"#);
    assert_eq!(look(&conn, &path, &mut context).sightings.len(), 1);
}

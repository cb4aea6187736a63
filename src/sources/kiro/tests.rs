//! Lines, documents and rows, and what is read out of them.

use super::*;
use crate::model::{RejectReason, Who};
use crate::sources::properties::rows_of;

const LOG: &str = r#"{"version":"v1","kind":"Prompt","data":{"message_id":"a1","content":[{"kind":"text","data":"x"}],"meta":{"timestamp":1784869360.5}}}
{"version":"v1","kind":"AssistantMessage","data":{"message_id":"a2","content":[]}}
{"version":"v1","kind":"ToolResults","data":{"message_id":"a3","content":[]}}
{"version":"v1","kind":"Clear","data":null}
"#;

const DOCUMENT: &str = r#"{"session_id":"own","cwd":"/home/dev/shop","session_state":{"conversation_metadata":{"user_turn_metadatas":[{"end_timestamp":1784869372,"turn_duration":{"secs":11,"nanos":5}},{"end_timestamp":"2026-07-24T05:03:10Z"},{"end_timestamp":null}]}}}"#;

fn context(path: &str) -> Context {
    Context { claim: Kiro.claim(Path::new(path)).unwrap(), ..Context::default() }
}

fn acts(facts: &Facts) -> Vec<(i64, Who, String, Option<&str>)> {
    let name = |sym| facts.names.text(sym);
    let acts = facts.activities.iter();
    acts.map(|a| (a.at.millis(), a.who, name(a.session).to_owned(), a.dir.map(name))).collect()
}

#[test]
fn lines_tell_of_prompts_and_the_document_of_ends() {
    let (mut context, mut facts) = (context("own.jsonl"), Facts::default());
    assert_eq!(Kiro.beside(Path::new("own.jsonl")), [PathBuf::from("own.json")]);
    Kiro.inform(&mut context, Path::new("own.jsonl"), &[DOCUMENT.as_bytes().to_vec()]);
    Kiro.decode(&mut context, Lines::new(LOG.as_bytes(), 0), &mut facts);
    let own = |at, who| (at, who, "own".to_owned(), Some("/home/dev/shop"));
    assert_eq!(acts(&facts), [own(1_784_869_360_500, Who::Prompt)]);
    let nowhen = LOG.replace("1784869360.5", "\"soon\"");
    Kiro.decode(&mut context, Lines::new(nowhen.as_bytes(), 0), &mut facts);
    assert_eq!(facts.rejects[0].reason, RejectReason::NoInstant);

    let mut facts = Facts::default();
    Kiro.decode_document(&mut self::context("own.json"), DOCUMENT.as_bytes(), &mut facts).unwrap();
    assert_eq!(acts(&facts), [own(1_784_869_372_000, Who::Agent), own(1_784_869_390_000, Who::Agent)]);
    assert!(Kiro.decode_document(&mut self::context("own.json"), b"{", &mut facts).is_err());
}

#[test]
fn conversations_of_the_older_database_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.sqlite3");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE conversations_v2 (key TEXT, conversation_id TEXT, value TEXT, created_at INTEGER, updated_at INTEGER)").unwrap();
    let insert = |id: &str, value: &str| {
        let sql = "INSERT INTO conversations_v2 VALUES ('/home/user/code/kiro-app', ?1, ?2, 1, 2)";
        conn.execute(sql, [id, value]).unwrap();
    };
    insert("sqlite-session", include_str!("../../../tests/fixtures/kiro/standard_payload.json"));
    insert("broken", include_str!("../../../tests/fixtures/kiro/malformed_payload.txt"));
    let mut facts = Facts::default();
    for (query, row) in rows_of(&Kiro, &path) {
        Kiro.decode_row(&mut Context::default(), query, &row, &mut facts);
    }
    let start = 1_779_012_000_000;
    let who: Vec<_> = acts(&facts).into_iter().map(|(at, who, ..)| (at - start, who)).collect();
    let (prompt, agent) = (Who::Prompt, Who::Agent);
    assert_eq!(who, [(0, prompt), (10_000, agent), (20_000, prompt), (30_000, agent)]);
    assert_eq!(facts.names.text(facts.activities[0].dir.unwrap()), "/home/user/code/kiro-app");
    assert_eq!((facts.rejects.len(), facts.sightings.len()), (1, 0));
}

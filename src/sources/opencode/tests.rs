use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::{Meaning, Payer, Tokens, Usd, Who};
use crate::sources::properties::rows_of;

const FIRST: &str = "
CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT NOT NULL, permission TEXT, time_created INTEGER NOT NULL);
CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, time_updated INTEGER, data TEXT);
CREATE TABLE part (id TEXT PRIMARY KEY, message_id TEXT, session_id TEXT, data TEXT);
INSERT INTO session VALUES ('ses_1', NULL, '/home/dev/shop', NULL, 1000), ('ses_2', 'ses_1', '/home/dev/shop', NULL, 2000),
  ('ses_3', 'ses_2', '/home/dev/shop', NULL, 2500), ('ses_9', 'ses_gone', '/home/dev/shop', NULL, 2600),
  ('ses_f', NULL, '/home/dev/shop', NULL, 9000),
  ('ses_r', NULL, '/home/dev/shop', '[{\"permission\":\"question\",\"pattern\":\"*\",\"action\":\"deny\"}]', 9500);
";

const SECOND: &str = "
CREATE TABLE session_v2 (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT NOT NULL, permission TEXT, time_created INTEGER NOT NULL);
CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT, type TEXT, seq INTEGER, time_created INTEGER, time_updated INTEGER, data TEXT);
INSERT INTO session_v2 VALUES ('ses_1', NULL, '/home/dev/shop', NULL, 1000), ('ses_2', 'ses_1', '/home/dev/shop', NULL, 2000);
";

fn facts(source: &'static dyn Source, sql: &[&str]) -> Facts {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("opencode.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(&sql.concat()).unwrap();
    let mut facts = Facts::default();
    for (query, row) in rows_of(source, &path) {
        source.decode_row(&mut Context::default(), query, &row, &mut facts);
    }
    facts
}

fn opencode(sql: &[&str]) -> Facts {
    facts(&OPENCODE, sql)
}

fn message(id: &str, session: &str, data: &str) -> String {
    format!("INSERT INTO message VALUES ('{id}', '{session}', 1, 5000, '{data}');")
}

fn part(message: &str, session: &str, data: &str) -> String {
    format!("INSERT INTO part VALUES (hex(randomblob(8)), '{message}', '{session}', '{data}');")
}

const ANSWER: &str = r#"{"role":"assistant","modelID":"m","providerID":"anthropic","cost":0.25,"path":{"cwd":"/home/dev/sub"},"time":{"created":3000,"completed":4000},"finish":"stop","tokens":{"total":160,"input":100,"output":20,"reasoning":5,"cache":{"read":30,"write":5}}}"#;

#[test]
fn a_message_is_a_request_in_disjoint_classes() {
    let facts = opencode(&[FIRST, &message("a", "ses_3", ANSWER)]);
    let [look] = &facts.sightings[..] else { panic!("{facts:?}") };
    let tokens =
        Tokens { input: 100, cache_read: 30, cache_write_5m: 5, cache_write_1h: 0, output: 25, reasoning: 5 };
    assert_eq!((look.tokens, look.at.millis(), look.terms.bad_usage), (tokens, 3000, false));
    let name = |sym| facts.names.text(sym);
    assert_eq!((name(look.session), look.dir.map(name)), ("ses_1", Some("/home/dev/sub")));
    assert_eq!((name(look.model), look.provider.map(name)), ("m", Some("anthropic")));
    let reported = look.reported.unwrap();
    assert_eq!((reported.usd, reported.meaning), (Usd(250_000_000_000), Meaning::Listed));
}

#[test]
fn copies_of_forks_and_of_the_second_schema_are_the_same_request() {
    let copy = ANSWER.replace("0.25", "0");
    let second = r#"{"model":{"id":"m","providerID":"anthropic"},"cost":0.25,"time":{"created":3000,"completed":4000},"finish":"stop","tokens":{"input":100,"output":20,"reasoning":5,"cache":{"read":30,"write":5}},"content":[]}"#;
    let facts = opencode(&[
        FIRST,
        SECOND,
        &message("a", "ses_1", ANSWER),
        &message("b", "ses_f", &copy),
        &format!(
            "INSERT INTO session_message VALUES ('a', 'ses_1', 'assistant', 1, 3000, 4000, '{second}');"
        ),
    ]);
    let mut keys: Vec<_> = facts.sightings.iter().map(|look| (look.message, look.key, look.at)).collect();
    assert_eq!(keys.len(), 3);
    keys.dedup();
    assert_eq!(keys.len(), 1);
    let mut acts: Vec<_> = facts.activities.iter().map(|act| act.key).collect();
    acts.dedup();
    assert_eq!(acts.len(), 1, "{:?}", facts.activities);
    let births = |session| {
        let born = facts.births.iter().filter(|birth| facts.names.text(birth.session) == session);
        born.map(|birth| birth.at.millis()).collect::<Vec<_>>()
    };
    assert_eq!((births("ses_1"), births("ses_f")), (vec![1000], vec![9000]));
}

#[test]
fn what_is_not_done_failed_or_cannot_be_true_is_no_request_with_tokens() {
    let with = |from: &str, to: &str| {
        let data = ANSWER.replace(from, to);
        let facts = opencode(&[FIRST, &message("a", "ses_1", &data)]);
        facts.sightings.iter().map(|look| (look.tokens.is_zero(), look.terms.bad_usage)).collect::<Vec<_>>()
    };
    assert_eq!(with(r#","completed":4000},"finish":"stop""#, "}"), []);
    let counts = r#"{"total":160,"input":100,"output":20,"reasoning":5,"cache":{"read":30,"write":5}}"#;
    assert_eq!(with(counts, "null"), []);
    assert_eq!(with(counts, r#"{"input":0,"output":0,"reasoning":0,"cache":{"read":0,"write":0}}"#), []);
    for (from, to) in [
        ("\"input\":100", "\"input\":-1"),
        ("\"output\":20", "\"output\":1e300"),
        ("\"reasoning\":5", "\"reasoning\":0.5"),
        ("\"read\":30", "\"read\":99999999999999999999"),
        (counts, "7"),
        ("{\"read\":30,\"write\":5}", "[]"),
    ] {
        assert_eq!(with(from, to), [(true, true)], "{to}");
    }
    assert_eq!(with("\"time\"", "\"when\""), []);
    let facts = opencode(&[FIRST, &message("a", "ses_1", "{")]);
    assert_eq!((facts.rejects.len(), facts.sightings.len()), (1, 0));
}

#[test]
fn who_did_what_is_told_by_parts() {
    let user = r#"{"role":"user","time":{"created":2000}}"#;
    let tool = |name: &str, more: &str| {
        format!(
            r#"{{"type":"tool","callID":"c","tool":"{name}","state":{{"status":"completed","time":{{"start":3100,"end":3400}}{more}}}}}"#
        )
    };
    let allowed = r#","metadata":{"approval":{"source":"global","rule":{"action":"allow"}}}"#;
    let asked = r#","metadata":{"approval":{"source":"user","rule":{"action":"allow"}}}"#;
    let refused = r#","error":"The user rejected permission to use this specific tool call.""#;
    let text = r#"{"type":"text","text":"x"}"#;
    type Acts<'a> = &'a [(Who, i64, u32)];
    let cases: [(&str, &str, &str, Acts<'_>); 14] = [
        ("ses_1", user, text, &[(Who::Prompt, 2000, 0)]),
        ("ses_r", user, text, &[(Who::Script, 2000, 0)]),
        ("ses_2", user, text, &[]),
        ("ses_9", user, text, &[]),
        ("ses_1", user, r#"{"type":"text","text":"x","synthetic":true}"#, &[]),
        ("ses_1", user, r#"{"type":"file"}"#, &[]),
        (
            "ses_1",
            ANSWER,
            r#"{"type":"reasoning","time":{"start":3100,"end":3200}}"#,
            &[(Who::Agent, 3200, 100)],
        ),
        ("ses_1", ANSWER, r#"{"type":"text","time":{"start":3100}}"#, &[]),
        ("ses_1", ANSWER, r#"{"type":"step-finish"}"#, &[]),
        ("ses_1", ANSWER, &tool("bash", ""), &[(Who::Tool, 3400, 0)]),
        ("ses_1", ANSWER, &tool("bash", allowed), &[(Who::Tool, 3400, 300)]),
        ("ses_1", ANSWER, &tool("bash", asked), &[(Who::Tool, 3400, 0)]),
        ("ses_1", ANSWER, &tool("bash", refused), &[(Who::Prompt, 3400, 0)]),
        ("ses_1", ANSWER, &tool("question", ""), &[(Who::Prompt, 3400, 0)]),
    ];
    for (session, of, data, expected) in cases {
        let facts = opencode(&[FIRST, &message("a", session, of), &part("a", session, data)]);
        let mut found: Vec<_> =
            facts.activities.iter().map(|a| (a.who, a.at.millis(), a.proven_ms)).collect();
        found.retain(|(_, at, _)| *at != 4000);
        found.dedup();
        assert_eq!(found, expected, "{session} {data}");
        assert!(facts.rejects.is_empty());
    }
}

#[test]
fn parts_of_a_message_that_was_cut_are_seen() {
    let cut = r#"{"role":"assistant","modelID":"m","time":{"created":3000},"tokens":{"input":0,"output":0}}"#;
    let done = r#"{"type":"reasoning","time":{"start":3100,"end":3200}}"#;
    let sql = [FIRST, &message("a", "ses_1", cut), &part("a", "ses_1", done)];
    let facts = opencode(&sql);
    assert!(facts.activities.iter().any(|act| act.at.millis() == 3200), "{facts:?}");
    assert!(facts.sightings.is_empty());
}

#[test]
fn the_second_schema_tells_of_prompts_tools_and_answers() {
    let row = |id: &str, session: &str, kind: &str, data: &str| {
        format!("INSERT INTO session_message VALUES ('{id}', '{session}', '{kind}', 1, 1, 1, '{data}');")
    };
    let answer = r#"{"agent":"build","model":{"id":"m","providerID":"openai"},"cost":0,"time":{"created":3000,"completed":4000},"finish":"tool-calls","tokens":{"input":1,"output":2,"reasoning":3,"cache":{"read":4,"write":5}},"content":[{"type":"text","text":"x"},{"type":"tool","id":"c","name":"bash","time":{"created":3100,"ran":3200,"completed":3300}}]}"#;
    let facts = opencode(&[
        SECOND,
        &row("a", "ses_1", "user", r#"{"text":"x","time":{"created":2000}}"#),
        &row("b", "ses_2", "user", r#"{"text":"x","time":{"created":2500}}"#),
        &row("c", "ses_1", "synthetic", r#"{"text":"x","time":{"created":2600}}"#),
        &row("d", "ses_2", "assistant", answer),
    ]);
    let [look] = &facts.sightings[..] else { panic!("{facts:?}") };
    assert_eq!((facts.names.text(look.session), look.tokens.classes()), ("ses_1", [1, 4, 5, 0, 5]));
    assert_eq!(facts.plans[0].payer, Payer::Subscription);
    let mut found: Vec<_> = facts.activities.iter().map(|act| (act.at.millis(), act.who)).collect();
    found.sort_by_key(|(at, _)| *at);
    assert_eq!(found, [(2000, Who::Prompt), (3300, Who::Tool), (4000, Who::Agent)]);
}

#[test]
fn each_program_has_keys_of_its_own() {
    let sql = [FIRST, &message("a", "ses_1", ANSWER)];
    assert_ne!(facts(&OPENCODE, &sql).sightings[0].key, facts(&KILO, &sql).sightings[0].key);
    assert!(KILO.claim(Path::new("kilo.db")).is_some());
}

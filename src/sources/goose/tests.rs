//! Rows and sessions of before, and what is read out of them.

use rusqlite::Connection;

use super::*;
use crate::model::{Meaning, Payer, Tokens, Usd, Who};
use crate::sources::properties::rows_of;

const SCHEMA: &str = "
CREATE TABLE sessions (id TEXT PRIMARY KEY, session_type TEXT, working_dir TEXT, created_at TEXT, provider_name TEXT, parent_session_id TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT, session_id TEXT, role TEXT, content_json TEXT, created_timestamp INTEGER, metadata_json TEXT);
CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT, created_timestamp INTEGER, model TEXT, input_tokens INTEGER, output_tokens INTEGER,
  total_tokens INTEGER, cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL, cost_source TEXT, is_compaction INTEGER);
INSERT INTO sessions VALUES ('s1', 'user', '/home/dev', '1970-01-01 00:16:40', 'openai', NULL), ('s2', 'sub_agent', '/home/dev', '1970-01-01 00:33:20', 'openai', 's1'),
  ('s3', 'sub_agent', '/home/dev', '1970-01-01 00:33:20', 'openai', 's2'), ('s9', 'sub_agent', '/home/dev', '1970-01-01 00:33:20', 'openai', 'gone'),
  ('sh', 'hidden', '/home/dev', '1970-01-01 00:33:20', NULL, NULL), ('sc', 'scheduled', '/home/dev', '1970-01-01 00:33:20', NULL, NULL);
";

fn facts(sql: &str) -> Facts {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let mut facts = Facts::default();
    for (query, row) in rows_of(&Goose, &path) {
        Goose.decode_row(&mut Context::default(), query, &row, &mut facts);
    }
    facts
}

fn request(session: &str, values: &str) -> Facts {
    facts(&format!("{SCHEMA} INSERT INTO usage_ledger VALUES (7, '{session}', 2000, {values}, 0);"))
}

#[test]
fn a_row_of_the_ledger_is_a_request_in_disjoint_classes() {
    let facts = request("s3", "'m', 1000, 20, 1020, 600, 100, 0.25, 'estimated'");
    let [look] = &facts.sightings[..] else { panic!("{facts:?}") };
    let tokens = Tokens { input: 300, cache_read: 600, cache_write_5m: 100, output: 20, ..Tokens::default() };
    assert_eq!((look.tokens, look.at.millis()), (tokens, 2_000_000));
    let name = |sym| facts.names.text(sym);
    assert_eq!((name(look.session), look.dir.map(name), name(look.model)), ("s1", Some("/home/dev"), "m"));
    let reported = look.reported.unwrap();
    assert_eq!((reported.usd, reported.meaning), (Usd(250_000_000_000), Meaning::Listed));
    assert_eq!(facts.plans[0].payer, Payer::Metered);
    let orphan = request("s9", "'m', 1, 1, 2, 0, 0, NULL, NULL");
    assert_eq!(orphan.names.text(orphan.sightings[0].session), "gone");
}

#[test]
fn what_the_counts_say_and_what_they_cannot() {
    let cases = [
        ("'m', 1000, 20, 1020, 600, 100", Some([300, 600, 100, 0, 20])),
        ("'m', 1000, 20, 1720, 600, 100", Some([1000, 600, 100, 0, 20])),
        ("'m', 1000, 20, NULL, NULL, NULL", Some([1000, 0, 0, 0, 20])),
        ("NULL, 1000, 20, 1020, NULL, NULL", Some([1000, 0, 0, 0, 20])),
        ("'m', 100, 20, 120, 600, 100", None),
        ("'m', -1, 20, 19, 0, 0", None),
        ("'m', 'many', 20, 19, 0, 0", None),
        ("'m', 1099511627777, 20, 19, 0, 0", None),
        ("'m', 1.5, 20, 19, 0, 0", None),
    ];
    for (values, expected) in cases {
        let facts = request("s1", &format!("{values}, NULL, NULL"));
        let look = &facts.sightings[0];
        assert_eq!((!look.terms.bad_usage).then(|| look.tokens.classes()), expected, "{values}");
    }
    assert!(request("s1", "'m', 0, 0, 0, 0, 0, NULL, NULL").sightings.is_empty());
    assert!(request("s1", "NULL, 9, 9, 18, 0, 0, 0.5, 'carried_forward'").sightings.is_empty());
}

#[test]
fn the_provider_tells_whose_list_applies_and_who_pays() {
    let cases = [
        ("openrouter", Some("openrouter"), Some(Payer::Metered)),
        ("aws_bedrock", Some("bedrock"), Some(Payer::Metered)),
        ("chatgpt_codex", Some("openai-codex"), Some(Payer::Subscription)),
        ("github_copilot", Some("github_copilot"), Some(Payer::Subscription)),
    ];
    for (provider, platform, payer) in cases {
        let sql = format!(
            "{SCHEMA} UPDATE sessions SET provider_name = '{provider}'; INSERT INTO usage_ledger VALUES (7, 's1', 2000, 'm', 1, 1, 2, 0, 0, 0.5, 'provider_reported', 0);"
        );
        let facts = facts(&sql);
        let look = &facts.sightings[0];
        assert_eq!(look.provider.map(|name| facts.names.text(name)), platform);
        assert_eq!(facts.plans.first().map(|plan| plan.payer), payer, "{provider}");
        assert_eq!(look.reported.map(|reported| reported.meaning), Some(Meaning::Charged));
    }
    let sql = format!(
        "{SCHEMA} UPDATE sessions SET provider_name = 'claude-code'; INSERT INTO usage_ledger VALUES (7, 's1', 2000, 'm', 1, 1, 2, 0, 0, 0.5, NULL, 0);"
    );
    assert!(facts(&sql).sightings.is_empty(), "Claude Code's own log has it");
}

#[test]
fn blocks_and_the_sessions_type_tell_who_acts() {
    let block = |kind: &str| format!(r#"[{{"type":"{kind}"}}]"#);
    let (text, result) = (block("text"), block("toolResponse"));
    let two = r#"[{"type":"text"},7,{"type":"toolRequest"}]"#.to_owned();
    let cases = [
        ("s1", "user", &text, Some(Who::Prompt)),
        ("s2", "user", &text, None),
        ("s9", "user", &text, None),
        ("sh", "user", &text, None),
        ("sc", "user", &text, Some(Who::Script)),
        ("s2", "user", &result, Some(Who::Tool)),
        ("s1", "assistant", &two, Some(Who::Agent)),
        ("s1", "assistant", &block("systemNotification"), None),
        ("s1", "system", &text, None),
    ];
    for (session, role, content, expected) in cases {
        let message = |meta: &str| {
            format!(
                "{SCHEMA} INSERT INTO messages VALUES (1, 'a', '{session}', '{role}', '{content}', 2000, '{meta}');"
            )
        };
        let found = facts(&message(r#"{"userVisible":true}"#));
        assert_eq!(found.activities.first().map(|act| act.who), expected, "{session} {role} {content}");
        assert!(facts(&message(r#"{"userVisible":false}"#)).activities.is_empty());
    }
    let broken =
        facts(&format!("{SCHEMA} INSERT INTO messages VALUES (1, 'a', 's1', 'user', '[', 2000, NULL);"));
    assert_eq!((broken.rejects.len(), broken.activities.len()), (1, 0));
}

#[test]
fn what_a_copy_of_a_session_took_along_is_known_again() {
    let sql = format!(
        r#"{SCHEMA} INSERT INTO sessions VALUES ('s5', 'user', '/home/dev', '1970-01-02 00:00:00', NULL, NULL);
        INSERT INTO messages VALUES (1, 'a', 's1', 'assistant', '[{{"type":"text"}}]', 2000, '{{"usage":{{"elapsedMs":900}}}}'), (2, 'a', 's5', 'assistant', '[{{"type":"text"}}]', 2000, NULL);"#
    );
    let facts = facts(&sql);
    let [one, two] = &facts.activities[..] else { panic!("{facts:?}") };
    assert_eq!((one.key, one.proven_ms), (two.key, 900));
    let births: Vec<i64> = facts.births.iter().map(|birth| birth.at.millis()).collect();
    assert_eq!(births, [1_000_000, 86_400_000]);
}

#[test]
fn databases_without_what_later_versions_added_are_read() {
    let facts = facts(include_str!("../../../tests/fixtures/goose/older/sessions.sql"));
    let acts: Vec<_> = facts.activities.iter().map(|act| (act.who, act.at.millis() / 1000 % 1000)).collect();
    assert_eq!(acts, [(Who::Prompt, 400), (Who::Agent, 430), (Who::Tool, 490), (Who::Agent, 520)]);
    assert!(facts.sightings.is_empty() && facts.rejects.is_empty());
    let session = facts.activities[0].session;
    assert_eq!(facts.names.text(session), "20251103_1");
}

fn old(text: &str) -> (Result<(), NotWhole>, Facts) {
    let path = Path::new("20250101_120000.jsonl");
    let mut context = Context { claim: Goose.claim(path).unwrap(), ..Context::default() };
    let mut facts = Facts::default();
    (Goose.decode_document(&mut context, text.as_bytes(), &mut facts), facts)
}

#[test]
fn a_session_of_before_tells_of_time() {
    let text = include_str!("../../../tests/fixtures/goose/lines/20250101_120000.jsonl");
    let (read, facts) = old(text);
    assert_eq!((read, facts.rejects.len()), (Ok(()), 0));
    let acts: Vec<_> = facts.activities.iter().map(|act| (act.who, act.at.millis() / 1000 % 1000)).collect();
    assert_eq!(acts, [(Who::Prompt, 800), (Who::Agent, 830), (Who::Tool, 890), (Who::Agent, 920)]);
    let dir = facts.activities[0].dir.map(|dir| facts.names.text(dir));
    assert_eq!(
        (facts.names.text(facts.activities[0].session), dir),
        ("20250101_120000", Some("/home/dev/src/demo-shop"))
    );
    assert_eq!(old("").0, Err(NotWhole));
    assert_eq!(old(&text[..text.len() - 9]).0, Err(NotWhole));
    let (read, facts) = old(&text.replacen("{\"role\":\"user\"", "{{\"role\":\"user\"", 1));
    assert_eq!((read, facts.rejects.len(), facts.activities.len()), (Ok(()), 1, 3));
    let scheduled = text.replace("\"description\"", "\"schedule_id\":\"daily\",\"description\"");
    assert_eq!(old(&scheduled).1.activities[0].who, Who::Script);
}

#[test]
fn sums_are_steps_where_there_is_no_ledger() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sessions.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch(include_str!("../../../tests/fixtures/goose/older/sessions.sql")).unwrap();
    let mut context = Context::default();
    let mut read = |sql: &str| {
        conn.execute_batch(sql).unwrap();
        let mut facts = Facts::default();
        for (query, row) in rows_of(&Goose, &path) {
            Goose.decode_row(&mut context, query, &row, &mut facts);
        }
        facts
            .sightings
            .iter()
            .map(|look| (look.quality, look.tokens.classes(), look.at.millis()))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(""), [], "a baseline");
    let grown = "UPDATE sessions SET accumulated_input_tokens = 2500, accumulated_output_tokens = 260, updated_at = '2025-11-03 09:05:00'";
    let step = (crate::model::Quality::Estimated, [400, 0, 0, 0, 60], 1_762_160_700_000);
    assert_eq!((read(grown), read("")), (vec![step], vec![]));
    let reset = "UPDATE sessions SET accumulated_input_tokens = 5, updated_at = '2025-11-03 09:06:00'";
    assert_eq!(read(reset), []);
    let bad = "UPDATE sessions SET accumulated_input_tokens = -5";
    assert_eq!(read(bad).len(), 1);
    let ledger = "CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY, session_id, created_timestamp, model, input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, cost, cost_source); \
      ALTER TABLE messages ADD COLUMN metadata_json TEXT; UPDATE sessions SET accumulated_input_tokens = 50";
    assert_eq!(read(ledger), [], "the ledger tells it better");
}

#[test]
fn sums_of_a_session_of_before_are_steps_too() {
    let text = include_str!("../../../tests/fixtures/goose/lines/20250101_120000.jsonl");
    let path = Path::new("20250101_120000.jsonl");
    let mut context = Context { claim: Goose.claim(path).unwrap(), ..Context::default() };
    let mut read = |text: &str| {
        let mut facts = Facts::default();
        Goose.decode_document(&mut context, text.as_bytes(), &mut facts).unwrap();
        facts.sightings.iter().map(|look| look.tokens.classes()).collect::<Vec<_>>()
    };
    let later = text.replace("341161", "385395").replace("2381", "2566").replace("343542", "387961");
    assert_eq!((read(text), read(&later), read(&later)), (vec![], vec![[44_234, 0, 0, 0, 185]], vec![]));
}

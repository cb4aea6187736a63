use std::path::Path;

use rusqlite::Connection;

use super::*;
use crate::model::{Meaning, Payer, Quality, Usd, Who};
use crate::sources::properties::rows_of;

fn facts(source: Pi, lines: &[String]) -> Facts {
    let path = if source.kind == Kind::OpenClaw { "main/sessions/s1.jsonl" } else { "-shop/1_s1.jsonl" };
    let mut context = Context { claim: source.claim(Path::new(path)).unwrap(), state: Vec::new() };
    let mut facts = Facts::default();
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    source.decode(&mut context, Lines::new(text.as_bytes(), 0), &mut facts);
    facts
}

fn header() -> String {
    r#"{"type":"session","version":3,"id":"s1","timestamp":"2026-11-21T01:00:00.000Z","cwd":"/home/dev/shop"}"#
        .to_owned()
}

/// An entry of 2026-11-21T01:00:05Z with a message of three seconds before.
fn entry(message: &str) -> String {
    format!(
        r#"{{"type":"message","id":"0a","timestamp":"2026-11-21T01:00:05.000Z","message":{{"timestamp":1795222802000,{message}}}}}"#
    )
}

fn answer(usage: &str, more: &str) -> String {
    entry(&format!(
        r#""role":"assistant","provider":"anthropic","model":"m","responseId":"r","usage":{usage}{more}"#
    ))
}

const USAGE: &str = r#"{"input":100,"output":20,"cacheRead":30,"cacheWrite":10,"cacheWrite1h":4,"reasoning":5,"totalTokens":160,"cost":{"total":0.5}}"#;

#[test]
fn an_answer_is_a_request_in_disjoint_classes() {
    let facts = facts(PI, &[header(), answer(USAGE, "")]);
    let [look] = &facts.sightings[..] else { panic!("{facts:?}") };
    assert_eq!((look.tokens.classes(), look.tokens.reasoning), ([100, 30, 6, 4, 20], 5));
    assert_eq!((look.at.millis(), look.quality), (1_795_222_802_000, Quality::Exact));
    let name = |sym| facts.names.text(sym);
    assert_eq!((name(look.session), look.dir.map(name)), ("s1", Some("/home/dev/shop")));
    let reported = look.reported.unwrap();
    assert_eq!((reported.usd, reported.meaning), (Usd(500_000_000_000), Meaning::Listed));
    assert_eq!(facts.births.len(), 1);
    // A login or a key: nothing tells.
    assert!(facts.plans.is_empty());
    let act = &facts.activities[0];
    assert_eq!((act.who, act.at.millis(), act.proven_ms), (Who::Agent, 1_795_222_805_000, 3000));
}

#[test]
fn quality_and_payer_follow_the_entry() {
    let quality = |source, line| facts(source, &[line]).sightings[0].quality;
    assert_eq!(quality(PI, answer(USAGE, r#","stopReason":"aborted""#)), Quality::LowerBound);
    let helped = || entry(&format!(r#""role":"toolResult","toolCallId":"t","model":"m","usage":{USAGE}"#));
    assert_eq!(quality(PI, helped()), Quality::Exact);
    assert_eq!(quality(PRIME, helped()), Quality::Estimated);
    let payer = |provider| {
        let line = answer(USAGE, "").replace("anthropic", provider);
        facts(PI, &[line]).plans.first().map(|plan| plan.payer)
    };
    assert_eq!(payer("openai-codex"), Some(Payer::Subscription));
    assert_eq!(payer("openrouter"), Some(Payer::Metered));
}

#[test]
fn what_cannot_be_true_is_bad_usage_and_zero_is_no_request() {
    for usage in [r#"{"input":-1}"#, r#"{"output":1.5}"#, r#"{"cacheWrite":1,"cacheWrite1h":2}"#] {
        let facts = facts(PI, &[answer(usage, "")]);
        assert!(facts.sightings[0].terms.bad_usage && facts.sightings[0].tokens.is_zero(), "{usage}");
    }
    let failed = answer(r#"{"input":0,"output":0,"cacheRead":0,"cacheWrite":0}"#, r#","stopReason":"error""#);
    assert!(facts(PI, &[failed]).sightings.is_empty());
}

#[test]
fn a_summary_is_a_request_of_the_model_in_use() {
    let line =
        |kind: &str| format!(r#"{{"type":"{kind}","timestamp":"2026-11-21T01:00:09.000Z","usage":{USAGE}}}"#);
    let model = r#"{"type":"model_change","provider":"openai","modelId":"gpt-5"}"#.to_owned();
    let facts = facts(PI, &[model, line("compaction"), line("branch_summary"), line("label")]);
    let found: Vec<_> = facts.sightings.iter().map(|look| facts.names.text(look.model)).collect();
    assert_eq!(found, ["gpt-5", "gpt-5"]);
    assert_ne!(facts.sightings[0].message, facts.sightings[1].message);
}

#[test]
fn who_did_what_is_told_by_roles() {
    type Case<'a> = (Pi, &'a str, Option<(Who, u32)>);
    let cases: [Case<'_>; 7] = [
        (PI, r#""role":"user""#, Some((Who::Prompt, 0))),
        (PI, r#""role":"bashExecution""#, Some((Who::Prompt, 0))),
        (OPENCLAW, r#""role":"user""#, Some((Who::Script, 0))),
        (PI, r#""role":"toolResult","toolCallId":"t""#, Some((Who::Tool, 0))),
        (OPENCLAW, r#""role":"toolResult","details":{"durationMs":405}"#, Some((Who::Tool, 405))),
        (PI, r#""role":"system""#, None),
        (PI, r#""role":"custom""#, None),
    ];
    for (source, message, expected) in cases {
        let facts = facts(source, &[entry(message)]);
        let found: Vec<_> = facts.activities.iter().map(|act| (act.who, act.proven_ms)).collect();
        assert_eq!(found, Vec::from_iter(expected), "{message}");
        assert!(facts.rejects.is_empty());
    }
}

#[test]
fn a_row_and_a_line_say_the_same() {
    let lines = [header(), answer(USAGE, ""), entry(r#""role":"user","content":"x""#)];
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("openclaw-agent.sqlite");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, event_zstd BLOB)").unwrap();
    let insert = "INSERT INTO transcript_events VALUES ('s1', ?1, ?2, ?3, ?4)";
    for (seq, line) in (0..).zip(&lines) {
        conn.execute(insert, (seq, line, 1000 + seq, None::<Vec<u8>>)).unwrap();
    }
    let mut rows = Facts::default();
    for (query, row) in rows_of(&OPENCLAW, &path) {
        OPENCLAW.decode_row(&mut Context::default(), query, &row, &mut rows);
    }
    let lines = facts(OPENCLAW, &lines);
    let looks = |facts: &Facts| {
        format!(
            "{:?} {:?} {:?}",
            facts.sightings[0].key,
            facts.sightings[0].tokens,
            facts.sightings[0].dir.map(|dir| facts.names.text(dir).to_owned())
        )
    };
    assert_eq!(looks(&rows), looks(&lines));
    let acts =
        |facts: &Facts| facts.activities.iter().map(|act| (act.key, act.at, act.who)).collect::<Vec<_>>();
    assert_eq!(acts(&rows), acts(&lines));
    assert_eq!((rows.births.len(), rows.rejects.len()), (1, 0));
    // One that is packed is not passed over in silence.
    conn.execute(insert, (9, None::<String>, 2000, Some(vec![40_u8, 181, 47, 253]))).unwrap();
    let mut rows = Facts::default();
    for (query, row) in rows_of(&OPENCLAW, &path) {
        OPENCLAW.decode_row(&mut Context::default(), query, &row, &mut rows);
    }
    assert_eq!(rows.rejects.len(), 1);
}

//! Lines, and what is read out of them.

use super::*;
use crate::model::{RejectReason, Tokens, Who};

fn line(second: &str, kind: &str, payload: &str) -> String {
    format!(r#"{{"timestamp": 17952255{second}, "message": {{"type": "{kind}", "payload": {payload}}}}}"#)
}

fn wrapped(second: &str, agent: &str, kind: &str, payload: &str) -> String {
    let event = format!(r#"{{{agent}"event": {{"type": "{kind}", "payload": {payload}}}}}"#);
    line(second, "SubagentEvent", &event)
}

const STATUS: &str = r#"{"token_usage": {"input_other": 60, "output": 7, "input_cache_read": 40, "input_cache_creation": 3}, "message_id": "r1"}"#;

fn decode_as(path: &str, lines: &[String]) -> Facts {
    let mut context = Context { claim: KimiCli.claim(Path::new(path)).unwrap(), ..Context::default() };
    KimiCli.inform(&mut context, Path::new(path), &[Vec::new()]);
    let mut facts = Facts::default();
    KimiCli.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

fn decode(lines: &[String]) -> Facts {
    decode_as("x/own/wire.jsonl", lines)
}

#[test]
fn a_status_is_a_request_with_disjoint_classes() {
    let facts = decode(&[line("95.25", "StatusUpdate", STATUS)]);
    let expected = Tokens { input: 60, cache_read: 40, cache_write_5m: 3, output: 7, ..Tokens::default() };
    assert_eq!(facts.sightings[0].tokens, expected);
    assert_eq!(facts.sightings[0].at.millis(), 1_795_225_595_250);
    assert_eq!(facts.names.text(facts.sightings[0].session), "own");
    let negative = STATUS.replace("60", "-60");
    assert!(decode(&[line("95.25", "StatusUpdate", &negative)]).sightings[0].terms.bad_usage);
    assert!(decode(&[line("95.25", "StatusUpdate", r#"{"context_usage": 0.1}"#)]).activities.is_empty());
}

#[test]
fn a_subagents_request_is_the_same_in_both_wires() {
    let own = decode_as("x/own/subagents/a1/wire.jsonl", &[line("95.25", "StatusUpdate", STATUS)]);
    let parent = decode(&[wrapped("95.26", r#""agent_id": "a1", "#, "StatusUpdate", STATUS)]);
    assert_eq!(own.sightings[0].key, parent.sightings[0].key);
    assert_eq!(own.sightings[0].message, parent.sightings[0].message);
    assert!(parent.activities.is_empty(), "its own wire tells when");
    let alone = decode(&[wrapped("95.26", "", "StatusUpdate", STATUS)]);
    assert_eq!((alone.sightings.len(), alone.activities.len()), (1, 1), "without a wire the parent tells");
    let other = decode(&[line("95.25", "StatusUpdate", &STATUS.replace('7', "8"))]);
    assert_ne!(own.sightings[0].message, other.sightings[0].message, "an id that is used again");
}

#[test]
fn the_kind_tells_who_acts() {
    let cases = [
        ("TurnBegin", Some(Who::Prompt), None),
        ("ContentPart", Some(Who::Agent), Some(Who::Agent)),
        ("ToolCall", Some(Who::Agent), Some(Who::Agent)),
        ("ToolResult", Some(Who::Tool), Some(Who::Tool)),
        ("ApprovalResponse", Some(Who::Prompt), Some(Who::Prompt)),
        ("StepBegin", None, None),
        ("TurnEnd", None, None),
        ("Later", None, None),
    ];
    for (kind, main, sub) in cases {
        let who = |path| decode_as(path, &[line("95.5", kind, "{}")]).activities.first().map(|a| a.who);
        assert_eq!(who("x/own/wire.jsonl"), main, "{kind}");
        assert_eq!(who("x/own/subagents/a1/wire.jsonl"), sub, "{kind}");
    }
}

#[test]
fn lines_that_cannot_be_read_are_told() {
    let nowhen = line("95.5", "TurnBegin", "{}").replace("1795225595.5", "\"soon\"");
    let facts = decode(&["{".to_owned(), nowhen, String::new(), r#"{"type": "metadata"}"#.to_owned()]);
    let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
    assert_eq!(reasons, [RejectReason::NotJson, RejectReason::NoInstant]);
}

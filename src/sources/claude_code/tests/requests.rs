//! Sightings and marks.

use super::*;
use crate::model::{
    Geo, Instant, LineKey, MessageKey, Quality, RejectReason, RequestKey, Speed, Tokens, Who,
};

#[test]
fn the_name_in_keys_is_the_agents() {
    assert_eq!(Agent::claude_code().as_str(), AGENT);
}

#[test]
fn a_line_with_usage_is_a_sighting_and_an_activity() {
    let line = assistant(
        r#","uuid":"u1","requestId":"r1","requestSessionId":"s0","session_id":"stale","cwd":"/w","gitBranch":"main""#,
        r#","id":"m1","model":"claude-opus-5","stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":5},"output_tokens_details":{"thinking_tokens":1}}"#,
    );
    let facts = decode(&line);
    let name = |sym| facts.names.text(sym);
    let [seen] = &facts.sightings[..] else { panic!("{facts:?}") };
    let tokens =
        Tokens { input: 1, cache_read: 3, cache_write_5m: 4, cache_write_1h: 5, output: 2, reasoning: 1 };
    assert_eq!(seen.tokens, tokens);
    assert_eq!(seen.key, RequestKey::with_request_id(AGENT, "m1", "r1"));
    assert_eq!((seen.message, seen.line), (MessageKey::new(AGENT, "m1"), Some(LineKey::new(AGENT, "u1"))));
    assert_eq!(
        (name(seen.session), seen.origin.map(name), name(seen.model)),
        ("s", Some("s0"), "claude-opus-5")
    );
    assert_eq!((seen.dir.map(name), seen.branch.map(name)), (Some("/w"), Some("main")));
    assert_eq!((seen.quality, seen.nested, seen.has_request_id), (Quality::Exact, false, true));
    assert_eq!(Some(seen.at), Instant::parse(AT));
    let [done] = &facts.activities[..] else { panic!("{facts:?}") };
    assert_eq!((done.who, done.proven_ms, name(done.session)), (Who::Agent, 0, "s"));
}

#[test]
fn keys_follow_the_ids_that_are_there() {
    let at = Instant::parse(AT).unwrap();
    let usage = r#","model":"m","usage":{"output_tokens":2}"#;
    let first = |fields: &str, message: &str| decode(&assistant(fields, message)).sightings.remove(0);

    let no_request = first("", &format!(r#","id":"m1"{usage}"#));
    assert_eq!(no_request.key, RequestKey::with_instant(AGENT, "m1", at));
    assert!(!no_request.has_request_id);
    let empty_request = first(r#","requestId":"""#, &format!(r#","id":"m1"{usage}"#));
    assert_eq!(empty_request.key, no_request.key);

    let no_message = first(r#","uuid":"u1","requestId":"r1""#, usage);
    assert_eq!(no_message.key, RequestKey::with_line(AGENT, "s", "u1"));
    assert_eq!(no_message.message, MessageKey::new(AGENT, "line:u1"));

    let nothing = first("", usage);
    assert_eq!(nothing.line, None);
    let copy = first(r#","parentUuid":"p","requestSessionId":"s""#, usage);
    assert_eq!(copy.message, nothing.message, "ids that a copy changes are not content");
    assert_ne!(first(r#","cwd":"/other""#, usage).message, nothing.message);
}

#[test]
fn the_session_is_the_lines_own_else_the_files() {
    let line = format!(
        r#"{{"type":"assistant","timestamp":"{AT}","session_id":"stale","message":{{"usage":{{}}}}}}"#
    ) + "\n";
    let mut context = Context { claim: Claim { session: Some("f".into()) }, ..Context::default() };
    let facts = decode_in(&mut context, line.as_bytes(), 0);
    assert_eq!(facts.names.text(facts.sightings[0].session), "f");
    assert_eq!(facts.names.text(facts.sightings[0].model), "unknown");
    assert_eq!(decode(&line).rejects[0].reason, RejectReason::Shape);
}

#[test]
fn made_up_answers_are_no_requests() {
    let usage = r#","model":"<synthetic>","usage":{"output_tokens":0}"#;
    let error = decode(&assistant(r#","isApiErrorMessage":true"#, usage));
    assert_eq!((error.sightings.len(), error.activities.len()), (0, 1));
    let refused = decode(&assistant(r#","requestId":"r","isApiErrorMessage":false"#, usage));
    assert_eq!((refused.sightings.len(), refused.activities.len()), (0, 1));
    let filler = decode(&assistant(r#","isApiErrorMessage":false"#, usage));
    assert_eq!((filler.sightings.len(), filler.activities.len(), filler.rejects.len()), (0, 0, 0));
}

#[test]
fn iterations_beside_the_message_are_requests_of_their_own() {
    let usage = r#","id":"m1","model":"sonnet","stop_reason":"end_turn","usage":{"output_tokens":9,"speed":"fast","inference_geo":"us","iterations":[
        {"type":"message","model":null,"output_tokens":4},
        {"type":"advisor_message","model":"opus","input_tokens":150,"output_tokens":72},
        {"type":"advisor_message","model":null,"output_tokens":5,"speed":"standard"},
        {"type":"message","model":"other","output_tokens":5},
        {"type":"compaction","output_tokens":6},
        {"type":"review","model":"haiku","output_tokens":7},
        {"type":"review","model":"sonnet","output_tokens":8},
        {"type":"advisor_message","model":"opus"},
        {"output_tokens":3},
        null]}"#.replace('\n', "");
    let facts = decode(&assistant(r#","requestId":"r1","advisorModel":"haiku""#, &usage));
    let found: Vec<_> =
        facts.sightings.iter().map(|s| (facts.names.text(s.model), s.tokens.output, s.key)).collect();
    let key = |suffix: &str| RequestKey::with_request_id(AGENT, &format!("m1{suffix}"), "r1");
    assert_eq!(
        found,
        [
            ("sonnet", 9, key("")),
            ("opus", 72, key("#advisor_message:1")),
            ("haiku", 5, key("#advisor_message:2")),
            ("sonnet", 6, key("#compaction:4")),
            ("haiku", 7, key("#review:5")),
        ]
    );
    assert_eq!((facts.sightings[1].terms.speed, facts.sightings[1].terms.geo), (Speed::Fast, Geo::Us));
    assert_eq!(facts.sightings[2].terms.speed, Speed::Standard);
    assert_eq!(facts.activities.len(), 1);
}

#[test]
fn final_counts_are_told_from_placeholders() {
    let line = |uuid: &str, id: &str, output: u64, stop: &str| {
        assistant(
            &format!(r#","uuid":"{uuid}""#),
            &format!(r#","id":"{id}","model":"m","stop_reason":{stop},"usage":{{"output_tokens":{output}}}"#),
        )
    };
    let text = [
        line("1", "a", 30, "null"),
        line("2", "a", 30, "null"),
        line("3", "a", 285, "null"),
        line("4", "b", 600, "null"),
        line("5", "c", 1, "\"tool_use\""),
        line("6", "d", 1, "\"null\""),
    ]
    .concat();
    let found: Vec<_> = decode(&text).sightings.iter().map(|s| s.quality).collect();
    use Quality::{Exact, LowerBound};
    assert_eq!(found, [LowerBound, LowerBound, Exact, LowerBound, Exact, LowerBound]);
}

#[test]
fn a_cut_message_is_marked() {
    let answer = assistant(
        r#","uuid":"u1""#,
        r#","id":"m1","model":"m","stop_reason":"end_turn","usage":{"output_tokens":5}"#,
    );
    let user = |fields: &str| {
        format!(
            r#"{{"type":"user","sessionId":"s","timestamp":"{AT}"{fields},"message":{{"content":[{{"type":"text","text":"[Request interrupted by user]"}}]}}}}"#
        ) + "\n"
    };
    let cases = [
        (user(r#","interruptedMessageId":"m0""#), Some("m0")),
        (user(r#","turnCompanion":true,"isMeta":true,"parentUuid":"u1""#), Some("m1")),
        (user(r#","turnCompanion":true,"isMeta":true,"parentUuid":"u0""#), None),
        (user(r#","parentUuid":"u1""#), None),
    ];
    for (record, expected) in cases {
        let facts = decode(&format!("{answer}{record}"));
        let found: Vec<_> = facts.marks.iter().map(|mark| mark.message).collect();
        let expected: Vec<_> = expected.into_iter().map(|id| MessageKey::new(AGENT, id)).collect();
        assert_eq!(found, expected, "{record}");
        assert_eq!(facts.activities.len(), 1, "only the answer acted: {record}");
    }
}

#[test]
fn nested_copies_take_the_inner_ids() {
    let line = format!(
        r#"{{"type":"progress","sessionId":"s","cwd":"/w","uuid":"outer","timestamp":"2026-11-21T11:00:00Z","data":{{"type":"agent_progress","message":{{"type":"assistant","timestamp":"{AT}","requestId":"r1","uuid":"inner","message":{{"id":"m1","model":"m","stop_reason":null,"usage":{{"output_tokens":7}}}}}}}}}}"#
    ) + "\n";
    let facts = decode(&line);
    let seen = &facts.sightings[0];
    assert_eq!((seen.nested, seen.quality, seen.tokens.output), (true, Quality::LowerBound, 7));
    assert_eq!((Some(seen.at), seen.line), (Instant::parse(AT), Some(LineKey::new(AGENT, "inner"))));
    assert_eq!(seen.key, RequestKey::with_request_id(AGENT, "m1", "r1"));
    assert!(facts.activities.is_empty());
}

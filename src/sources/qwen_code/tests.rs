//! Lines, and what is read out of them.

use std::collections::HashSet;

use super::*;
use crate::model::{Quality, RejectReason, Who};

fn line(kind: &str, uuid: &str, second: u32, rest: &str) -> String {
    format!(
        r#"{{"uuid":"{uuid}","sessionId":"own","timestamp":"2026-11-21T10:00:{second:02}.000Z","type":"{kind}","cwd":"/home/dev/a","version":"1"{rest}}}"#
    )
}

fn event(uuid: &str, second: u32, name: &str, rest: &str) -> String {
    let event = format!(
        r#"{{"event.name":"qwen-code.{name}","event.timestamp":"2026-11-21T10:00:{second:02}.000Z"{rest}}}"#
    );
    line(
        "system",
        uuid,
        second,
        &format!(r#","subtype":"ui_telemetry","systemPayload":{{"uiEvent":{event}}}"#),
    )
}

fn response(uuid: &str, second: u32, output: u64) -> String {
    let counts = format!(
        r#","response_id":"chatcmpl-7","model":"m","input_token_count":100,"output_token_count":{output},"cached_content_token_count":40,"thoughts_token_count":0,"total_token_count":{}"#,
        100 + output
    );
    event(uuid, second, "api_response", &counts)
}

fn answer(uuid: &str, second: u32, output: u64) -> String {
    let usage = format!(
        r#","model":"m","usageMetadata":{{"promptTokenCount":100,"candidatesTokenCount":{output},"thoughtsTokenCount":0,"totalTokenCount":{},"cachedContentTokenCount":40}}"#,
        100 + output
    );
    line("assistant", uuid, second, &usage)
}

fn decode(lines: &[String]) -> Facts {
    let mut facts = Facts::default();
    QwenCode.decode(&mut Context::default(), Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

/// Output of each request.
fn outputs(lines: &[String]) -> Vec<u64> {
    let facts = decode(lines);
    let mut known = HashSet::new();
    facts
        .sightings
        .iter()
        .filter(|look| known.insert(look.message.0))
        .map(|look| look.tokens.output)
        .collect()
}

#[test]
fn a_response_is_counted_once_whichever_line_comes_first() {
    let cases: [(&str, &[String], &[u64]); 6] = [
        ("telemetry first", &[response("t", 1, 5), answer("a", 2, 5)], &[5]),
        ("telemetry last", &[answer("a", 1, 5), response("t", 2, 5)], &[5]),
        ("no telemetry", &[answer("a", 1, 5), answer("b", 2, 5)], &[5, 5]),
        (
            "telemetry last, twice",
            &[answer("a", 1, 5), response("t", 2, 5), answer("b", 3, 6), response("u", 4, 6)],
            &[5, 6],
        ),
        ("background work", &[response("t", 1, 5), answer("a", 2, 5), response("u", 3, 9)], &[5, 9]),
        ("the same lines again", &[response("t", 1, 5), response("t", 1, 5)], &[5]),
    ];
    for (name, lines, expected) in cases {
        assert_eq!(outputs(lines), expected, "{name}");
    }
    let later = answer("b", 3, 8).replace(r#""version":"1""#, r#""version":"2""#);
    assert_eq!(outputs(&[response("t", 1, 5), answer("a", 2, 5), later]), [5, 8], "another version");
}

#[test]
fn lines_of_a_subagent_are_time_alone() {
    let side = |text: String| text.replace(r#""version""#, r#""isSidechain":true,"version""#);
    let facts = decode(&[
        side(line("user", "u", 1, "")),
        side(answer("a", 2, 5)),
        side(line("tool_result", "r", 3, "")),
    ]);
    assert!(facts.sightings.is_empty());
    let who: Vec<_> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(who, [Who::Agent, Who::Tool]);
}

#[test]
fn the_marks_tell_who_speaks() {
    let cases = [
        (r#","provenance":"real_user""#, Who::Prompt),
        ("", Who::Prompt),
        (r#","provenance":"system","subtype":"notification""#, Who::Tool),
        (r#","subtype":"notification""#, Who::Tool),
        (r#","provenance":"schedule""#, Who::Script),
    ];
    for (fields, expected) in cases {
        assert_eq!(decode(&[line("user", "u", 1, fields)]).activities[0].who, expected, "{fields}");
    }
    assert!(decode(&[line("system", "s", 1, r#","subtype":"attribution_snapshot""#)]).activities.is_empty());
}

#[test]
fn a_tool_proves_its_time_if_nobody_was_asked() {
    let proven = |rest: &str| decode(&[event("t", 9, "tool_call", rest)]).activities[0].proven_ms;
    assert_eq!(proven(r#","duration_ms":700,"decision":"auto_accept""#), 700);
    assert_eq!(proven(r#","duration_ms":700,"decision":"accept""#), 0);
    assert_eq!(proven(r#","duration_ms":-7,"decision":"auto_accept""#), 0);
}

#[test]
fn what_the_api_hides_makes_a_lower_bound_and_its_login_tells_who_pays() {
    let with = |auth: &str| {
        let text = response("t", 1, 5).replace(r#""model""#, &format!(r#""auth_type":"{auth}","model""#));
        let facts = decode(&[text]);
        (facts.sightings[0].quality, facts.plans.len())
    };
    assert_eq!(with("openai"), (Quality::Exact, 0));
    assert_eq!(with("anthropic"), (Quality::LowerBound, 0));
    assert_eq!(with("qwen-oauth"), (Quality::Exact, 1));
}

#[test]
fn lines_that_cannot_be_read_are_told() {
    let nowhen = answer("a", 1, 5).replace("2026-11-21T10:00:01.000Z", "soon");
    let nowhere = answer("a", 1, 5).replace("own", "");
    let facts = decode(&["{".to_owned(), nowhen, nowhere, String::new()]);
    let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
    assert_eq!(reasons, [RejectReason::NotJson, RejectReason::NoInstant, RejectReason::Shape]);
    let negative = response("t", 1, 5).replace(":40", ":-40");
    assert!(decode(&[negative]).sightings[0].terms.bad_usage);
}

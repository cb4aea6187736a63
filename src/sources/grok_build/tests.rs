//! Lines, and what is read out of them.

use super::*;
use crate::model::{Quality, RejectReason, Tokens, Usd, Who};

const PATH: &str = "%2Fhome%2Fdev%2Fa%20b/s1/updates.jsonl";

fn line(update: &str, event: &str) -> String {
    format!(
        r#"{{"timestamp": 1788136427, "method": "_x.ai/session/update", "params": {{"sessionId": "s1", "update": {{{update}}}}}, "_meta": {{"eventId": "{event}"}}}}"#
    )
}

fn spent(calls: &str) -> String {
    format!(
        r#""inputTokens": 1000, "cachedReadTokens": 700, "cacheCreationTokens": 100, "outputTokens": 50, "reasoningTokens": 20, "totalTokens": 1050, "modelCalls": {calls}, "costUsdTicks": 2842748000"#
    )
}

fn turn(calls: &str, event: &str) -> String {
    let models = format!(r#""modelUsage": {{"grok-4.5-build": {{{}}}}}"#, spent(calls));
    line(
        &format!(
            r#""sessionUpdate": "turn_completed", "prompt_id": "p", "usage": {{{}, {models}}}"#,
            spent(calls)
        ),
        event,
    )
}

fn decode(lines: &[String]) -> Facts {
    let mut context = Context { claim: GrokBuild.claim(Path::new(PATH)).unwrap(), ..Context::default() };
    GrokBuild.inform(&mut context, Path::new(PATH), &[Vec::new()]);
    let mut facts = Facts::default();
    GrokBuild.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

#[test]
fn a_turn_is_counted_by_model_and_only_one_of_one_request_is_no_estimate() {
    let facts = decode(&[turn("1", "e1"), turn("10", "e2")]);
    let qualities: Vec<Quality> = facts.sightings.iter().map(|s| s.quality).collect();
    assert_eq!(qualities, [Quality::LowerBound, Quality::Estimated]);
    let request = &facts.sightings[0];
    let expected = Tokens {
        input: 200,
        cache_read: 700,
        cache_write_5m: 100,
        output: 50,
        reasoning: 20,
        ..Tokens::default()
    };
    assert_eq!(request.tokens, expected);
    assert_eq!(
        (request.at.millis(), request.reported.unwrap().usd),
        (1_788_136_427_000, Usd(284_274_800_000))
    );
    let names = [request.session, request.model, request.dir.unwrap()];
    assert_eq!(names.map(|name| facts.names.text(name)), ["s1", "grok-4.5-build", "/home/dev/a b"]);
    assert!(facts.activities.is_empty(), "a turn's end is no activity");
}

#[test]
fn a_turn_without_models_has_an_unknown_one_and_a_cancelled_one_nothing() {
    let flat = line(&format!(r#""sessionUpdate": "turn_completed", "usage": {{{}}}"#, spent("1")), "e1");
    let facts = decode(&[flat]);
    assert_eq!(facts.names.text(facts.sightings[0].model), "unknown");
    let cancelled = line(r#""sessionUpdate": "turn_completed", "usage": null"#, "e1");
    let facts = decode(&[cancelled]);
    assert!(facts.sightings.is_empty() && facts.rejects.is_empty());
}

#[test]
fn a_copied_turn_is_the_same_request() {
    let (first, again) = (decode(&[turn("1", "e1")]), decode(&[turn("1", "e1")]));
    assert_eq!(first.sightings[0].message, again.sightings[0].message);
    assert_ne!(decode(&[turn("1", "e2")]).sightings[0].message, first.sightings[0].message);
}

#[test]
fn the_kind_tells_who_acts() {
    let cases = [
        (r#""sessionUpdate": "user_message_chunk""#, Some(Who::Prompt)),
        (r#""sessionUpdate": "agent_thought_chunk""#, Some(Who::Agent)),
        (r#""sessionUpdate": "tool_call""#, Some(Who::Agent)),
        (r#""sessionUpdate": "tool_call_update", "status": "in_progress""#, None),
        (r#""sessionUpdate": "tool_call_update", "status": "completed""#, Some(Who::Tool)),
        (r#""sessionUpdate": "interaction_resolved""#, Some(Who::Prompt)),
        (r#""sessionUpdate": "plan""#, None),
    ];
    for (update, who) in cases {
        let facts = decode(&[line(update, "e")]);
        assert_eq!(facts.activities.first().map(|activity| activity.who), who, "{update}");
    }
}

#[test]
fn what_cannot_be_true_is_bad_usage_and_lines_that_cannot_be_read_are_told() {
    let negative = turn("1", "e").replace("\"cacheCreationTokens\": 100", "\"cacheCreationTokens\": 400");
    assert!(decode(&[negative]).sightings[0].terms.bad_usage);
    let nowhen = turn("1", "e").replace("1788136427", "\"soon\"");
    for (line, reason) in [(nowhen, RejectReason::NoInstant), ("{".to_owned(), RejectReason::NotJson)] {
        let facts = decode(std::slice::from_ref(&line));
        assert_eq!(facts.rejects.iter().map(|r| r.reason).collect::<Vec<_>>(), [reason], "{line}");
    }
}

#[test]
fn a_summary_tells_when_a_session_was_at_work() {
    let path = Path::new("%2Fw/s2/summary.json");
    let mut context = Context { claim: GrokBuild.claim(path).unwrap(), ..Context::default() };
    let mut facts = Facts::default();
    let text = br#"{"info": {"id": "s2", "cwd": "/w"}, "head_branch": "b", "last_active_at": "2026-07-18T10:29:00Z"}"#;
    GrokBuild.decode_document(&mut context, text, &mut facts).unwrap();
    let activity = &facts.activities[0];
    assert_eq!((facts.names.text(activity.session), facts.names.text(activity.dir.unwrap())), ("s2", "/w"));
    assert_eq!(GrokBuild.shape(path), Shape::Document);
    for other in ["%2Fw/s2/chat_history.jsonl", "%2Fw/s2/subagents/x/summary.json", "%2Fw/summary.json"] {
        assert!(GrokBuild.claim(Path::new(other)).is_none(), "{other}");
    }
}

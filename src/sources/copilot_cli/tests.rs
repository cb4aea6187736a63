use std::path::Path;

use super::*;
use crate::model::{Payer, Quality, RejectReason, Who};

fn event(kind: &str, second: u32, more: &str, data: &str) -> String {
    format!(
        r#"{{"type":"{kind}","id":"{kind}{second}","timestamp":"2026-11-21T01:00:{second:02}.000Z"{more},"data":{data}}}"#
    )
}

fn facts(lines: &[String]) -> Facts {
    let source = CopilotCli;
    let claim = source.claim(Path::new("s1/events.jsonl")).unwrap();
    let mut context = Context { claim, state: Vec::new() };
    let mut facts = Facts::default();
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    source.decode(&mut context, Lines::new(text.as_bytes(), 0), &mut facts);
    facts
}

fn start() -> String {
    event("session.start", 0, "", r#"{"sessionId":"s1","context":{"cwd":"/home/dev/shop","branch":"main"}}"#)
}

fn record(second: u32, call: &str, more: &str, tokens: [i64; 4]) -> String {
    let [input, output, read, write] = tokens;
    event(
        "session.usage_record",
        second,
        "",
        &format!(
            r#"{{"usage":{{"model":"gpt-5","apiCallId":"{call}","inputTokens":{input},"outputTokens":{output},"cacheReadTokens":{read},"cacheWriteTokens":{write},"reasoningTokens":4,"duration":900{more}}}}}"#
        ),
    )
}

fn shutdown(second: u32, input: u64, output: u64) -> String {
    let usage = format!(
        r#"{{"inputTokens":{input},"outputTokens":{output},"cacheReadTokens":10,"cacheWriteTokens":0}}"#
    );
    event("session.shutdown", second, "", &format!(r#"{{"modelMetrics":{{"gpt-5":{{"usage":{usage}}}}}}}"#))
}

fn answer(second: u32, output: u64) -> String {
    let data = format!(r#"{{"messageId":"m{second}","model":"gpt-5","outputTokens":{output}}}"#);
    event("assistant.message", second, "", &data)
}

type Found = Vec<([u64; 5], Quality)>;

fn found(facts: &Facts) -> Found {
    facts.sightings.iter().map(|look| (look.tokens.classes(), look.quality)).collect()
}

#[test]
fn a_record_is_a_request_and_totals_repeat_it() {
    let facts = facts(&[start(), record(1, "c", "", [100, 20, 30, 5]), shutdown(2, 100, 20)]);
    assert_eq!(found(&facts), [([65, 30, 5, 0, 20], Quality::Exact)]);
    let look = &facts.sightings[0];
    let name = |sym| facts.names.text(sym);
    assert_eq!((name(look.session), look.dir.map(name)), ("s1", Some("/home/dev/shop")));
    assert_eq!((look.branch.map(name), look.provider.map(name)), (Some("main"), Some("github-copilot")));
    assert_eq!((look.tokens.reasoning, facts.plans[0].payer), (4, Payer::Subscription));
    assert_eq!((facts.activities[0].who, facts.activities[0].proven_ms), (Who::Agent, 900));
}

/// Premium requests and AI units are the plan's own coin: no amount of USD.
#[test]
fn units_of_the_plan_are_no_cost() {
    let units = r#","cost":1.0,"totalNanoAiu":270000000"#;
    let facts = facts(&[start(), record(1, "c", units, [100, 20, 30, 5])]);
    assert_eq!((facts.sightings.len(), facts.sightings[0].reported), (1, None));
    assert_eq!(facts.plans[0].payer, Payer::Subscription);
}

#[test]
fn a_key_of_the_users_own_is_metered_and_names_its_vendor() {
    let own = r#","isByok":true,"modelProvider":"anthropic""#;
    let facts = facts(&[start(), record(1, "c", own, [100, 20, 30, 5])]);
    assert_eq!(facts.sightings[0].provider.map(|sym| facts.names.text(sym)), Some("anthropic"));
    assert_eq!(facts.plans[0].payer, Payer::Metered);
}

#[test]
fn the_agents_own_number_tells_requests_with_one_id_apart() {
    let own = |sequence: u32| {
        format!(r#","accounting":{{"sourceSessionId":"s1","sequence":{sequence},"usageId":"c"}}"#)
    };
    let keys = |lines: &[String]| {
        let mut keys: Vec<_> = facts(lines).sightings.iter().map(|look| look.message).collect();
        keys.dedup();
        keys.len()
    };
    assert_eq!(keys(&[record(1, "c", &own(1), [9, 1, 0, 0]), record(1, "c", &own(2), [9, 1, 0, 0])]), 2);
    assert_eq!(keys(&[record(1, "c", &own(1), [9, 1, 0, 0]), record(2, "c", &own(1), [9, 1, 0, 0])]), 1);
    assert_eq!(keys(&[record(1, "c", "", [9, 1, 0, 0]), record(2, "c", "", [9, 1, 0, 0])]), 2);
}

#[test]
fn counts_that_cannot_be_true_are_bad_usage() {
    for tokens in [[10, 1, 8, 5], [-1, 1, 0, 0], [10, -1, 0, 0]] {
        let facts = facts(&[record(1, "c", "", tokens)]);
        assert!(facts.sightings[0].terms.bad_usage && facts.sightings[0].tokens.is_zero(), "{tokens:?}");
    }
}

#[test]
fn a_total_counts_for_what_nothing_before_it_told() {
    let lower = |output| ([0, 0, 0, 0, output], Quality::LowerBound);
    let step = |input, read, output| ([input, read, 0, 0, output], Quality::Estimated);
    let cases: [(&[String], Found); 4] = [
        (&[answer(1, 20), shutdown(2, 110, 25)], vec![lower(20), step(100, 10, 5)]),
        // Cumulative over a resume.
        (
            &[answer(1, 20), shutdown(2, 110, 20), answer(3, 30), shutdown(4, 160, 50)],
            vec![lower(20), step(100, 10, 0), lower(30), step(50, 0, 0)],
        ),
        // Begun anew.
        (
            &[answer(1, 20), shutdown(2, 110, 20), answer(3, 5), shutdown(4, 60, 5)],
            vec![lower(20), step(100, 10, 0), lower(5), step(50, 10, 0)],
        ),
        // A killed session has no total; a version with records takes over.
        (
            &[answer(1, 20), record(2, "c", "", [9, 1, 0, 0]), answer(3, 1), shutdown(4, 999, 99)],
            vec![lower(20), ([9, 0, 0, 0, 1], Quality::Exact)],
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(found(&facts(lines)), expected, "{lines:?}");
    }
}

#[test]
fn who_did_what_is_told_by_events() {
    let agent = r#","agentId":"a1""#;
    let asks = event("tool.execution_start", 1, "", r#"{"toolCallId":"t","toolName":"ask_user"}"#);
    let done =
        |error: &str| event("tool.execution_complete", 2, "", &format!(r#"{{"toolCallId":"t"{error}}}"#));
    let cases: [(&[String], &[Who]); 9] = [
        (&[event("user.message", 1, "", "{}")], &[Who::Prompt]),
        (&[event("user.message", 1, agent, "{}")], &[]),
        (&[event("user.message", 1, "", r#"{"source":"agent-s1"}"#)], &[]),
        (&[event("user.message", 1, "", r#"{"source":"schedule"}"#)], &[Who::Script]),
        (&[event("assistant.message", 1, agent, "{}")], &[Who::Agent]),
        (&[done("")], &[Who::Tool]),
        (&[asks, done("")], &[Who::Prompt]),
        (&[done(r#","error":{"code":"rejected"}"#)], &[Who::Prompt]),
        (&[event("assistant.turn_end", 1, "", "{}"), event("system.message", 1, "", "{}")], &[]),
    ];
    for (lines, expected) in cases {
        let facts = facts(lines);
        let whos: Vec<_> = facts.activities.iter().map(|act| act.who).collect();
        assert_eq!(whos, expected, "{lines:?}");
        assert!(facts.rejects.is_empty());
    }
}

#[test]
fn an_event_behind_the_nuls_of_a_crash_is_read() {
    let facts =
        facts(&[format!("{{\"type\":\"as\0\0\0{}", record(1, "c", "", [9, 1, 0, 0])), "\0\0".to_owned()]);
    assert_eq!(found(&facts), [([9, 0, 0, 0, 1], Quality::Exact)]);
    let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
    assert_eq!(reasons, [RejectReason::Nul, RejectReason::Nul]);
}

//! Lines, and what is read out of them.

use super::*;
use crate::model::{RejectReason, Tokens, Who};

fn line(kind: &str, ms: u32, rest: &str) -> String {
    format!(r#"{{"type":"{kind}","agentId":"main"{rest},"time":1795225691{ms:03}}}"#)
}

fn event(kind: &str, ms: u32, rest: &str) -> String {
    line("context.append_loop_event", ms, &format!(r#","event":{{"type":"{kind}"{rest}}}"#))
}

fn usage(ms: u32, rest: &str) -> String {
    let counts = r#","usage":{"inputOther":60,"output":7,"inputCacheRead":40,"inputCacheCreation":3}"#;
    line("usage.record", ms, &format!(r#","model":"demo"{counts}{rest}"#))
}

fn mode(mode: &str) -> String {
    line("permission.set_mode", 1, &format!(r#","mode":"{mode}""#))
}

fn decode(lines: &[String]) -> Facts {
    let claim = KimiCode.claim(Path::new("wd/own/agents/main/wire.jsonl")).unwrap();
    let mut facts = Facts::default();
    let mut context = Context { claim, ..Context::default() };
    KimiCode.decode(&mut context, Lines::new((lines.join("\n") + "\n").as_bytes(), 0), &mut facts);
    facts
}

#[test]
fn the_record_counts_and_its_copies_do_not() {
    let again = r#","usage":{"inputOther":60,"output":7,"inputCacheRead":40,"inputCacheCreation":3}"#;
    let asked = line("llm.request", 1, r#","modelAlias":"demo","model":"kimi-k2""#);
    let bound = line("profile.bind", 0, r#","environmentDisclosure":{"cwd":"/home/dev/a"}"#);
    let facts = decode(&[
        bound,
        asked,
        usage(2, ""),
        event("step.end", 3, again),
        usage(4, r#","usageScope":"session""#),
        line("subagent.completed", 5, again),
        line("agent.message.appended", 6, &format!(r#","message":{{"meta":{{"a":1{again}}}}}"#)),
    ]);
    assert_eq!(facts.sightings.len(), 1);
    let look = &facts.sightings[0];
    let expected = Tokens { input: 60, cache_read: 40, cache_write_5m: 3, output: 7, ..Tokens::default() };
    assert_eq!(look.tokens, expected);
    assert_eq!(facts.names.text(look.model), "kimi-k2");
    assert_eq!(facts.names.text(look.session), "own");
    assert_eq!(look.dir.map(|dir| facts.names.text(dir)), Some("/home/dev/a"));
    let alone = decode(&[usage(2, "")]);
    assert_eq!(alone.names.text(alone.sightings[0].model), "demo", "no request told the model");
    assert!(decode(&[usage(2, "").replace("60", "-60")]).sightings[0].terms.bad_usage);
}

#[test]
fn the_origin_tells_who_speaks() {
    let prompt = |rest: &str| line("turn.prompt", 1, rest);
    let cases = [
        (prompt(r#","origin":{"kind":"user"}"#), Some(Who::Prompt)),
        (prompt(""), Some(Who::Prompt)),
        (prompt(r#","origin":{"kind":"system_trigger"}"#), Some(Who::Script)),
        (prompt("").replace("main", "agent-0"), None),
        (line("context.append_message", 1, r#","origin":{"kind":"user"}"#), None),
        (event("content.part", 1, ""), Some(Who::Agent)),
        (event("tool.call", 1, ""), Some(Who::Agent)),
        (event("tool.result", 1, ""), Some(Who::Tool)),
        (event("step.begin", 1, ""), None),
        (event("step.end", 1, r#","finishReason":"error""#), None),
    ];
    for (line, expected) in cases {
        let facts = decode(std::slice::from_ref(&line));
        assert_eq!(facts.activities.first().map(|activity| activity.who), expected, "{line}");
    }
}

#[test]
fn a_change_of_directory_is_followed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/kimi/kimi-config-update-cwd.jsonl");
    let moved = std::fs::read_to_string(path).unwrap().trim().to_owned();
    let bound = line("profile.bind", 0, r#","environmentDisclosure":{"cwd":"/home/dev/a"}"#);
    let facts = decode(&[bound, usage(2, ""), moved, usage(3, "")]);
    let dirs: Vec<_> = facts.sightings.iter().filter_map(|look| Some(facts.names.text(look.dir?))).collect();
    assert_eq!(dirs, ["/home/dev/a", "/Users/helix/Code/mcp-hub"]);
}

#[test]
fn a_question_is_answered_by_a_person() {
    let call = event("tool.call", 2, r#","toolCallId":"c","name":"AskUserQuestion""#);
    let result = event("tool.result", 3, r#","toolCallId":"c","result":{"durationMs":900}"#);
    let who = |mode: String| {
        let facts = decode(&[mode, call.clone(), result.clone()]);
        (facts.activities[1].who, facts.activities[1].proven_ms)
    };
    assert_eq!(who(mode("manual")), (Who::Prompt, 0));
    assert_eq!(who(mode("auto")), (Who::Tool, 900));
}

#[test]
fn only_a_mode_that_never_asks_proves_time() {
    let turn = |modes: &[&str]| {
        let mut lines: Vec<String> = modes.iter().map(|name| mode(name)).collect();
        lines.insert(1, line("turn.prompt", 2, ""));
        lines.push(event("tool.result", 3, r#","result":{"durationMs":900}"#));
        lines.push(line("turn.ended", 4, r#","durationMs":1200"#));
        let facts = decode(&lines);
        (facts.turns.first().map(|turn| turn.duration_ms), facts.activities[1].proven_ms)
    };
    assert_eq!(turn(&["yolo"]), (Some(1200), 900));
    assert_eq!(turn(&["manual"]), (None, 0));
    assert_eq!(turn(&["auto", "manual", "auto"]), (None, 900));
}

#[test]
fn lines_that_cannot_be_read_are_told() {
    let nowhen = usage(2, "").replace("1795225691002", "\"soon\"");
    let facts = decode(&["{".to_owned(), nowhen, String::new(), "{}".to_owned()]);
    let reasons: Vec<_> = facts.rejects.iter().map(|reject| reject.reason).collect();
    assert_eq!(reasons, [RejectReason::NotJson, RejectReason::NoInstant]);
    for path in ["wd/own/wire.jsonl", "wd/own/agents/main/state.json", "wd/own/state.json"] {
        assert_eq!(KimiCode.claim(Path::new(path)), None, "{path}");
    }
}

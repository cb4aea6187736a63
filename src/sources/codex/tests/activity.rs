//! Who acts, and what proves time.

use super::*;
use crate::model::Who;

fn item(ms: u64, kind: &str, rest: &str) -> String {
    line(ms, "response_item", &format!(r#""type":"{kind}"{rest}"#))
}

fn said(role: &str, text: &str) -> String {
    let text = format!(r#","role":"{role}","content":[{{"type":"input_text","text":"{text}"}}]"#);
    item(1, "message", &text)
}

fn started(trigger: &str) -> String {
    event(1, "task_started", &format!(r#","turn_id":"t","turn_attribution":{{"turn_trigger":"{trigger}"}}"#))
}

fn policy(policy: &str) -> String {
    line(1, "turn_context", &format!(r#""turn_id":"t","approval_policy":"{policy}""#))
}

#[test]
fn the_log_tells_who_speaks() {
    let cli = || meta(0, "own", "");
    let exec = || cli().replace(r#""cli""#, r#""exec""#);
    let subagent = || cli().replace(r#""cli""#, r#"{"subagent":"review"}"#);
    let marked = |kind: &str| {
        let marks =
            format!(r#","internal_chat_message_metadata_passthrough":{{"content_item_kinds":["{kind}"]}}"#);
        said("user", "go").replace(r#","role""#, &format!(r#"{marks},"role""#))
    };
    let cases = [
        (vec![cli(), said("user", "go")], Some(Who::Prompt)),
        (vec![exec(), said("user", "go")], Some(Who::Script)),
        (vec![exec(), started("user"), said("user", "go")], Some(Who::Prompt)),
        (vec![cli(), started("exec"), said("user", "go")], Some(Who::Script)),
        (vec![subagent(), said("user", "go")], None),
        (vec![cli(), said("user", "<environment_context>x")], None),
        (vec![cli(), said("user", "<subagent_notification>x")], Some(Who::Tool)),
        (vec![cli(), said("developer", "go")], None),
        (vec![cli(), said("assistant", "go")], Some(Who::Agent)),
        (vec![cli(), marked("user.text")], Some(Who::Prompt)),
        (vec![cli(), marked("compaction.summary")], None),
        (vec![cli(), item(1, "reasoning", "")], Some(Who::Agent)),
        (vec![cli(), item(1, "web_search_call", "")], Some(Who::Agent)),
        (vec![cli(), item(1, "custom_tool_call_output", "")], Some(Who::Tool)),
        (vec![cli(), event(1, "agent_message", "")], None),
        (vec![cli(), event(1, "task_complete", "")], None),
    ];
    for (lines, expected) in cases {
        let facts = decode(&lines);
        assert_eq!(facts.activities.first().map(|activity| activity.who), expected, "{lines:?}");
    }
}

#[test]
fn what_a_tool_logs_proves_time_and_an_open_call_only_where_nobody_is_asked() {
    let call = |tool: &str| item(10, "function_call", &format!(r#","name":"{tool}","call_id":"c""#));
    let result = |output: &str| {
        item(900_010, "function_call_output", &format!(r#","call_id":"c","output":"{output}""#))
    };
    let timed = r"Chunk ID: 1\nWall time: 12.5 seconds\nOutput:\nx";
    let cases = [
        ("on-request", "exec_command", timed, Who::Tool, 12_500),
        ("on-request", "exec_command", "x", Who::Tool, 0),
        ("never", "exec_command", "x", Who::Tool, 900_000),
        ("never", "request_user_input", "x", Who::Prompt, 0),
    ];
    for (ask, tool, output, who, proven) in cases {
        let facts = decode(&[meta(0, "own", ""), policy(ask), call(tool), result(output)]);
        let last = facts.activities.last().unwrap();
        assert_eq!((last.who, last.proven_ms), (who, proven), "{ask} {tool} {output}");
    }
    let ended = r#","item":{"type":"CommandExecution","id":"c","duration":{"secs":2,"nanos":857384348}}"#;
    let facts = decode(&[meta(0, "own", ""), event(5, "item_completed", ended)]);
    assert_eq!((facts.activities[0].who, facts.activities[0].proven_ms), (Who::Tool, 2_857));
}

#[test]
fn a_turn_proves_time_where_nobody_is_asked() {
    let done = || event(9, "task_complete", r#","turn_id":"t","duration_ms":8000"#);
    let turns =
        |lines: &[String]| decode(lines).turns.iter().map(|turn| turn.duration_ms).collect::<Vec<_>>();
    let own = || meta(0, "own", "");
    assert_eq!(turns(&[own(), started("user"), policy("never"), done()]), [8000]);
    assert!(turns(&[own(), started("user"), policy("on-request"), done()]).is_empty());
    assert!(turns(&[own(), started("user"), policy("on-request"), policy("never"), done()]).is_empty());
    assert!(turns(&[own(), started("user"), done()]).is_empty(), "nothing tells");
    let asked = item(2, "function_call", r#","name":"request_user_input","call_id":"c""#);
    let answer = item(3, "function_call_output", r#","call_id":"c","output":"x""#);
    assert!(turns(&[own(), started("user"), policy("never"), asked, answer, done()]).is_empty());
}

#[test]
fn nothing_of_a_copy_is_time() {
    let parent = meta(1, "parent", "");
    let lines = [
        meta(0, "own", r#","forked_from_id":"parent""#),
        parent,
        said("user", "go"),
        said("assistant", "done"),
        item(3_000, "message", r#","role":"user","content":[{"type":"input_text","text":"go on"}]"#),
    ];
    let facts = decode(&lines);
    let acts: Vec<_> = facts.activities.iter().map(|activity| activity.who).collect();
    assert_eq!(acts, [Who::Prompt]);
    assert_eq!(facts.births.len(), 1);
}

//! Activities, what they prove, and turns.

use super::*;
use crate::model::Who;

/// A session of a prompt, a call, its result, and what the result proves.
fn proof(mode: &str, tool: &str, result_fields: &str, result: &str) -> (Who, u32) {
    let prompt = format!(
        r#"{{"type":"user","sessionId":"s","timestamp":"{AT}","permissionMode":"{mode}","message":{{"content":"go"}}}}"#
    );
    let call = assistant("", &format!(r#","content":[{{"type":"tool_use","id":"t1","name":"{tool}"}}]"#));
    let answer = format!(
        r#"{{"type":"user","sessionId":"s","timestamp":"2026-11-21T10:20:00.000Z"{result_fields},"message":{{"content":[{{"type":"tool_result","tool_use_id":"t1"{result}}}]}}}}"#
    );
    let facts = decode(&format!("{prompt}\n{call}{answer}\n"));
    assert!(facts.rejects.is_empty(), "{facts:?}");
    let last = facts.activities.last().unwrap();
    (last.who, last.proven_ms)
}

#[test]
fn only_logged_durations_and_calls_that_never_ask_prove_work() {
    let open = 1_200_000;
    let config = r#","permissionDecision":{"decision":"accept","source":"config"}"#;
    let asked = r#","permissionDecision":{"decision":"accept","source":"user_temporary"}"#;
    let refusal = r#","is_error":true,"content":"The user doesn't want to proceed with this tool use.""#;
    let cases = [
        ("default", "Bash", "", "", (Who::Tool, 0)),
        ("acceptEdits", "Bash", "", "", (Who::Tool, 0)),
        ("auto", "Read", "", "", (Who::Tool, 0)),
        ("bypassPermissions", "Bash", "", "", (Who::Tool, open)),
        ("dontAsk", "Bash", "", "", (Who::Tool, open)),
        ("default", "Bash", config, "", (Who::Tool, open)),
        ("bypassPermissions", "Bash", asked, "", (Who::Tool, 0)),
        ("default", "TaskOutput", "", "", (Who::Tool, open)),
        ("default", "Agent", r#","toolUseResult":{"totalDurationMs":81234}"#, "", (Who::Tool, 81_234)),
        ("default", "WebSearch", r#","toolUseResult":{"durationSeconds":0.094}"#, "", (Who::Tool, 94)),
        ("bypassPermissions", "AskUserQuestion", "", "", (Who::Prompt, 0)),
        ("bypassPermissions", "ExitPlanMode", config, "", (Who::Prompt, 0)),
        ("bypassPermissions", "Bash", r#","toolUseResult":"User rejected tool use""#, "", (Who::Prompt, 0)),
        ("default", "Bash", "", refusal, (Who::Prompt, 0)),
        (
            "default",
            "Bash",
            "",
            r#","is_error":true,"content":[{"type":"text","text":"The user doesn't want to"}]"#,
            (Who::Prompt, 0),
        ),
        ("default", "Bash", "", r#","is_error":true,"content":"exit 1""#, (Who::Tool, 0)),
        ("default", "Bash", "", r#","content":"The user doesn't want to""#, (Who::Tool, 0)),
        (
            "default",
            "Bash",
            r#","permissionDecision":{"decision":"reject","source":"user_reject"}"#,
            "",
            (Who::Prompt, 0),
        ),
    ];
    for (mode, tool, fields, result, expected) in cases {
        assert_eq!(proof(mode, tool, fields, result), expected, "{mode} {tool} {fields} {result}");
    }
}

#[test]
fn a_mode_that_came_after_the_call_does_not_free_it() {
    let text = assistant("", r#","content":[{"type":"tool_use","id":"t1","name":"Bash"}]"#)
        + "{\"type\":\"permission-mode\",\"permissionMode\":\"bypassPermissions\",\"sessionId\":\"s\"}\n"
        + &format!(
            r#"{{"type":"user","sessionId":"s","timestamp":"{AT}","message":{{"content":[{{"type":"tool_result","tool_use_id":"t1"}}]}}}}"#
        )
        + "\n";
    assert_eq!(decode(&text).activities.last().unwrap().proven_ms, 0);
}

#[test]
fn a_turn_is_told_only_where_nobody_can_have_been_asked() {
    let mode = |mode: &str| format!(r#"{{"type":"permission-mode","permissionMode":"{mode}"}}"#) + "\n";
    let prompt =
        format!(r#"{{"type":"user","sessionId":"s","timestamp":"{AT}","message":{{"content":"go"}}}}"#)
            + "\n";
    let end = format!(
        r#"{{"type":"system","subtype":"turn_duration","durationMs":3620,"uuid":"u","sessionId":"s","timestamp":"{AT}"}}"#
    ) + "\n";
    let question = assistant("", r#","content":[{"type":"tool_use","id":"t1","name":"AskUserQuestion"}]"#)
        + &format!(
            r#"{{"type":"user","sessionId":"s","timestamp":"{AT}","message":{{"content":[{{"type":"tool_result","tool_use_id":"t1"}}]}}}}"#
        )
        + "\n";
    let cases = [
        (prompt.clone() + &end, 0),
        (mode("acceptEdits") + &prompt + &end, 0),
        (mode("bypassPermissions") + &prompt + &end, 1),
        (mode("bypassPermissions") + &prompt + &question + &end, 0),
        (mode("bypassPermissions") + &prompt + &mode("default") + &mode("dontAsk") + &end, 0),
        (mode("default") + &prompt + &mode("bypassPermissions") + &end, 0),
    ];
    for (text, expected) in cases {
        let facts = decode(&text);
        assert_eq!(facts.turns.len(), expected, "{text}");
        assert!(facts.turns.iter().all(|turn| turn.duration_ms == 3620));
    }
}

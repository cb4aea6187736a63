//! One line of a log, with the members that Claude Code 2.1.329 writes.

use serde::Serialize;
use serde_json::{Value, json};

use super::plan::Block;
use crate::model::Tokens;

/// A line that has a place in the conversation. `parentUuid` comes first and what tells the place last, as in the
/// program's own lines; members between are in the order of their names, which no reader may depend on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record<'a> {
    pub(super) parent_uuid: Option<String>,
    pub(super) is_sidechain: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) agent_id: Option<&'a str>,
    #[serde(flatten)]
    pub(super) body: Value,
    pub(super) uuid: String,
    pub(super) timestamp: String,
    pub(super) user_type: &'static str,
    pub(super) entrypoint: &'static str,
    pub(super) cwd: &'a str,
    pub(super) session_id: &'a str,
    pub(super) version: &'static str,
    pub(super) git_branch: &'a str,
}

/// An answer's message with one of its blocks: usage and stop reason are those of the whole message on each line.
pub(super) fn message(id: &str, model: &str, block: &Value, tokens: &Tokens, blocks: &[Block]) -> Value {
    let calls = blocks.iter().any(|block| matches!(block, Block::Call(..)));
    json!({
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [block],
        "stop_reason": if calls { "tool_use" } else { "end_turn" },
        "stop_sequence": null,
        "stop_details": null,
        "usage": usage(tokens),
    })
}

/// Counts as the vendor reports them.
pub(super) fn usage(tokens: &Tokens) -> Value {
    json!({
        "input_tokens": tokens.input,
        "cache_creation_input_tokens": tokens.cache_write(),
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write_5m,
            "ephemeral_1h_input_tokens": tokens.cache_write_1h,
        },
        "output_tokens": tokens.output,
        "output_tokens_details": { "thinking_tokens": tokens.reasoning },
        "server_tool_use": { "web_search_requests": 0, "web_fetch_requests": 0 },
        "service_tier": "standard",
        "inference_geo": "not_available",
        "iterations": [],
        "speed": "standard",
        "fallback_credit": null,
    })
}

/// A block as JSON; `call` is the id of a tool call.
pub(super) fn block(block: &Block, call: &str) -> Value {
    match block {
        Block::Think => json!({ "type": "thinking", "thinking": "", "signature": "c2FtcGxl" }),
        Block::Say(text) => json!({ "type": "text", "text": text }),
        Block::Call(name, input) => {
            let input: Value = serde_json::from_str(input).unwrap_or_default();
            json!({ "type": "tool_use", "id": call, "name": name, "input": input })
        }
    }
}

/// What a person typed.
pub(super) fn prompt(text: &str, mode: &str, turn: u32) -> Value {
    json!({
        "type": "user",
        "message": { "role": "user", "content": text },
        "permissionMode": mode,
        "origin": { "kind": "human" },
        "promptSource": "typed",
        "turnOrigin": "human",
        "turnPosition": { "promptIndex": turn, "turnIndex": turn },
    })
}

/// What a tool returned. The configuration had allowed the call.
pub(super) fn result(call: &str, output: &str, from: &str) -> Value {
    json!({
        "type": "user",
        "message": {
            "role": "user",
            "content": [{ "tool_use_id": call, "type": "tool_result", "content": output, "is_error": false }],
        },
        "sourceToolAssistantUUID": from,
        "permissionDecision": {
            "decision": "accept", "source": "config", "reasonType": "rule", "ruleSource": "projectSettings",
        },
    })
}

/// `toolUseResult` of a shell command.
pub(super) fn shell_report(output: &str) -> Value {
    json!({ "stdout": output, "stderr": "", "interrupted": false, "isImage": false, "noOutputExpected": false })
}

/// `toolUseResult` of a subagent: its `usage` repeats that of its last request, and must not be counted again.
pub(super) fn agent_report(agent: &str, kind: &str, millis: u64, model: &str, last: &Tokens) -> Value {
    json!({
        "status": "completed",
        "agentId": agent,
        "agentType": kind,
        "resolvedModel": model,
        "totalDurationMs": millis,
        "totalTokens": last.prompt() + last.output,
        "usage": usage(last),
    })
}

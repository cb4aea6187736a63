//! OpenAI's chat completions, for opencode with a provider of one's own.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Part, Reply, plain, streamed};

/// An answer as it is streamed, or whole.
pub(super) fn written(reply: &Reply) -> Response {
    let (mut text, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
    for part in &reply.parts {
        match part {
            Part::Thought(more) => thought.push_str(more),
            Part::Text(more) => text.push_str(more),
            Part::Tool(tool) => {
                let (index, number) = (calls.len(), reply.number);
                let function = json!({"name": tool.name, "arguments": tool.input.to_string()});
                let id = format!("call_live{number:06}{index}");
                calls.push(json!({"index": index, "id": id, "type": "function", "function": function}));
            }
        }
    }
    let finish = if calls.is_empty() { "stop" } else { "tool_calls" };
    let document = |object: &str, choices: Value, usage: Value| {
        json!({"id": format!("chatcmpl-live{:06}", reply.number), "object": object, "created": 1_767_600_000,
            "model": reply.model, "choices": choices, "usage": usage})
    };
    if !reply.is_stream {
        let mut message = json!({"role": "assistant", "content": text});
        if !calls.is_empty() {
            message["tool_calls"] = calls.into();
        }
        let choices = json!([{"index": 0, "message": message, "finish_reason": finish}]);
        return plain(200, &document("chat.completion", choices, usage(reply)));
    }
    let chunk = |delta: Value, finish: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
        document("chat.completion.chunk", choices, Value::Null)
    };
    let mut sent = vec![chunk(json!({"role": "assistant", "content": ""}), Value::Null)];
    if !thought.is_empty() {
        sent.push(chunk(json!({"reasoning_content": thought}), Value::Null));
    }
    sent.push(chunk(json!({"content": text}), Value::Null));
    sent.extend(calls.into_iter().map(|call| chunk(json!({"tool_calls": [call]}), Value::Null)));
    sent.push(chunk(json!({}), finish.into()));
    sent.push(document("chat.completion.chunk", json!([]), usage(reply)));
    let lines = sent.iter().map(|chunk| format!("data: {chunk}\n\n"));
    streamed(lines.chain(["data: [DONE]\n\n".to_owned()]).collect())
}

/// What was cached is a part of the prompt here.
fn usage(reply: &Reply) -> Value {
    let tokens = &reply.tokens;
    let prompt = tokens.input + tokens.cache_read;
    json!({
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read},
        "completion_tokens": tokens.output,
        "completion_tokens_details": {"reasoning_tokens": reply.reasoning},
        "total_tokens": prompt + tokens.output,
    })
}

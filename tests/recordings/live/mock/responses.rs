//! OpenAI's responses, for Codex.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Part, Reply, events, plain};

/// An answer as it is streamed, or whole.
pub(super) fn written(reply: &Reply) -> Response {
    let output: Vec<Value> = reply.parts.iter().enumerate().map(|(at, part)| item(reply, at, part)).collect();
    let response = |status: &str, output: &[Value], usage: Value| {
        json!({"id": format!("resp_live{:08}", reply.number), "object": "response", "created_at": 1_767_600_000, "status": status,
            "model": reply.model, "output": output, "usage": usage, "error": null, "incomplete_details": null})
    };
    let whole = response("completed", &output, usage(reply));
    if !reply.is_stream {
        return plain(200, &whole);
    }
    let mut sent =
        vec![json!({"type": "response.created", "response": response("in_progress", &[], Value::Null)})];
    for (index, item) in output.iter().enumerate() {
        let mut begun = item.clone();
        begun["status"] = "in_progress".into();
        if item["type"] == "message" {
            begun["content"] = json!([]);
        }
        sent.push(json!({"type": "response.output_item.added", "output_index": index, "item": begun}));
        sent.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    sent.push(json!({"type": "response.completed", "response": whole}));
    for (number, event) in sent.iter_mut().enumerate() {
        event["sequence_number"] = number.into();
    }
    events(&sent)
}

fn item(reply: &Reply, at: usize, part: &Part) -> Value {
    let id = |kind: &str| format!("{kind}_live{:06}{at}", reply.number);
    match part {
        Part::Thought(text) => {
            json!({"type": "reasoning", "id": id("rs"), "content": null, "encrypted_content": "c2VhbGVk",
            "summary": [{"type": "summary_text", "text": text}]})
        }
        Part::Text(text) => {
            json!({"type": "message", "id": id("msg"), "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]})
        }
        Part::Tool(tool) => {
            let mut call = json!({"type": "function_call", "id": id("fc"), "call_id": id("call"), "name": tool.name,
                "arguments": tool.input.to_string(), "status": "completed"});
            if let Some(space) = tool.space {
                call["namespace"] = space.into();
            }
            call
        }
    }
}

/// What was cached is a part of the input here.
fn usage(reply: &Reply) -> Value {
    let tokens = &reply.tokens;
    let input = tokens.input + tokens.cache_read;
    json!({
        "input_tokens": input,
        "input_tokens_details": {"cached_tokens": tokens.cache_read},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": reply.reasoning},
        "total_tokens": input + tokens.output,
    })
}

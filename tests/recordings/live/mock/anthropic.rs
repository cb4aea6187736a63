//! Anthropic's messages, for Claude Code.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Part, Reply, events, plain};

/// An answer as it is streamed, or whole.
pub(super) fn written(reply: &Reply) -> Response {
    let content: Vec<Value> =
        reply.parts.iter().enumerate().map(|(at, part)| block(reply, at, part)).collect();
    let calls = content.iter().any(|block| block["type"] == "tool_use");
    let stop = if calls { "tool_use" } else { "end_turn" };
    let message = |content: &[Value], stop: Value, output: u64| {
        json!({"id": format!("msg_01live{:06}", reply.number), "type": "message", "role": "assistant", "model": reply.model,
            "content": content, "stop_reason": stop, "stop_sequence": null, "usage": usage(reply, output)})
    };
    if !reply.is_stream {
        return plain(200, &message(&content, stop.into(), reply.tokens.output));
    }
    // Output is not known when an answer begins.
    let mut sent = vec![json!({"type": "message_start", "message": message(&[], Value::Null, 1)})];
    for (index, block) in content.iter().enumerate() {
        let (empty, deltas) = pieces(block);
        sent.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        let delta = |delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
        sent.extend(deltas.into_iter().map(delta));
        sent.push(json!({"type": "content_block_stop", "index": index}));
    }
    let usage = usage(reply, reply.tokens.output);
    sent.push(json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": usage}));
    sent.push(json!({"type": "message_stop"}));
    events(&sent)
}

fn block(reply: &Reply, at: usize, part: &Part) -> Value {
    match part {
        Part::Thought(text) => json!({"type": "thinking", "thinking": text, "signature": "c2lnbmVk"}),
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Tool(tool) => {
            let id = format!("toolu_01live{:06}{at}", reply.number);
            json!({"type": "tool_use", "id": id, "name": tool.name, "input": tool.input})
        }
    }
}

/// A block as it begins, and what is then added to it.
fn pieces(block: &Value) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    let deltas = match block["type"].as_str() {
        Some("thinking") => {
            (empty["thinking"], empty["signature"]) = ("".into(), "".into());
            vec![
                json!({"type": "thinking_delta", "thinking": block["thinking"]}),
                json!({"type": "signature_delta", "signature": block["signature"]}),
            ]
        }
        Some("tool_use") => {
            empty["input"] = json!({});
            vec![json!({"type": "input_json_delta", "partial_json": block["input"].to_string()})]
        }
        _ => {
            empty["text"] = "".into();
            vec![json!({"type": "text_delta", "text": block["text"]})]
        }
    };
    (empty, deltas)
}

fn usage(reply: &Reply, output: u64) -> Value {
    let tokens = &reply.tokens;
    json!({
        "input_tokens": tokens.input,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write_5m + tokens.cache_write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write_5m,
            "ephemeral_1h_input_tokens": tokens.cache_write_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
    })
}

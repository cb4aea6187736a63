//! Gemini's API, for Gemini CLI.

use axum::response::Response;
use serde_json::{Value, json};

use super::{Part, Reply, events, plain};

/// An answer as it is streamed, or whole.
pub(super) fn written(reply: &Reply) -> Response {
    let parts: Vec<Value> = reply.parts.iter().map(part).collect();
    let chunk = |parts: &[Value], is_last: bool| {
        let mut candidate = json!({"content": {"role": "model", "parts": parts}, "index": 0});
        if is_last {
            candidate["finishReason"] = "STOP".into();
        }
        json!({"candidates": [candidate], "usageMetadata": usage(reply, is_last), "modelVersion": reply.model,
            "responseId": format!("live-{:06}", reply.number)})
    };
    if !reply.is_stream {
        return plain(200, &chunk(&parts, true));
    }
    let last = parts.len().saturating_sub(1);
    let each = parts.iter().enumerate();
    events(&each.map(|(at, part)| chunk(std::slice::from_ref(part), at == last)).collect::<Vec<_>>())
}

fn part(part: &Part) -> Value {
    match part {
        Part::Thought(text) => json!({"text": text, "thought": true}),
        Part::Text(text) => json!({"text": text}),
        Part::Tool(tool) => {
            json!({"functionCall": {"name": tool.name, "args": tool.input}, "thoughtSignature": "c2lnbmVk"})
        }
    }
}

/// What was cached is a part of the prompt here, and what was thought no part of the candidates. Chunks before the last
/// have smaller counts.
fn usage(reply: &Reply, is_last: bool) -> Value {
    let tokens = &reply.tokens;
    let prompt = tokens.input + tokens.cache_read;
    let (said, thought) = if is_last { (tokens.output - reply.reasoning, reply.reasoning) } else { (1, 0) };
    json!({
        "promptTokenCount": prompt,
        "cachedContentTokenCount": tokens.cache_read,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": thought,
        "totalTokenCount": prompt + said + thought,
    })
}

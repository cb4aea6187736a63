//! Log files as Claude Code 2.1.329 writes them → `run --once` → `report --json`.

use std::fs;

use serde_json::{Value, json};

use super::{Numbers, Table, Timeline};
use crate::place::Place;
use crate::timelines::script::{Does, Event};

/// Writes the logs, has them read without an account, and asks for each report.
pub fn check(timeline: &Timeline) {
    let mut place = Place::new("http://127.0.0.1:9");
    place.key = None;
    let cap = timeline.max.map(|max| format!("max_seconds = {max}\n")).unwrap_or_default();
    fs::write(
        place.path("keitod.toml"),
        format!(
            "since = \"2000-01-01T00:00:00Z\"\ntimezone = \"{}\"\n[time]\nidle_gap = \"{}s\"\ntool_gap = \"{}s\"\nmin_seconds = {}\n{cap}",
            timeline.zone, timeline.idle, timeline.tool, timeline.min
        ),
    )
    .unwrap();
    // One of its own answers is no sign of a subagent's, so these have a file of their own.
    for (index, event) in timeline.events.iter().enumerate() {
        let session = session(&event.session);
        let line = line(event, &session, index);
        if event.does == Does::Sub {
            let dir = place.path(".claude/projects/-work").join(&session).join("subagents");
            fs::create_dir_all(&dir).unwrap();
            append(&dir.join("agent-a1.jsonl"), &line);
        } else {
            append(&place.log_of(&session), &line);
        }
    }
    let (code, _, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{}: {err}", timeline.name);
    assert_eq!(table(&place, "day"), timeline.days, "{}", timeline.name);
    if !timeline.sessions.is_empty() {
        let expected: Table = timeline.sessions.iter().map(|(key, of)| (named(key), *of)).collect();
        assert_eq!(table(&place, "day,session"), expected, "{}", timeline.name);
    }
}

fn named(key: &[String]) -> Vec<String> {
    vec![key[0].clone(), session(&key[1])]
}

fn table(place: &Place, by: &str) -> Table {
    let (code, out, err) = place.run(&["report", "--json", "--by", by]);
    assert_eq!(code, 0, "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let rows = report["rows"].as_array().unwrap().iter().map(|row| {
        let keys = by.split(',').map(|key| row[key].as_str().unwrap().to_owned());
        (keys.collect(), Numbers::told(row))
    });
    rows.collect()
}

fn session(letter: &str) -> String {
    format!("5e551011-0000-4000-8000-{:012x}", letter.as_bytes()[0])
}

fn append(path: &std::path::Path, line: &Value) {
    use std::io::Write as _;
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}

fn line(event: &Event, session: &str, index: usize) -> Value {
    let mut line = json!({
        "uuid": format!("00000000-0000-4000-8000-{:08x}{index:04x}", event.session.as_bytes()[0]),
        "timestamp": event.at.to_string(),
        "sessionId": session,
        "cwd": event.dir,
        "version": "2.1.329",
        "isSidechain": event.does == Does::Sub,
    });
    let prompt = |source: &str, kind: &str| {
        json!({
            "type": "user", "message": {"role": "user", "content": "go on"}, "permissionMode": "bypassPermissions",
            "origin": {"kind": kind}, "promptSource": source, "turnOrigin": kind,
        })
    };
    let rest = match event.does {
        Does::Prompt => prompt("typed", "human"),
        Does::Queued => prompt("queued", "human"),
        Does::Script => prompt("sdk", "scheduled"),
        Does::Agent | Does::Sub => json!({
            "type": "assistant", "requestId": format!("req_{index}"),
            "message": {
                "id": format!("msg_{}{index}", event.session), "type": "message", "role": "assistant",
                "model": "claude-opus-4-6", "content": [{"type": "text", "text": "done"}], "stop_reason": "end_turn",
                "usage": {"input_tokens": 10, "output_tokens": 1},
            },
        }),
        Does::Tool(seconds) => json!({
            "type": "user",
            "message": {"role": "user", "content": [{"type": "tool_result", "tool_use_id": format!("toolu_{index}"), "content": "ok"}]},
            "toolUseResult": if seconds == 0 { json!({"stdout": "ok"}) } else { json!({"durationMs": u64::from(seconds) * 1000}) },
        }),
        Does::Turn(seconds) => {
            json!({"type": "system", "subtype": "turn_duration", "durationMs": u64::from(seconds) * 1000})
        }
    };
    if let (Value::Object(line), Value::Object(rest)) = (&mut line, rest) {
        line.extend(rest);
    }
    line
}

//! What must hold when all is quiet.

use std::path::Path;

use keitod::sandbox::{self, State};

use super::writer::{CANARY, Truth};

/// What stands at Keito, in the writer's terms.
pub fn posted(state: &State) -> Truth {
    let mut posted = Truth::new();
    for expense in state.expenses() {
        let meta = expense.metadata.as_ref().unwrap();
        let count = |name| meta.text(name).unwrap().parse::<u64>().unwrap();
        let sum = posted.entry(meta.text("session_id").unwrap()).or_default();
        let names =
            ["requests", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"];
        for (slot, name) in names.iter().enumerate() {
            // Excess adds tokens to requests that are counted already.
            if *name != "requests" || meta.text("excess").is_none() {
                sum[slot] += count(name);
            }
        }
    }
    for entry in state.entries() {
        let meta = entry.metadata.as_ref().unwrap();
        posted.entry(meta.text("session_id").unwrap()).or_default()[5] +=
            meta.text("duration_seconds").unwrap().parse::<u64>().unwrap();
    }
    posted
}

/// Prints what stands at Keito of one session, and which requests made it.
pub fn show(state: &State, session: &str) {
    for entry in state.entries() {
        let meta = entry.metadata.as_ref().unwrap();
        if meta.text("session_id").as_deref() == Some(session) {
            println!("{} {} {} h {meta:?}", entry.id, entry.spent_date, entry.hours);
        }
    }
    for request in state.requests().iter().filter(|request| request.method != "GET") {
        let text = format!("{request:?}");
        if text.contains(session) {
            println!("{text}");
        }
    }
}

/// No write waits for a person, none waits at all.
pub fn nothing_stuck(queue: &serde_json::Value) {
    let counts = &queue["counts"];
    for state in ["pending", "sending", "unknown", "reconciling", "dead", "conflict"] {
        assert!(counts[state].as_u64().unwrap_or(0) == 0, "{state}: {queue:#}");
    }
}

/// Seconds of a session that are too few to be sent.
pub fn too_small(queue: &serde_json::Value, session: &str) -> u64 {
    let items = queue["items"].as_array().unwrap();
    let small = |item: &&serde_json::Value| {
        item["kind"] == "entry" && item["session"] == session && item["state"] == "open"
    };
    items
        .iter()
        .filter(small)
        .map(|item| item["seconds"].as_u64().unwrap())
        .filter(|seconds| *seconds <= 18)
        .sum()
}

/// The database is whole.
pub fn sound(path: &Path) {
    let conn = rusqlite::Connection::open(path).unwrap();
    for check in ["integrity_check", "foreign_key_check"] {
        let mut select = conn.prepare(&format!("PRAGMA {check}")).unwrap();
        let found: Vec<String> =
            select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(found.is_empty() || found == ["ok"], "{check}: {found:?}");
    }
}

/// Neither the key nor a word of the conversation is anywhere but in the agent's own log.
pub fn nothing_leaked(home: &Path, state: &State) {
    let canaries = [CANARY.as_bytes(), sandbox::KEY.as_bytes()];
    let holds = |bytes: &[u8], canary: &[u8]| memchr::memmem::find(bytes, canary).is_some();
    let mut open = vec![home.to_path_buf()];
    while let Some(dir) = open.pop() {
        for item in std::fs::read_dir(dir).unwrap().map(|item| item.unwrap()) {
            let (kind, path) = (item.file_type().unwrap(), item.path());
            if kind.is_dir() && item.file_name() != ".claude" {
                open.push(path);
            } else if kind.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                for canary in canaries {
                    assert!(
                        !holds(&bytes, canary),
                        "{} holds {}",
                        path.display(),
                        String::from_utf8_lossy(canary)
                    );
                }
            }
        }
    }
    for request in state.requests() {
        let text = format!("{request:?}");
        assert!(!holds(text.as_bytes(), CANARY.as_bytes()), "{text}");
    }
}

//! What arrived at Keito.

use std::collections::BTreeMap;

use keitod::sandbox::{Request, State};
use serde_json::Value;

use crate::report::Counts;

const BOTH: [&str; 9] =
    ["keitod_id", "session_id", "agent_type", "model", "first_at", "last_at", "covers", "machine", "part"];
const ENTRY: [&str; 1] = ["duration_seconds"];
const EXPENSE: [&str; 7] = [
    "requests",
    "keys",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cost_usd",
];

/// Requests, lower bounds or not, and tokens: input, cache read, cache write, output.
type Sums = BTreeMap<(String, String), [u64; 5]>;

/// Expenses together say what the report says, to the token, model and session.
pub fn agree(state: &State, counts: &Counts, name: &str) {
    let mut posted = Sums::new();
    for expense in state.expenses() {
        let meta = expense.metadata.unwrap();
        let text = |name: &str| meta.text(name).unwrap();
        let number = |name: &str| text(name).parse::<u64>().unwrap();
        let sum = posted.entry((text("session_id"), text("model"))).or_default();
        // Excess adds tokens to requests that are counted already.
        let requests = if meta.text("excess").is_none() { number("requests") } else { 0 };
        let tokens =
            ["input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens"].map(number);
        for (slot, count) in sum.iter_mut().zip([requests].into_iter().chain(tokens)) {
            *slot += count;
        }
    }
    let wanted: Sums = counts
        .iter()
        .map(|(key, c)| {
            (key.clone(), [c.requests, c.input, c.cache_read, c.cache_write_5m + c.cache_write_1h, c.output])
        })
        .collect();
    assert_eq!(posted, wanted, "{name}");
}

/// Each write carries what the books of a consultancy need, and nothing of the machine. Returns how many entries and
/// expenses were written.
pub fn well_formed(state: &State, home: &str) -> (usize, usize) {
    let (mut entries, mut expenses) = (0, 0);
    for request in state.requests() {
        no_trace_of_the_machine(&request, home);
        if request.method == "GET" {
            continue;
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let is_entry = request.path.contains("/time_entries");
        assert!(is_entry || request.path.contains("/expenses"), "{request:?}");
        *(if is_entry { &mut entries } else { &mut expenses }) += 1;
        if request.method == "POST" {
            assert_eq!(body["source"], "agent", "{request:?}");
        }
        let meta = body["metadata"].as_object().unwrap();
        let own: &[&str] = if is_entry { &ENTRY } else { &EXPENSE };
        for key in BOTH.iter().chain(own) {
            assert!(meta.get(*key).is_some_and(|value| !value.is_null()), "no {key}: {request:?}");
        }
        assert!(meta.values().all(|value| !value.is_object() && !value.is_array()), "{request:?}");
        let escaped: usize = body["metadata"]
            .to_string()
            .chars()
            .map(|letter| if letter.is_ascii() { 1 } else { 6 * letter.len_utf16() })
            .sum();
        assert!(escaped <= 4096, "{escaped} bytes: {request:?}");
    }
    (entries, expenses)
}

/// No absolute path and no host name, wherever in the request.
fn no_trace_of_the_machine(request: &Request, home: &str) {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let shown = format!("{request:?} {:?}", request.headers);
    for path in [home, "/home/", "/Users/", "/root", "/tmp/"] {
        assert!(!shown.contains(path), "{path}: {shown}");
    }
    // As a word: a short name is a part of many.
    let word = regex::Regex::new(&format!(r"\b{}\b", regex::escape(host.trim()))).unwrap();
    let is_telling = !matches!(host.trim(), "" | "localhost");
    assert!(!(is_telling && word.is_match(&shown)), "{host}: {shown}");
    if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
        // Base64 in `keys` may begin with a slash.
        texts(&body, &mut |key, text| {
            assert!(key == "keys" || !text.starts_with('/'), "{key} {text}: {shown}");
        });
    }
}

/// Each text with the name of its member.
fn texts(value: &Value, look: &mut impl FnMut(&str, &str)) {
    for (key, value) in value.as_object().into_iter().flatten() {
        match value.as_str() {
            Some(text) => look(key, text),
            None => texts(value, look),
        }
    }
}

//! Gemini CLI.

use std::fs;

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, counts_where};

static RECORDED: Agent =
    Agent { folder: "gemini/0.61.0", scenarios: 7, logs: ".gemini", model: None, side: true };

#[test]
fn gemini_0_61_0_is_counted_to_the_token() {
    RECORDED.check();
}

fn count(requests: u64, input: u64, cache_read: u64, output: u64) -> Count {
    Count { requests, input, cache_read, output, ..Count::default() }
}

#[test]
fn documents_of_the_older_kind_are_read_and_known_again_as_lines() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let logs = home.path().join(".gemini/tmp");
    copy(&fixtures("gemini/toktrack"), &logs);
    copy(&fixtures("gemini/agentsview"), &logs.join("abc123def456/chats"));
    home.says(&["run", "--once"]);
    let found = counts_where(&home, |_| true);
    let pro = "gemini-2.5-pro";
    let wanted = [
        ("abc123", pro, count(2, 280, 70, 330)),
        ("no-session-model", pro, count(1, 500, 0, 100)),
        ("no-session-model", "gemini-2.5-flash", count(1, 190, 10, 70)),
    ];
    for (session, model, count) in wanted {
        assert_eq!(found[&(session.to_owned(), model.to_owned())], count, "{session} {model}");
    }
    // Resuming writes what the document held into lines beside it.
    let session = logs.join("tmp123/chats/session-abc123.json");
    let whole: serde_json::Value = serde_json::from_slice(&fs::read(&session).unwrap()).unwrap();
    let mut lines = vec![serde_json::json!({"sessionId": "abc123", "projectHash": "x", "kind": "main"})];
    lines.extend(whole["messages"].as_array().unwrap().iter().cloned());
    let lines: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(session.with_extension("jsonl"), lines.concat()).unwrap();
    home.says(&["run", "--once"]);
    let again = counts_where(&home, |_| true);
    assert_eq!(again[&("abc123".to_owned(), pro.to_owned())], count(2, 280, 70, 330));
    assert_eq!(again.len(), found.len());
}

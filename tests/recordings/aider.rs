//! Aider: what its analytics log says of tokens is an estimate.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::home::{Home, copy, files_below, fixtures};
use crate::keito::Keito;
use crate::scenario::canaries_below;
use crate::{report, rewrite, silence};

/// Requests; input, output. Never the truth, which has what was cached apart and other counts where it streamed.
const LOGGED: [(&str, [u64; 3]); 4] = [
    ("error-retry", [1, 779, 66]),
    ("no-stream", [1, 3148, 60]),
    ("one-turn", [1, 779, 66]),
    ("resume", [2, 1592, 74]),
];

fn logged(home: &Home) -> [u64; 3] {
    let document = home.json(&report::WORDS);
    let mut sum = [0; 3];
    for row in document["rows"].as_array().unwrap() {
        let number = |name: &str| row[name].as_u64().unwrap();
        assert_eq!(number("cache_read_tokens"), 0, "{row}");
        assert_eq!(row["quality"]["estimated"], row["requests"], "{row}");
        for (slot, name) in sum.iter_mut().zip(["requests", "input_tokens", "output_tokens"]) {
            *slot += number(name);
        }
    }
    sum
}

fn recorded(name: &str) -> PathBuf {
    fixtures("recorded/aider/0.86.2").join(name).join("home")
}

#[test]
fn aider_0_86_2_is_counted_as_its_log_has_it_and_held() {
    for (name, wanted) in LOGGED {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let canaries = canaries_below(&recorded(name));
        copy(&recorded(name), home.path());
        home.says(&["run", "--once"]);
        assert_eq!(logged(&home), wanted, "{name}");
        assert!(keito.state.expenses().is_empty(), "{name}: an estimate was sent");
        let held = home.json(&["queue", "list", "--json"]).to_string();
        assert!(held.contains("\"estimated\""), "{name}: {held}");
        let before = rewrite::facts(&home.database());
        rewrite::replace(&home.path().join("analytics.jsonl"));
        home.says(&["run", "--once"]);
        assert_eq!(rewrite::facts(&home.database()), before, "{name}");
        silence::answers(&home, &canaries, name);
        for path in files_below(&home.path().join("src")) {
            fs::remove_file(path).unwrap();
        }
        silence::traces_but(&home, &keito.state, &canaries, name, "analytics.jsonl");
    }
}

#[test]
fn a_log_that_grows_is_followed() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let service = home.serve();
    let text = fs::read_to_string(recorded("resume").join("analytics.jsonl")).unwrap();
    let log = home.path().join("analytics.jsonl");
    for (number, _) in text.match_indices('\n') {
        fs::write(&log, &text[..=number]).unwrap();
        if number > text.len() / 2 {
            home.until_read(&["flush", "--settle", "--json"]);
        }
    }
    home.until_read(&["flush", "--settle", "--json"]);
    assert_eq!(logged(&home), LOGGED[3].1);
    drop(service);
}

#[test]
fn a_session_of_many_starts_agrees_with_the_programs_own_sum() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    fs::create_dir(home.path().join(".aider")).unwrap();
    copy(&fixtures("aider/sample-analytics.jsonl"), &home.path().join(".aider/analytics.jsonl"));
    home.says(&["run", "--once"]);
    let text = fs::read_to_string(fixtures("aider/sample-analytics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let sent: Vec<Value> = lines.filter(|line| line["event"] == "message_send").collect();
    let sum = |name: &str| sent.iter().map(|line| line["properties"][name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(logged(&home), [107, sum("prompt_tokens"), sum("completion_tokens")]);
    let conn = rusqlite::Connection::open(home.database()).unwrap();
    let reported: i64 = conn
        .query_row("select sum(cast(reported as integer) / 1000000) from request", [], |row| row.get(0))
        .unwrap();
    // 5.3053 USD in its last digits, each request cut to a millionth.
    assert!((5_305_200..=5_305_400).contains(&reported), "{reported}");
}

#[test]
fn who_bills_estimates_bills_what_the_log_says() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let config = home.path().join("keitod.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{text}[sources.aider]\nbill_estimates = true\n")).unwrap();
    let log = fs::read_to_string(recorded("no-stream").join("analytics.jsonl")).unwrap();
    let log = log.replace("openai/demo-model-1", "openai/gpt-5.2");
    fs::write(home.path().join("analytics.jsonl"), log).unwrap();
    home.until_delivered(&["run", "--once", "--json"]);
    let expenses = keito.state.expenses();
    let [expense] = expenses.as_slice() else { panic!("{} expenses", expenses.len()) };
    let meta = expense.metadata.as_ref().unwrap();
    let said =
        ["agent_type", "quality", "input_tokens", "output_tokens"].map(|name| meta.text(name).unwrap());
    assert_eq!(said, ["aider", "estimated", "3148", "60"]);
}

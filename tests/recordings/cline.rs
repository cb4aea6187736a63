//! Cline, Roo Code and the older Kilo Code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::home::{Home, copy, files_below, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, WORDS, counts_where};
use crate::scenario::canaries_below;
use crate::{rewrite, silence};

static RECORDED: Agent =
    Agent { folder: "cline/3.0.65", scenarios: 4, logs: ".cline", model: None, side: true };

#[test]
fn cline_3_0_65_is_counted_to_the_token() {
    RECORDED.check();
}

fn count(requests: u64, [input, cache_read, cache_write_5m, output]: [u64; 4]) -> Count {
    Count { requests, input, cache_read, cache_write_5m, output, ..Count::default() }
}

fn agrees(home: &Home, wanted: &[(&str, &str, Count)]) {
    let wanted =
        wanted.iter().map(|(session, model, count)| (((*session).to_owned(), (*model).to_owned()), *count));
    assert_eq!(counts_where(home, |_| true), wanted.collect());
}

/// What the agents' extensions left in three editors, and what there is to count in it.
fn install(home: &Home) -> [(&'static str, &'static str, Count); 7] {
    for (folder, storage) in [
        ("extension", ".config/Code/User/globalStorage/saoudrizwan.claude-dev"),
        ("roo-code", ".config/Cursor/User/globalStorage/rooveterinaryinc.roo-cline"),
        ("kilo-code", ".config/VSCodium/User/globalStorage/kilocode.kilo-code"),
    ] {
        copy(&fixtures("cline").join(folder), &home.path().join(storage));
    }
    let (cline, old) = ("1763719200000", "1750000000000");
    let (roo, kilo) = ("0197a6c0-0000-7000-8000-000000000001", "0197a6c0-0000-7000-8000-000000000003");
    [
        (cline, "claude-sonnet-4-5", Count { lower_bounds: 1, ..count(3, [62, 18_310, 9310, 274]) }),
        (cline, "demo-model-1", count(1, [1000, 4000, 0, 70])),
        (old, "claude-sonnet-4-20250514", count(1, [3000, 0, 0, 50])),
        (old, "claude-opus-4-20250514", count(1, [40, 2900, 500, 60])),
        // With the task that it began.
        (roo, "claude-sonnet-4-5", count(2, [70, 9000, 10_000, 265])),
        (roo, "gpt-5", count(1, [1000, 11_000, 0, 80])),
        (kilo, "claude-sonnet-4-5", count(1, [800, 600, 100, 33])),
    ]
}

#[test]
fn tasks_of_extensions_are_found_in_every_editor_and_counted() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let wanted = install(&home);
    home.says(&["run", "--once"]);
    agrees(&home, &wanted);
    let dirs: Vec<String> = crate::others::dirs(&home.database());
    assert_eq!(dirs, ["/home/dev/src/demo-shop", "/home/dev/src/old-shop"]);
    let known = || (home.says(&WORDS), rewrite::facts(&home.database()));
    let (before, read) = (known(), rewrite::generations(&home.database()));
    rewrite::replace_below(&home.path().join(".config"));
    home.says(&["run", "--once"]);
    assert!(rewrite::generations(&home.database()) > read);
    assert_eq!(known(), before);
    let canaries = canaries_below(&fixtures("cline/extension"));
    silence::answers(&home, &canaries, "extension");
    silence::traces_but(&home, &keito.state, &canaries, "extension", ".config");
}

/// Writes a task anew with each entry that it gained, as the program does, and what is beside it before it. Documents
/// come in two pieces.
fn grow(from: &Path, to: &Path, pause: impl Fn()) {
    let read = |name: &str| -> Option<Value> {
        Some(serde_json::from_slice(&fs::read(from.join(name)).ok()?).unwrap())
    };
    let write = |name: &str, document: &Value| {
        let text = serde_json::to_vec(document).unwrap();
        fs::write(to.join(name), &text[..text.len() / 2]).unwrap();
        fs::write(to.join(name), &text).unwrap();
    };
    fs::create_dir_all(to).unwrap();
    let entries = read("ui_messages.json").unwrap();
    let entries = entries.as_array().unwrap();
    for number in 1..=entries.len() {
        let until = entries.get(number).and_then(|next| next["ts"].as_i64()).unwrap_or(i64::MAX);
        let known = |list: &Value| -> Vec<Value> {
            let list = list.as_array().unwrap().iter();
            list.filter(|entry| entry["ts"].as_i64().unwrap_or(0) < until).cloned().collect()
        };
        for name in ["api_conversation_history.json", "task_metadata.json", "history_item.json"] {
            match read(name) {
                Some(Value::Object(mut document)) => {
                    if let Some(list) = document.get_mut("model_usage") {
                        *list = json!(known(list));
                    }
                    write(name, &Value::Object(document));
                }
                Some(list) => write(name, &json!(known(&list))),
                None => {}
            }
        }
        write("ui_messages.json", &json!(entries[..number]));
        if number % 2 == 0 {
            pause();
        }
    }
}

#[test]
fn documents_are_followed_while_they_are_written_anew() {
    let keito = Keito::start();
    let (home, reference) = (Home::new(&keito.origin), Home::new(&keito.origin));
    let wanted = install(&reference);
    let service = home.serve();
    for from in files_below(&reference.path().join(".config")) {
        let to = home.path().join(from.strip_prefix(reference.path()).unwrap());
        if from.ends_with("taskHistory.json") {
            copy(&from, &to);
        } else if from.ends_with("ui_messages.json") {
            let pause = || home.until_read(&["flush", "--json"]);
            grow(from.parent().unwrap(), to.parent().unwrap(), pause);
        }
    }
    home.until_read(&["flush", "--settle", "--json"]);
    agrees(&home, &wanted);
    drop(service);
}

#[test]
fn sessions_are_followed_while_they_are_written_anew() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let service = home.serve();
    let mut wanted = Vec::new();
    for scenario in fs::read_dir(fixtures("recorded/cline/3.0.65")).unwrap() {
        let scenario = scenario.unwrap().path();
        let logs = files_below(&scenario.join("home/.cline/data/sessions"));
        let [manifest, log] = &logs[..] else { panic!("{logs:?}") };
        let to = |path: &Path| home.path().join(path.strip_prefix(scenario.join("home")).unwrap());
        copy(manifest, &to(manifest));
        let mut whole: Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
        let messages = whole["messages"].as_array().unwrap().clone();
        for number in 0..=messages.len() {
            whole["messages"] = json!(messages[..number]);
            let text = serde_json::to_vec_pretty(&whole).unwrap();
            fs::write(to(log), &text[..text.len() - 9]).unwrap();
            fs::write(to(log), &text).unwrap();
            home.until_read(&["flush", "--json"]);
        }
        let truth: Value = serde_json::from_slice(&fs::read(scenario.join("truth.json")).unwrap()).unwrap();
        let mut sum = Count::default();
        let delivered = truth["requests"].as_array().unwrap().iter();
        for request in delivered.filter(|request| request["status"] == 200 && request["delivered"] == true) {
            let number = |name: &str| request["usage"][name].as_u64().unwrap();
            sum.add(&count(1, [number("in"), number("cached"), 0, number("out") + number("think")]));
        }
        wanted.push((whole["sessionId"].as_str().unwrap().to_owned(), sum));
    }
    assert_eq!(wanted.len(), 4);
    let wanted: Vec<_> =
        wanted.iter().map(|(session, count)| (session.as_str(), "demo-model-1", *count)).collect();
    agrees(&home, &wanted);
    drop(service);
}

#[test]
fn a_session_is_charged_what_its_log_says() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let sessions = home.path().join(".cline/data/sessions");
    let (fork, early) = ("1784094124598_rruoq", "fixture-success-01");
    for (file, session, name) in [
        ("session.json", fork, "1784094124598_rruoq.json"),
        ("session.messages.json", fork, "1784094124598_rruoq.messages.json"),
        ("success.messages.json", early, "fixture-success-01.messages.json"),
    ] {
        copy(&fixtures("cline/sdk").join(file), &sessions.join(session).join(name));
    }
    home.says(&["run", "--once"]);
    // Inputs without what was read from the cache.
    let (opus, voxtral) = ("anthropic/claude-opus-4.8-fast", "mistralai/voxtral-small-24b-2507");
    agrees(
        &home,
        &[
            (fork, opus, count(15, [95_805, 522_211, 0, 4385])),
            (fork, voxtral, count(1, [14, 12_224, 0, 10])),
            (early, "claude-sonnet-4-6", count(1, [17, 3, 1, 8])),
        ],
    );
    let report = home.json(&WORDS);
    let rows = report["rows"].as_array().unwrap().iter();
    let costs: BTreeMap<&str, &str> =
        rows.filter_map(|row| Some((row["model"].as_str()?, row["cost_usd"].as_str()?))).collect();
    assert_eq!((costs[opus], costs[voxtral]), ("2.035895925", "0.00012664"));
}

//! Agents that keitod does not know: by the open session format, and by the configuration alone.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use keitod::sandbox::State;

use crate::home::Home;
use crate::keito::Keito;

const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];

/// The example of the document.
fn example() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/session-format.md");
    let document = fs::read_to_string(path).unwrap();
    let block = document.split("```jsonl\n").nth(1).unwrap().split("```").next().unwrap();
    block.lines().map(|line| format!("{line}\n")).collect()
}

/// Session, agent and hours of each entry.
fn entries(state: &State) -> Vec<(String, String, String)> {
    let entry = |entry: keitod::sandbox::Entry| {
        let meta = entry.metadata.unwrap();
        (
            meta.text("session_id").unwrap(),
            meta.text("agent_type").unwrap(),
            meta.text("duration_seconds").unwrap(),
        )
    };
    state.entries().into_iter().map(entry).collect()
}

/// Agent, requests, cost and output of all expenses.
fn expenses(state: &State) -> Vec<[String; 4]> {
    let expense = |expense: keitod::sandbox::Expense| {
        let meta = expense.metadata.unwrap();
        ["agent_type", "requests", "cost_usd", "output_tokens"].map(|name| meta.text(name).unwrap())
    };
    state.expenses().into_iter().map(expense).collect()
}

#[test]
fn what_a_program_appends_in_the_open_format_arrives() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let sessions = home.path().join(".local/share/keitod/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let service = home.serve();
    let mut log = File::create(sessions.join("b1f0.jsonl")).unwrap();
    let lines = example();
    let (first, rest) = lines.split_at(4);
    log.write_all(first.concat().as_bytes()).unwrap();
    home.until_delivered(&FLUSH);
    assert_eq!(entries(&keito.state), [("b1f0", "my-agent", "31")].map(texts));
    for line in rest {
        log.write_all(line.as_bytes()).unwrap();
    }
    home.until_delivered(&FLUSH);
    let seconds: u64 = entries(&keito.state).iter().map(|entry| entry.2.parse::<u64>().unwrap()).sum();
    assert_eq!(seconds, 160);
    let found = expenses(&keito.state);
    let sum = |at: usize| found.iter().map(|expense| expense[at].parse::<u64>().unwrap()).sum::<u64>();
    assert!(found.iter().all(|expense| expense[0] == "my-agent"));
    assert_eq!((sum(1), sum(3)), (2, 420));
    let report = home.json(&["report", "--by", "agent", "--json"]);
    assert_eq!(report["rows"][0]["cost_usd"], "0.02345", "{report}");
    drop(service);
    // Nothing is billed twice, whatever the file is called.
    fs::rename(sessions.join("b1f0.jsonl"), sessions.join("old.jsonl")).unwrap();
    let count = keito.state.expenses().len() + keito.state.entries().len();
    home.says(&["run", "--once"]);
    assert_eq!(keito.state.expenses().len() + keito.state.entries().len(), count);
}

const SOURCE: &str = r#"
[[source]]
agent = "made-up"
files = ["~/.made-up/**/log-*.jsonl"]
[source.fields]
session = "/meta/id"
at = "/ts"
who = "/kind"
request = "/reply/id"
model = "/reply/model"
cwd = "/meta/cwd"
input = "/reply/tokens/0"
input_includes_cached = true
cache_read = "/reply/tokens/1"
output = "/reply/tokens/2"
output_includes_reasoning = false
reasoning = "/reply/tokens/3"
[source.who]
human = "prompt"
reply = "agent"
[sources.made-up]
cost = "list"
"#;

#[test]
fn a_made_up_agent_arrives_by_the_configuration_alone() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let config = home.path().join("keitod.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap() + SOURCE).unwrap();
    home.says(&["config", "check"]);
    let folder = home.path().join(".made-up/a/b");
    fs::create_dir_all(&folder).unwrap();
    let lines = [
        r#"{"meta":{"id":"s-1","cwd":"/home/dev/shop"},"ts":1777975200}"#,
        r#"{"ts":1777975200,"kind":"human","text":"x"}"#,
        r#"{"ts":1777975260.5,"kind":"reply","reply":{"id":"r1","model":"claude-opus-4-6","tokens":[1000,400,50,10]}}"#,
        r#"{"ts":1777975260.5,"kind":"reply","reply":{"id":"r1","model":"claude-opus-4-6","tokens":[1000,400,90,10]}}"#,
    ];
    fs::write(folder.join("log-1.jsonl"), lines.join("\n") + "\n").unwrap();
    fs::write(folder.join("other.jsonl"), lines.join("\n").replace("r1", "r2") + "\n").unwrap();
    home.says(&["run", "--once"]);
    assert_eq!(entries(&keito.state), [("s-1", "made-up", "60")].map(texts));
    // 600 at 5, 400 at 0.50 and 100 at 25 USD per million.
    assert_eq!(expenses(&keito.state), [["made-up", "1", "0.0057", "100"].map(str::to_owned)]);
}

fn texts((session, agent, seconds): (&str, &str, &str)) -> (String, String, String) {
    (session.to_owned(), agent.to_owned(), seconds.to_owned())
}

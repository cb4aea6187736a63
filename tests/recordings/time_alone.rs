//! Agents whose logs tell no tokens: hours arrive, and no cost is made up.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;

/// Agent, its fixture, where that lies in a home, agent seconds.
const LOGS: [(&str, &str, &str, u64); 3] = [
    ("iflow", "iflow", ".iflow", 29),
    ("antigravity", "antigravity", ".gemini/antigravity", 1),
    ("copilot-vscode", "copilot-vscode/built", ".config/Code", 12),
];

/// The older database of Kiro, with one conversation of another suite.
fn kiro(home: &Home) -> Connection {
    let data = home.path().join(".local/share/kiro-cli");
    std::fs::create_dir_all(&data).unwrap();
    let conn = Connection::open(data.join("data.sqlite3")).unwrap();
    let table = "CREATE TABLE conversations_v2 (key TEXT, conversation_id TEXT, value TEXT, created_at INTEGER, updated_at INTEGER)";
    conn.execute_batch(table).unwrap();
    let value = std::fs::read_to_string(fixtures("kiro/standard_payload.json")).unwrap();
    let row = "INSERT INTO conversations_v2 VALUES ('/home/user/code/kiro-app', 'own', ?1, 1, 2)";
    conn.execute(row, [value]).unwrap();
    conn
}

#[test]
#[cfg(not(target_os = "macos"))]
fn hours_arrive_and_cost_is_not_observable() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    for (_, fixture, below, _) in LOGS {
        copy(&fixtures(fixture), &home.path().join(below));
    }
    let _writer = kiro(&home);
    home.until_delivered(&["run", "--once", "--json"]);

    let report = home.json(&["report", "--by", "agent,model", "--json"]);
    let mut told: Vec<(&str, u64)> = Vec::new();
    for row in report["rows"].as_array().unwrap() {
        assert_eq!((&row["model"], &row["requests"]), (&Value::Null, &json!(0)), "{row}");
        assert_eq!(row["cost_usd"], Value::Null, "{row}");
    }
    let report = home.json(&["report", "--by", "agent", "--json"]);
    for row in report["rows"].as_array().unwrap() {
        told.push((row["agent"].as_str().unwrap(), row["agent_seconds"].as_u64().unwrap()));
    }
    let mut wanted: Vec<(&str, u64)> = LOGS.iter().map(|(agent, _, _, seconds)| (*agent, *seconds)).collect();
    // The ten seconds between an answer and the next prompt are the person's.
    wanted.push(("kiro", 20));
    wanted.sort_unstable();
    assert_eq!(told, wanted);

    let mut agents: Vec<String> = keito
        .state
        .entries()
        .into_iter()
        .map(|entry| entry.metadata.unwrap().text("agent_type").unwrap())
        .collect();
    agents.sort();
    assert_eq!(agents, ["iflow", "kiro"], "hours that round to 0.00 wait");
    assert!(keito.state.expenses().is_empty());
    let said = String::from_utf8(home.says(&["report", "--by", "agent"])).unwrap();
    assert!(
        wanted.iter().all(|(agent, _)| {
            said.lines().any(|line| line.contains(agent) && line.contains("not observable"))
        }),
        "{said}"
    );
}

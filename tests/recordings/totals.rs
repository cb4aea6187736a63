//! Agents that log nothing but running totals: what is there first is a baseline, each growth an estimate that is held
//! until the user allows it.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::{database, silence};

/// What an agent's rows of the report say: requests, of them estimated, and tokens but for cache writes.
fn told(home: &Home, agent: &str) -> [u64; 5] {
    let report = home.json(&["report", "--by", "agent", "--json"]);
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["agent"] == agent).unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    [
        number(&row["requests"]),
        number(&row["quality"]["estimated"]),
        number(&row["input_tokens"]),
        number(&row["cache_read_tokens"]),
        number(&row["output_tokens"]),
    ]
}

fn grow_zed(conn: &Connection) {
    let thread = json!({
        "version": "0.3.0",
        "cumulative_token_usage": {"input_tokens": 60, "output_tokens": 7, "cache_read_input_tokens": 40},
        "model": {"provider": "anthropic", "model": "claude-opus-4-6"},
    });
    let sql = "UPDATE threads SET updated_at = '2026-05-05T10:05:00+00:00', data_type = 'json', data = CAST(?1 AS BLOB)";
    conn.execute(sql, [thread.to_string()]).unwrap();
}

fn grow_droid(sessions: &Path) {
    let path = sessions.join("-home-dev-shop/0a5d.settings.json");
    let settings = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        settings.replace("\"inputTokens\":0,\"outputTokens\":0", "\"inputTokens\":60,\"outputTokens\":7"),
    )
    .unwrap();
}

#[test]
fn growth_is_estimated_and_held_until_it_is_allowed() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let project = home.path().join("shop");
    copy(&fixtures("droid/built"), home.path());
    let open = |dump: &str, to: &str| database::load(&fixtures(dump), &home.path().join(to));
    let hermes = open("hermes/built/state.sql", ".hermes/state.db");
    let zed = open("zed/built/threads.sql", ".local/share/zed/threads/threads.db");
    let crush = open("crush/built/crush.sql", "shop/.crush/crush.db");
    let registry = json!({"projects": [{"path": project, "data_dir": project.join(".crush")}]});
    let registered = home.path().join(".local/share/crush/projects.json");
    fs::create_dir_all(registered.parent().unwrap()).unwrap();
    fs::write(registered, registry.to_string()).unwrap();

    home.says(&["run", "--once"]);
    for agent in ["droid", "hermes", "crush"] {
        assert_eq!(told(&home, agent)[0], 0, "{agent}: baselines");
    }

    grow_droid(&home.path().join(".factory/sessions"));
    hermes
        .execute_batch(
            "UPDATE session_model_usage SET input_tokens = input_tokens + 60, output_tokens = output_tokens + 7, \
             last_seen = 1777976300.5 WHERE session_id LIKE '%_root'",
        )
        .unwrap();
    grow_zed(&zed);
    crush.execute_batch("UPDATE sessions SET cost = cost + 0.25, updated_at = 1777975260").unwrap();
    home.says(&["run", "--once"]);
    assert_eq!(told(&home, "droid"), [1, 1, 60, 0, 7]);
    assert_eq!(told(&home, "hermes"), [1, 1, 60, 0, 7]);
    assert_eq!(told(&home, "zed"), [1, 1, 60, 40, 7]);
    assert_eq!(told(&home, "crush"), [1, 1, 0, 0, 0]);
    assert_eq!(keito.state.expenses().len(), 0, "estimates are held");
    assert!(!keito.state.entries().is_empty(), "time is not");

    let config = home.path().join("keitod.toml");
    let allowed = ["droid", "hermes", "zed", "crush"]
        .map(|agent| format!("[sources.{agent}]\nbill_estimates = true\n"));
    fs::write(&config, fs::read_to_string(&config).unwrap() + &allowed.concat()).unwrap();
    home.says(&["run", "--once"]);
    let mut sent: Vec<(String, String)> = keito
        .state
        .expenses()
        .into_iter()
        .map(|expense| {
            let meta = expense.metadata.unwrap();
            assert_eq!(meta.text("quality").as_deref(), Some("estimated"));
            (meta.text("agent_type").unwrap(), meta.text("cost_usd").unwrap())
        })
        .collect();
    sent.sort();
    let expected = [("crush", "0.25"), ("droid", "0.000475"), ("hermes", "0.000475"), ("zed", "0.000495")];
    assert_eq!(sent, expected.map(|(agent, usd)| (agent.to_owned(), usd.to_owned())));
    let canaries: Vec<String> =
        ["DROID", "HERMES", "ZED", "CRUSH"].map(|agent| format!("{agent}_CANARY_")).into();
    silence::answers(&home, &canaries, "totals");
}

/// Shorter than the time between two scans.
const SOON: Duration = Duration::from_secs(40);

#[test]
fn a_project_that_is_registered_later_is_read_at_once_and_its_growth_too() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let _service = home.serve();
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < SOON, "in vain: {what}\n{}", home.end_of_log());
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let flush = ["flush", "--settle", "--json"];
    until("it serves", &|| home.tries(&flush));
    let register = |names: &[&str]| {
        let project = |name: &&str| {
            let path = home.path().join(name);
            json!({"path": path, "data_dir": path.join(".crush")})
        };
        let projects: Vec<Value> = names.iter().map(project).collect();
        let file = home.path().join(".local/share/crush/projects.json");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // As the program does: a new file in the place of the old one.
        fs::write(file.with_extension("new"), json!({"projects": projects}).to_string()).unwrap();
        fs::rename(file.with_extension("new"), file).unwrap();
    };
    let sessions = || {
        let report = home.json(&["report", "--by", "agent,session", "--json"]);
        let rows = report["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["agent"] == "crush").count()
    };
    let open = |name: &str| {
        let data = home.path().join(name).join(".crush");
        database::load(&fixtures("crush/built/crush.sql"), &data.join("crush.db"))
    };

    // The registry itself comes later, and so does the project's own directory.
    register(&["shop"]);
    let shop = open("shop");
    until("the first project is read", &|| sessions() == 1);
    let other = open("other");
    let rename = "PRAGMA foreign_keys = OFF; UPDATE sessions SET id = 'other-' || id, parent_session_id = 'other-' || parent_session_id; \
                  UPDATE messages SET id = 'other-' || id, session_id = 'other-' || session_id";
    other.execute_batch(rename).unwrap();
    register(&["shop", "other"]);
    until("the second project is read", &|| sessions() == 2);
    for conn in [&shop, &other] {
        conn.execute_batch("UPDATE sessions SET cost = cost + 0.25, updated_at = 1777975260").unwrap();
    }
    until("growth of both is read", &|| told(&home, "crush") == [2, 2, 0, 0, 0]);
}

//! Agents that could not be run: logs built to the shape that their readers agree on, and what other suites have.

use std::fs;

use serde_json::{Value, json};

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::scenario::canaries_below;
use crate::{database, report, silence};

/// Model, then requests, lower bounds, estimates, input, cache reads, cache writes, output.
type Row = (Option<String>, [u64; 7]);

fn rows(home: &Home) -> Vec<Row> {
    let document = home.json(&report::WORDS);
    let of = |row: &Value| {
        let number = |value: &Value| value.as_u64().unwrap();
        let counts = [
            number(&row["requests"]),
            number(&row["quality"]["lower_bound"]),
            number(&row["quality"]["estimated"]),
            number(&row["input_tokens"]),
            number(&row["cache_read_tokens"]),
            number(&row["cache_write_5m_tokens"]),
            number(&row["output_tokens"]),
        ];
        (row["model"].as_str().map(str::to_owned), counts)
    };
    document["rows"].as_array().unwrap().iter().map(of).collect()
}

fn row(model: &str, counts: [u64; 7]) -> Row {
    (Some(model.to_owned()), counts)
}

/// Agent seconds of all sessions.
fn seconds(home: &Home) -> u64 {
    let document = home.json(&["report", "--by", "session", "--json"]);
    document["totals"]["agent_seconds"].as_u64().unwrap()
}

fn dirs(home: &Home) -> Vec<String> {
    let conn = rusqlite::Connection::open(home.database()).unwrap();
    let mut select =
        conn.prepare("select distinct path from activity join dir on dir.id = dir order by 1").unwrap();
    let rows = select.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Once, and once more.
fn read(home: &Home, keito: &Keito, fixture: &str, logs: &str) {
    home.says(&["run", "--once"]);
    let before = rows(home);
    home.says(&["run", "--once"]);
    assert_eq!(rows(home), before);
    let canaries = canaries_below(&fixtures(fixture));
    silence::answers(home, &canaries, fixture);
    silence::traces_but(home, &keito.state, &canaries, fixture, logs);
}

#[test]
fn a_thread_of_amp_is_a_lower_bound() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("amp"), &home.path().join(".local/share/amp"));
    read(&home, &keito, "amp", ".local/share/amp");
    let wanted = [
        row("claude-haiku-4-5", [1, 1, 0, 300, 0, 0, 8]),
        row("claude-opus-4-5", [2, 2, 0, 21, 8800, 920, 210]),
    ];
    assert_eq!(rows(&home), wanted);
    assert_eq!(dirs(&home), ["/home/dev/src/demo shop"]);
    // The answer nine seconds after the prompt, the tool's result ten later, the next answers.
    assert_eq!(seconds(&home), 34);
    home.until_delivered(&["run", "--once", "--json"]);
    let quality = |expense: &keitod::sandbox::Expense| expense.metadata.as_ref().unwrap().text("quality");
    let qualities: Vec<_> = keito.state.expenses().iter().map(quality).collect();
    assert_eq!(qualities, [Some("lower_bound".to_owned()), Some("lower_bound".to_owned())]);
}

#[test]
fn a_turn_of_grok_build_is_an_estimate_unless_it_is_one_request() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    copy(&fixtures("grok-build/sessions"), &home.path().join(".grok/sessions"));
    read(&home, &keito, "grok-build/sessions", ".grok");
    assert_eq!(rows(&home), [row("grok-4.5-build", [2, 1, 1, 2137 + 4685, 3066, 0, 194])]);
    assert_eq!(dirs(&home), ["/home/dev/src/demo-shop"]);
    // Twenty to the first answer; five, thirty and nine of the second turn. A person's minute between is none.
    assert_eq!(seconds(&home), 20 + 44);
}

#[test]
fn sessions_of_grok_build_without_updates_have_no_more_than_a_time() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    for generation in ["current", "legacy"] {
        copy(&fixtures("grok-build").join(generation), &home.path().join(".grok/sessions"));
    }
    let service = home.serve();
    let words = ["flush", "--settle", "--json"];
    home.until_read(&words);
    assert_eq!(rows(&home), [(None, [0; 7]), (None, [0; 7])]);
    assert_eq!(dirs(&home), ["/workspace/agentsview", "/workspace/grok-worktrees/parser-audit"]);
    assert_eq!(seconds(&home), 0);
    // Followed while it works, each writing of the summary is a sign of it.
    let session = "%2Fworkspace%2Fagentsview/019f6000-0000-7000-8000-000000000002/summary.json";
    let path = home.path().join(".grok/sessions").join(session);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("10:29:00Z", "10:31:30Z")).unwrap();
    home.until_read(&words);
    assert_eq!(seconds(&home), 150);
    drop(service);
}

#[test]
fn cursor_tells_time_and_what_it_counts_is_held() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let folder = home.path().join(".config/Cursor/User/globalStorage");
    fs::create_dir_all(&folder).unwrap();
    let _writer = database::load(&fixtures("cursor/state.vscdb.sql"), &folder.join("state.vscdb"));
    copy(&fixtures("cursor-agent/workspace-less/projects"), &home.path().join(".cursor/projects"));
    read(&home, &keito, "cursor", ".config/Cursor");
    assert_eq!(rows(&home), [row("claude-4.5-sonnet", [1, 0, 1, 3148, 0, 0, 60])]);
    assert_eq!(seconds(&home), 120);
    assert!(keito.state.expenses().is_empty());
}

#[test]
fn copilot_in_visual_studio_is_read_where_its_user_says_and_billed_once_he_says_how() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    // As from Windows' Linux: the temporary directory of its user.
    let temp = home.path().join("mnt/c/Users/dev/AppData/Local/Temp");
    copy(&fixtures("copilot-visualstudio/agentsview"), &temp);
    home.configure_more(&format!("[sources.copilot-visualstudio]\nroots = [{:?}]\n", temp.display()));
    home.says(&["run", "--once"]);
    assert_eq!(rows(&home), [(None, [0; 7]), (None, [0; 7])], "18.6 logs no requests");
    // Four turns of one conversation and one of another, ten seconds each.
    assert_eq!(seconds(&home), 50);
    assert!(!keito.state.entries().is_empty());

    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let number = |key: &str, value: &str| json!({"key": key, "value": {"intValue": value}});
    let span = json!({
        "traceId": "d4d4d4d4", "spanId": "d4d4d4d4d4d4d4ff", "parentSpanId": "d4d4d4d4d4d4d4a4", "name": "chat gpt-5.3-codex",
        "startTimeUnixNano": "1781296604000000000", "endTimeUnixNano": "1781296609000000000",
        "attributes": [
            text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-5.3-codex"),
            text("gen_ai.conversation.id", "4a8f63f6-7626-4416-a874-fc7bd2c3f005"),
            text("gen_ai.input.messages", "PROMPT_CANARY_1"), text("server.address", "api.githubcopilot.com"),
            number("gen_ai.usage.input_tokens", "8697"), number("gen_ai.usage.output_tokens", "81"),
            number("gen_ai.usage.cache_read.input_tokens", "4608"),
        ],
    });
    let line = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    let newer = temp.join("VSGitHubCopilotLogs/traces/newer_VSGitHubCopilot_traces.jsonl");
    fs::write(&newer, format!("{line}\n{line}\n")).unwrap();
    home.says(&["run", "--once"]);
    let counted = row("gpt-5.3-codex", [1, 0, 0, 4089, 4608, 0, 81]);
    assert!(rows(&home).contains(&counted), "{:?}", rows(&home));
    assert_eq!(keito.state.expenses().len(), 0, "the plan may have paid");

    home.configure_more("cost = \"list\"\n");
    home.until_delivered(&["run", "--once", "--json"]);
    let sent: Vec<_> = keito.state.expenses().into_iter().map(|expense| expense.metadata.unwrap()).collect();
    let said = |name: &str| sent.iter().map(|meta| meta.text(name).unwrap()).collect::<Vec<_>>();
    assert_eq!(
        (said("agent_type"), said("input_tokens")),
        (vec!["copilot-visualstudio".to_owned()], vec!["4089".to_owned()])
    );
    let canaries = ["PROMPT_CANARY_1".to_owned(), "class App".to_owned()];
    silence::answers(&home, &canaries, "copilot-visualstudio");
    silence::traces_but(&home, &keito.state, &canaries, "copilot-visualstudio", "mnt");
}

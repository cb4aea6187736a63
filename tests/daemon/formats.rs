//! An agent whose logs cease to say what they said: it is stopped by name, its neighbours are not, and it has its way back.

use std::fs;

use keitod::sandbox::ids;
use serde_json::{Value, json};

use crate::keito::Keito;
use crate::lines::{Counts, Talk};
use crate::place::Place;

const COUNTS: Counts = Counts { input: 1000, cache_read: 0, write_5m: 0, write_1h: 0, output: 100 };

/// A prompt and so many answers, 30 s apart.
fn talk(seed: u64, answers: i64) -> String {
    let mut talk = Talk::new(seed, "/home/dev/work");
    let mut text = talk.prompt(0);
    (1..=answers).for_each(|n| text += &talk.answer(30 * n, COUNTS));
    text
}

/// The same lines as a version writes them that calls the counts otherwise.
fn renamed(text: &str) -> String {
    text.replace("\"usage\":", "\"tokenUsage\":")
}

/// A session of Gemini CLI 0.50 with one answer.
fn neighbour(place: &Place) {
    let dir = place.path(".gemini/tmp/work/chats");
    fs::create_dir_all(&dir).unwrap();
    let lines = [
        json!({"sessionId": "9a0e", "projectHash": "x", "startTime": "2026-01-05T10:00:00.000Z", "lastUpdated": "2026-01-05T10:00:00.000Z", "kind": "main"}),
        json!({"id": "u1", "timestamp": "2026-01-05T10:00:01.000Z", "type": "user", "content": [{"text": "go on"}]}),
        json!({"id": "g1", "timestamp": "2026-01-05T10:02:00.000Z", "type": "gemini", "content": "done", "model": "gemini-2.5-pro",
            "tokens": {"input": 900, "output": 90, "cached": 0, "thoughts": 0, "tool": 0, "total": 990}}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(dir.join("session-2026-01-05T10-00-9a0e.jsonl"), text).unwrap();
}

fn status(place: &Place) -> Value {
    let (code, out, err) = place.run(&["status", "--json"]);
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

#[track_caller]
fn pass(place: &Place) {
    let (code, out, err) = place.run(&["run", "--once"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// The alarm of an agent, without what it counts.
fn alarm(status: &Value, agent: &str) -> String {
    let source = status["sources"].as_array().unwrap().iter().find(|source| source["agent"] == agent);
    let alarm = source.map(|source| source["alarm"].clone()).unwrap_or_default();
    alarm.as_str().map_or_else(String::new, |text| text.split(':').next().unwrap().to_owned())
}

fn reasons(status: &Value) -> Vec<&str> {
    status["reasons"].as_array().unwrap().iter().filter_map(|reason| reason["code"].as_str()).collect()
}

/// Agents with entries and expenses at Keito.
fn billed(keito: &Keito) -> Vec<String> {
    let entries = keito.entries();
    let entries = entries.iter().filter_map(|row| row.metadata.as_ref());
    let expenses = keito.expenses();
    let expenses = expenses.iter().filter_map(|row| row.metadata.as_ref());
    let mut agents: Vec<String> =
        entries.chain(expenses).filter_map(|metadata| metadata.text("agent_type")).collect();
    agents.sort();
    agents.dedup();
    agents
}

#[test]
fn an_agent_that_renames_its_counts_is_stopped_alone_until_they_are_back() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    neighbour(&place);
    place.append("renamed", &renamed(&talk(1, 6)));
    pass(&place);
    let now = status(&place);
    assert_eq!(
        (alarm(&now, "claude-code"), alarm(&now, "gemini-cli")),
        ("no_usage".to_owned(), String::new())
    );
    assert!(reasons(&now).contains(&"format_alarm"), "{now}");
    assert_eq!(now["caught_up"], json!(false), "no daemon: nothing is read");
    assert_eq!(billed(&keito), ["gemini-cli"]);
    // The same with the daemon, which finds the alarm in its state.
    let service = place.start();
    service.settle();
    assert_eq!(alarm(&service.get("/v1/status"), "claude-code"), "no_usage");
    assert_eq!(billed(&keito), ["gemini-cli"]);
    // A later session of a version that is understood.
    place.append("good", &talk(2, 20));
    service.settle();
    let now = service.get("/v1/status");
    assert_eq!((alarm(&now, "claude-code"), reasons(&now)), (String::new(), vec![]), "{now}");
    assert_eq!(billed(&keito), ["claude-code", "gemini-cli"]);
    let sessions: Vec<String> =
        keito.entries().iter().filter_map(|row| row.metadata.as_ref()?.text("session_id")).collect();
    assert_eq!(sessions.len(), 3, "the time of the stopped session too: {sessions:?}");
    let requests: u64 = keito
        .expenses()
        .iter()
        .map(|row| row.metadata.as_ref().unwrap().text("requests").unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(requests, 21);
}

#[test]
fn a_log_that_is_written_again_as_it_should_be_ends_the_alarm() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &renamed(&talk(1, 6)));
    pass(&place);
    assert_eq!(alarm(&status(&place), "claude-code"), "no_usage");
    fs::write(place.log_of("one"), talk(1, 6)).unwrap();
    pass(&place);
    assert_eq!(alarm(&status(&place), "claude-code"), "");
    assert_eq!(keito.expenses()[0].metadata.as_ref().unwrap().text("requests").unwrap(), "6");
    assert_eq!(keito.entries().len(), 1);
}

#[test]
fn an_alarm_stands_until_a_person_lets_the_agent_go_on() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    let approve = || place.run(&["queue", "approve", "--agent", "claude-code"]);
    assert_eq!(approve().0, 4, "nothing stops it yet");
    place.append("one", &renamed(&talk(1, 6)));
    pass(&place);
    assert!(keito.entries().is_empty());
    let (code, out, err) = approve();
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("claude-code is approved"), "{out}");
    assert_eq!(alarm(&status(&place), "claude-code"), "");
    pass(&place);
    assert_eq!((keito.entries().len(), keito.expenses().len()), (1, 0));
    // More of the same is as it should be too; once usage was seen it is not any more.
    place.append("two", &renamed(&talk(2, 6)));
    pass(&place);
    assert_eq!((alarm(&status(&place), "claude-code"), keito.entries().len()), (String::new(), 2));
    place.append("three", &talk(3, 7));
    place.append("four", &renamed(&talk(4, 30)));
    let service = place.start();
    service.settle();
    assert_eq!(alarm(&service.get("/v1/status"), "claude-code"), "no_usage");
    assert_eq!(service.raw("POST", "/v1/sources/claude-code/approve", "{}").1, "200");
    service.settle();
    assert_eq!(alarm(&service.get("/v1/status"), "claude-code"), "");
    assert_eq!(keito.entries().len(), 4);
}

#[test]
fn each_way_to_fall_silent_has_its_name() {
    let one = |from: &str, to: &str| talk(1, 9).replace(from, to);
    let cases = [
        (talk(1, 9), ""),
        (one("\"usage\":", "\"tokens\":"), "no_usage"),
        (one("\"usage\":{", "\"usage\":7,\"was\":{"), "no_usage"),
        (one("\"output_tokens\"", "\"outputTokens\""), "no_output"),
        (one("\"input_tokens\"", "\"inputTokens\""), "no_input"),
        (
            talk(1, 40).replace("\"assistant\"", "\"model\"").replace("\"user\"", "\"person\""),
            "not_understood",
        ),
    ];
    for (text, expected) in cases {
        let keito = Keito::start();
        let place = Place::new(&keito.origin);
        place.append("one", &text);
        pass(&place);
        let now = status(&place);
        assert_eq!(alarm(&now, "claude-code"), expected, "{now}");
        assert_eq!(billed(&keito).is_empty(), !expected.is_empty(), "{expected}");
    }
}

#[test]
fn logs_that_are_written_elsewhere_are_missed_in_their_place() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &talk(1, 6));
    pass(&place);
    assert_eq!(alarm(&status(&place), "claude-code"), "");
    let (old, new) = (place.path(".claude/projects"), place.path(".claude/threads"));
    fs::rename(&old, &new).unwrap();
    pass(&place);
    let now = status(&place);
    assert_eq!(alarm(&now, "claude-code"), "moved", "{now}");
    // Back where they were, or told where they are: it goes on.
    let more = format!(
        "[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n[sources.claude-code]\nroots = [\"{}\"]\n",
        ids::WEBSITE,
        ids::DEVELOPMENT,
        place.path(".claude").display()
    );
    fs::rename(&new, &old).unwrap();
    place.config(&more);
    place.append("two", &talk(2, 6));
    pass(&place);
    assert_eq!(alarm(&status(&place), "claude-code"), "");
    assert_eq!(keito.entries().len(), 2);
}

#[test]
fn another_version_reads_the_logs_anew_that_this_one_did_not_understand() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    place.append("one", &renamed(&talk(1, 6)));
    pass(&place);
    // As if an earlier version had stopped it without understanding lines that this one knows.
    let database = rusqlite::Connection::open(place.path("state/keitod.db")).unwrap();
    let stopped =
        "UPDATE meta SET value = '0.0.1' || substr(value, instr(value, ' ')) WHERE key = 'alarm claude-code'";
    assert_eq!(database.execute(stopped, []).unwrap(), 1);
    let offsets = || -> (u64, u64) {
        let sql = "SELECT offset, generation FROM file";
        database
            .query_row(sql, [], |row| {
                Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get::<_, i64>(1)?.unsigned_abs()))
            })
            .unwrap()
    };
    let before = offsets();
    pass(&place);
    assert_eq!(offsets(), (before.0, before.1 + 1), "read again, from its first byte");
    assert_eq!(alarm(&status(&place), "claude-code"), "no_usage", "and still not understood");
    let by: String = database
        .query_row("SELECT value FROM meta WHERE key = 'alarm claude-code'", [], |row| row.get(0))
        .unwrap();
    assert!(by.starts_with(env!("CARGO_PKG_VERSION")), "{by}");
}

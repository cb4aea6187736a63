//! The documents as people see them. Tables are compared whole: what moves, moves on purpose.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::cli::{Failure, Look};
use crate::report::{SessionLine, SessionList, TokenCounts};
use crate::status::{Queue, QueueDetail, QueueItem};

const STATUS: &str = include_str!("../../../tests/fixtures/contract/status.json");
const REPORT: &str = include_str!("../../../tests/fixtures/contract/report.json");
const QUEUE: &str = include_str!("../../../tests/fixtures/documents/queue.json");
const RECORD: &str = include_str!("../../../tests/fixtures/documents/record.json");
const DEMO: &str = include_str!("../../../tests/fixtures/documents/demo.json");

type Print = fn(&[u8], Look, &mut dyn Write) -> Result<(), Failure>;

fn shown(print: Print, json: &str) -> String {
    shown_as(print, json, Look::default())
}

fn shown_as(print: Print, json: &str, look: Look) -> String {
    let mut out = Vec::new();
    print(json.as_bytes(), look, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(text.trim_end(), expected.trim_end(), "got:\n{text}");
}

#[test]
fn a_status_says_first_what_is_wrong() {
    check(&shown(print_status, STATUS), include_str!("../../../tests/fixtures/documents/status.txt"));
}

#[test]
fn a_report_with_models_has_its_time_in_the_totals() {
    check(&shown(print_report, REPORT), include_str!("../../../tests/fixtures/documents/report.txt"));
}

#[test]
fn csv_has_exact_values_and_no_totals() {
    let csv: Print = |json, _, out| print_csv(json, out);
    let text = shown(csv, REPORT);
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(
        lines,
        [
            "day,agent,model,requests,input_tokens,cache_read_tokens,cache_write_5m_tokens,cache_write_1h_tokens,\
             output_tokens,reasoning_tokens,cost_usd,unpriced_requests,quality_exact,quality_lower_bound,\
             quality_estimated,agent_seconds,wall_seconds,human_seconds,dropped_seconds,below_min_seconds,capped_seconds",
            "2026-05-05,claude-code,claude-opus-4-6,210,40111,8120344,0,402118,41200,0,9.311907,0,209,1,0,,,,,,",
        ]
    );
    let project = r#"{"by":["project"],"rows":[{"project":"p,1","project_name":"A \"W\"\nB"}]}"#;
    let text = shown(csv, project);
    assert!(text.starts_with("project,project_name,requests,"), "{text}");
    assert!(text.contains("\r\n\"p,1\",\"A \"\"W\"\"\nB\",,"), "{text}");
    for (name, field) in [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@sum", "'@sum"),
        ("-1+cmd|x", "'-1+cmd|x"),
        ("-12.5", "-12.5"),
        ("a=b", "a=b"),
        ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
    ] {
        let row = serde_json::json!({"by": ["project"], "rows": [{"project": "p", "project_name": name}]});
        let text = shown(csv, &row.to_string());
        assert!(text.contains(&format!("\r\np,{field},")), "{text}");
    }
}

/// An example with a key that the type does not have, or without one that it has, would show a printer that is none.
fn is_a<T: Serialize + DeserializeOwned>(json: &str) {
    let example: T = serde_json::from_str(json).unwrap();
    let again = serde_json::to_value(&example).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(json).unwrap());
}

#[test]
fn the_queue_and_a_way_out_for_each_reason() {
    is_a::<Queue>(QUEUE);
    check(&shown(print_queue, QUEUE), include_str!("../../../tests/fixtures/documents/queue.txt"));
    check(&shown(print_queue, r#"{"items":[]}"#), "no records");
}

#[test]
fn a_record_with_its_writes_and_the_very_bytes_of_the_latest() {
    is_a::<QueueDetail>(RECORD);
    check(&shown(print_record, RECORD), include_str!("../../../tests/fixtures/documents/record.txt"));
    let group = r#"{"item":{"id":"h1","kind":"entry"},"record":null,"writes":[],"unproven":[]}"#;
    check(&shown(print_record, group), "id    h1\nkind  entry");
}

#[test]
fn a_demo_shows_what_was_delivered_and_what_was_not() {
    let demo: Value = serde_json::from_str(DEMO).unwrap();
    demo["held"].as_array().unwrap().iter().for_each(|item| is_a::<QueueItem>(&item.to_string()));
    check(&shown(print_demo, DEMO), include_str!("../../../tests/fixtures/documents/demo.txt"));
    let kept = shown(print_demo, r#"{"home":"/tmp/kept"}"#);
    check(&kept, "time entries\n none\n\nexpenses\n none\n\nheld\n none\n\nhome    /tmp/kept");
}

#[test]
fn sessions_in_universal_time() {
    let line = SessionLine {
        agent: "codex".to_owned(),
        session: "s1".to_owned(),
        first_at: "2026-05-05T23:30:00.000Z".to_owned(),
        last_at: "2026-05-06T00:10:00.000Z".to_owned(),
        requests: 1234,
        tokens: TokenCounts { output: 45_678, ..TokenCounts::default() },
        agent_seconds: 3700,
        human_seconds: 20,
        dropped_seconds: 0,
        models: vec!["gpt-5".to_owned(), "gpt-5-mini".to_owned()],
        dirs: vec!["acme".to_owned()],
        paths: None,
        lag_bytes: 0,
    };
    let list = SessionList { schema_version: 1, sessions: vec![line] };
    check(
        &shown(print_sessions, &serde_json::to_string(&list).unwrap()),
        " agent  session  began              last               agent time  human  requests  output  models             in
 codex  s1       2026-05-05 23:30Z  2026-05-06 00:10Z      1h 01m    20s     1,234  45,678  gpt-5, gpt-5-mini  acme",
    );
    check(&shown(print_sessions, "{}"), "no sessions");
}

#[test]
fn a_dry_run_shows_the_very_bytes() {
    let requests: Print = |json, _, out| print_requests(json, out);
    let document = r#"{"requests":[{"method":"POST","path":"/api/v2/time_entries","body":{"hours":1.10,"a":"é"}},
        {"method":"GET","path":"/x","body":null}]}"#;
    check(&shown(requests, document), "POST /api/v2/time_entries\n{\"hours\":1.10,\"a\":\"é\"}\n\nGET /x");
    check(&shown(requests, r#"{"requests":[]}"#), "nothing is due");
}

#[test]
fn a_flush_is_a_line() {
    check(
        &shown(print_flush, r#"{"caught_up":true,"sent":3,"failed":0,"remaining":0}"#),
        "caught up: 3 sent, 0 failed, 0 remaining",
    );
    assert!(shown(print_flush, r#"{"caught_up":false}"#).contains("keitod status"));
    assert_eq!(failed(br#"{"failed":2}"#), 2);
}

/// Names from logs and from Keito reach the terminal in every printer; none may steer it. Any shape of document prints.
#[test]
fn no_document_steers_the_terminal_or_breaks_a_printer() {
    let csv_is_for_programs: [Print; 7] =
        [print_status, print_report, print_sessions, print_queue, print_record, print_demo, print_flush];
    let evil = "\\u001b[2J\\u202e\\n\\u0007";
    let documents = [
        STATUS.to_owned(),
        REPORT.to_owned(),
        QUEUE.to_owned(),
        RECORD.to_owned(),
        DEMO.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "3".to_owned(),
        STATUS.replace("claude", evil).replace("unpriced", evil).replace("native", evil),
        REPORT.replace("claude", evil).replace("2026", evil),
        QUEUE.replace("codex", evil).replace("unmapped", evil).replace("keitod link", evil),
        RECORD
            .replace("claude", evil)
            .replace("2026", evil)
            .replace("ümlaut", evil)
            .replace("status_500", evil),
        DEMO.replace("Acme", evil).replace("claude", evil).replace("019e", evil).replace("/", evil),
        format!(
            r#"{{"items":[{{"id":"{evil}","state":{{"{evil}":1}}}}],"sessions":[{{"agent":"{evil}","first_at":"{evil}"}}]}}"#
        ),
        format!(
            r#"{{"{evil}":"{evil}","writes":[{{"body":"{evil}"}}],"requests":[],"expenses":[{{"cached_input_tokens":18446744073709551615,"cache_write_tokens":1}}]}}"#
        ),
    ];
    for (at, print) in csv_is_for_programs.into_iter().enumerate() {
        for document in &documents {
            let text = shown(print, document);
            assert!(
                text.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')),
                "printer {at}: {text:?}"
            );
        }
        let mut out = Vec::new();
        assert!(print(b"{", Look::default(), &mut out).is_err(), "half a document is an error");
    }
}

#[test]
fn colours_only_where_there_are_colours() {
    let look = Look { color: true, width: None };
    assert!(shown_as(print_status, STATUS, look).contains("\x1b[33mdegraded\x1b[0m"));
    assert!(shown_as(print_report, REPORT, look).contains('\x1b'));
    let narrow = shown_as(print_report, REPORT, Look { color: false, width: Some(60) });
    assert!(narrow.lines().take(8).all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn cost_that_no_log_tells_is_not_observable() {
    let row = |agent: &str| format!(r#"{{"agent":"{agent}","requests":0,"cost_usd":null}}"#);
    let report = format!(r#"{{"by":["agent"],"rows":[{},{}],"totals":{{}}}}"#, row("iflow"), row("codex"));
    let text = shown(print_report, &report);
    let line = |agent: &str| text.lines().find(|line| line.contains(agent)).unwrap().to_owned();
    assert!(line("iflow").contains("not observable"), "{text}");
    assert!(!line("codex").contains("not observable"), "{text}");
    let source = |agent: &str, files: u32| format!(r#"{{"agent":"{agent}","files":{files}}}"#);
    let status =
        format!(r#"{{"sources":[{},{},{}]}}"#, source("kiro", 0), source("iflow", 2), source("codex", 1));
    let text = shown(print_status, &status);
    assert!(text.contains("not observable: the cost of iflow; their logs tell of time alone"), "{text}");
}

//! The documents as people see them. Tables are compared whole: what moves, moves on purpose.

use super::*;
use crate::cli::{Failure, Look};

const STATUS: &str = include_str!("../../../tests/fixtures/documents/status.json");
const REPORT: &str = include_str!("../../../tests/fixtures/documents/report.json");

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
}

#[test]
fn the_queue_and_a_record() {
    let queue = r#"{"records":[
        {"id":17,"kind":"entry","state":"held","reason":"unmapped","day":"2026-05-05","agent":"codex","project":null,
         "model":null,"hours":"0.25","total_cost":null},
        {"id":18,"kind":"expense","state":"done","reason":null,"day":"2026-05-05","agent":"codex","project":"p1",
         "project_name":"Acme\u202e","model":"gpt-5","hours":null,"total_cost":"12.3456"}]}"#;
    check(
        &shown(print_queue, queue),
        " id  kind     state           day         agent  project       model  hours     cost
 17  entry    held: unmapped  2026-05-05  codex  -             -       0.25        -
 18  expense  done            2026-05-05  codex  Acme\\u{202e}  gpt-5      -  12.3456",
    );
    check(&shown(print_queue, r#"{"records":[]}"#), "the queue is empty");
    let record = r#"{"schema_version":1,"id":17,"kind":"entry","reason":null,"writes":[
        {"id":3,"method":"POST","state":"done","sealed_at":"2026-05-05T09:20:01.552Z","last_attempt_at":null,
         "answer":"201","attempts":1}]}"#;
    let text = shown(print_record, record);
    assert!(text.starts_with("id    17\nkind  entry\n\n"), "{text}");
    assert!(text.contains("3      POST    done   2026-05-05 09:20  -         201         1"), "{text}");
}

#[test]
fn sessions_in_their_zone() {
    let sessions = r#"{"timezone":"Europe/London","sessions":[{"agent":"codex","session":"s1",
        "first_at":"2026-05-05T23:30:00Z","last_at":"2026-05-06T00:10:00Z","project":"p1","requests":1234,
        "agent_seconds":3700,"cost_usd":"0.00001"}]}"#;
    check(
        &shown(print_sessions, sessions),
        " agent  session  began             last              project  requests  agent time  cost USD
 codex  s1       2026-05-06 00:30  2026-05-06 01:10  p1          1,234      1h 01m   0.00001",
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
    let csv_is_for_programs: [Print; 6] =
        [print_status, print_report, print_sessions, print_queue, print_record, print_flush];
    let evil = "\\u001b[2J\\u202e\\n\\u0007";
    let documents = [
        STATUS.to_owned(),
        REPORT.to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        "3".to_owned(),
        STATUS.replace("claude", evil).replace("unpriced", evil).replace("native", evil),
        REPORT.replace("claude", evil).replace("2026", evil),
        format!(
            r#"{{"records":[{{"id":"{evil}","state":{{"{evil}":1}}}}],"sessions":[{{"agent":"{evil}","first_at":"{evil}"}}]}}"#
        ),
        format!(r#"{{"{evil}":"{evil}","writes":[{{"answer":"{evil}"}}],"requests":[]}}"#),
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

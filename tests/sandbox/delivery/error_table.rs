//! Every status of the error table, alone and three times, then OK: the write, the line and the server afterwards.

use std::time::Duration;

use keitod::daemon::clerk::Effect;
use keitod::sandbox::{Answer, Cut, End, Fault, Kind, Rule, ids};

use super::Line;

/// What one POST finds and what follows.
struct Row {
    fault: Fault,
    /// State of the write after the first answer.
    write: &'static str,
    /// Attempts that count.
    attempts: u32,
    /// Code of the pause.
    pause: &'static str,
    /// Failures that the breaker counts.
    failures: u32,
    /// State after one and after three faults, and a long time.
    end: [&'static str; 2],
}

const HTML: &str = "<!DOCTYPE html><html><title>Sign in</title></html>";

fn page(status: u16) -> Fault {
    Fault::Answer(Answer::status(status).body(HTML).header("content-type", "text/html"))
}

fn words(status: u16, words: &str) -> Fault {
    let body = format!(r#"{{"error":"{words}","error_description":"{words}"}}"#);
    Fault::Answer(Answer::status(status).body(body).header("content-type", "application/json"))
}

fn status(status: u16) -> Fault {
    Fault::Answer(Answer::status(status))
}

fn row(fault: Fault, write: &'static str, attempts: u32, pause: &'static str, failures: u32) -> Row {
    Row { fault, write, attempts, pause, failures, end: ["done"; 2] }
}

fn dead(fault: Fault, reason: &'static str) -> Row {
    Row { end: [reason; 2], ..row(fault, reason, 1, "", 0) }
}

fn table() -> Vec<Row> {
    let mut table = vec![
        // 2xx whose record cannot be told from the answer.
        row(Fault::CommitAnswer(Answer::status(202).body("")), "unknown", 1, "", 0),
        row(Fault::CommitAnswer(Answer::status(204).body("")), "unknown", 1, "", 0),
        row(Fault::CommitAnswer(Answer::status(201).body("{}")), "unknown", 1, "", 0),
        row(Fault::Commit(Cut::HalfBody(End::Close)), "unknown", 1, "", 0),
        row(Fault::Answer(Answer::status(204).body("")), "unknown", 1, "", 0),
        // The connection ended.
        row(Fault::Drop(End::Reset), "unknown", 1, "", 1),
        row(Fault::Commit(Cut::NoBytes(End::Close)), "unknown", 1, "", 1),
        row(Fault::Commit(Cut::HalfHeader(End::Reset)), "unknown", 1, "", 1),
        // Not Keito.
        row(page(200), "pending", 0, "captive_portal", 0),
        row(page(511), "pending", 0, "captive_portal", 1),
        row(page(404), "pending", 0, "wrong_url", 0),
        // Credentials and plan.
        row(status(401), "pending", 0, "auth", 0),
        row(status(402), "pending", 0, "plan", 0),
        // The project, the period.
        row(status(403), "pending project_closed", 1, "", 0),
        row(status(404), "pending project_closed", 1, "", 0),
        row(status(410), "pending project_closed", 1, "", 0),
        row(words(403, "Entry is locked"), "pending locked_period", 1, "", 0),
        row(words(409, "The period was approved"), "pending locked_period", 1, "", 0),
        // Ambiguous.
        row(status(408), "unknown", 1, "", 1),
        Row {
            end: ["done", "dead contradicted again"],
            ..row(words(409, "conflict"), "unknown contradicted", 1, "", 0)
        },
        row(status(503), "unknown", 1, "", 1),
        // Not applied: later.
        row(status(412), "pending", 1, "", 0),
        row(status(428), "pending", 1, "", 0),
        row(status(425), "pending", 1, "", 0),
        row(Fault::Answer(Answer::status(503).retry_after("30")), "pending", 1, "", 1),
        row(Fault::Answer(Answer::status(429).retry_after("30")), "pending", 0, "", 0),
        row(status(429), "pending", 0, "", 0),
        // Refused for good.
        dead(words(409, "A timer is running"), "dead timer_running"),
        Row { end: ["done", "dead too_large"], ..row(status(413), "pending trimmed", 1, "", 0) },
    ];
    table.extend([300, 301, 302, 303, 304, 307, 308].map(|of| row(status(of), "pending", 0, "wrong_url", 0)));
    table.extend([405, 406, 415, 426].map(|of| row(status(of), "pending", 0, "schema_drift", 0)));
    table.extend([501, 505].map(|of| row(status(of), "pending", 0, "schema_drift", 1)));
    table.extend([400, 418, 422, 451, 499].map(|of| dead(status(of), "dead refused")));
    table.extend(
        [500, 502, 504, 506, 507, 520, 524, 527, 530, 599].map(|of| row(status(of), "unknown", 1, "", 1)),
    );
    table.extend([521, 522, 523, 525, 526].map(|of| row(status(of), "pending", 0, "", 1)));
    table
}

fn is_post(effect: &Effect) -> bool {
    matches!(effect, Effect::Send { patch: None, .. })
}

/// One expense has been delivered and listed; a second one is about to leave.
async fn ready() -> Line {
    let mut line = Line::start(|settings, _| settings.time_settle = Duration::from_secs(1 << 40)).await;
    line.settings.time_update = Duration::from_secs(1 << 40);
    line.restart();
    line.session("s1", ids::WEBSITE, 0, 0, 1);
    line.run(Duration::from_secs(3600)).await;
    assert_eq!(line.state(1), "done");
    line.session("s2", ids::WEBSITE, 60, 0, 1);
    line
}

async fn check(row: &Row, times: u64) {
    let mut line = ready().await;
    let name = format!("{:?} ×{times}", row.fault);
    line.keito.state().faults().add(Rule::new(row.fault.clone()).on("POST", Kind::Expenses).first(times));
    line.until(is_post).await;
    assert_eq!(line.state(2), row.write, "{name}: the write");
    let write = line.write(2).unwrap();
    assert_eq!(write.attempts, row.attempts, "{name}: attempts");
    assert_eq!(line.pause(), row.pause, "{name}: pause");
    let desk = line.desk();
    assert_eq!(desk.failures, row.failures, "{name}: breaker");
    let limited = matches!(&row.fault, Fault::Answer(answer) if *answer == Answer::status(429))
        || name.contains("status: 429");
    assert_eq!(desk.quiet_until.is_some(), limited, "{name}: limiter");
    assert_eq!(desk.limit.is_some(), limited, "{name}: limiter");

    line.run(Duration::from_secs(24 * 3600)).await;
    let end = row.end[usize::from(times > 1)];
    assert_eq!(line.state(2), end, "{name}: at the end");
    let stored = line.keito.state().expenses().len();
    assert_eq!(stored, if end == "done" { 2 } else { 1 }, "{name}: stored");
    assert_eq!(line.pause(), "", "{name}: pause at the end");
    assert_eq!(line.desk().failures, 0, "{name}: breaker at the end");
    if end == "done" && !matches!(row.fault, Fault::Commit(_) | Fault::CommitAnswer(_)) {
        let posts = line.asked("POST", "/expenses") as u64;
        assert_eq!(posts, 2 + times, "{name}: each fault cost one POST");
    }
}

#[tokio::test]
async fn error_table() {
    for row in table() {
        for times in [1, 3] {
            check(&row, times).await;
        }
    }
}

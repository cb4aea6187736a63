//! Pi and OpenClaw.

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::others::Agent;
use crate::report::{Count, counts_where};

static PI: Agent = Agent { folder: "pi/0.87.1", scenarios: 7, logs: ".pi", model: None, side: true };

static OPENCLAW: Agent =
    Agent { folder: "openclaw/2026.9.6", scenarios: 5, logs: ".openclaw", model: None, side: true };

#[test]
fn pi_0_87_1_is_counted_to_the_token() {
    PI.check();
}

#[test]
fn openclaw_2026_9_6_is_counted_to_the_token() {
    OPENCLAW.check();
}

#[test]
fn a_fork_pays_for_nothing_that_it_copied() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let folder = home.path().join(".pi/agent/sessions/--home-dev-shop--");
    let from = fixtures("recorded/pi/0.87.1/tool-calls/home/.pi/agent/sessions/--home-dev-src-demo-shop--");
    let original = std::fs::read_dir(from).unwrap().next().unwrap().unwrap().path();
    copy(&original, &folder.join(original.file_name().unwrap()));
    let text = std::fs::read_to_string(&original).unwrap();
    let (header, entries) = text.split_once('\n').unwrap();
    let old = "01a1fbc7-cae4-72db-b6a0-47798ed4df88";
    let header = header.replace(old, "fork").replace("01:45:37.253Z", "01:50:00.000Z");
    let own = text.lines().last().unwrap().replace("1795225537459", "1795225800000").replace("0003", "0004");
    std::fs::write(folder.join("2026-11-21T01-50-00-000Z_fork.jsonl"), format!("{header}\n{entries}{own}\n"))
        .unwrap();
    home.says(&["run", "--once"]);
    let count = |requests, input, cache_read, output| Count {
        requests,
        input,
        cache_read,
        output,
        ..Count::default()
    };
    let wanted = [(old, count(3, 6822, 3066, 175)), ("fork", count(1, 2411, 1033, 61))];
    let wanted = wanted.map(|(session, count)| ((session.to_owned(), "demo-model-1".to_owned()), count));
    assert_eq!(counts_where(&home, |_| true), wanted.into());
}

#[test]
fn a_session_of_another_suite_is_read() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let log = ".pi/agent/sessions/--my-project--/2025-01-01T10-00-00-000Z_pi-test-session-uuid.jsonl";
    copy(&fixtures("pi/agentsview-session.jsonl"), &home.path().join(log));
    copy(&fixtures("pi/codexbar/pi"), &home.path().join(".pi/agent/sessions"));
    copy(&fixtures("pi/codexbar/omp"), &home.path().join(".omp/agent/sessions"));
    home.says(&["run", "--once"]);
    let count = Count { requests: 2, input: 300, output: 60, ..Count::default() };
    let key = ("pi-test-session-uuid".to_owned(), "claude-opus-4-5".to_owned());
    assert_eq!(counts_where(&home, |_| true), [(key, count)].into());
}

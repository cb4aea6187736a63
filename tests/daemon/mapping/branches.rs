//! Branch rules: the directory's HEAD while the daemon runs, else what the log says; time follows as requests do.

use std::time::{SystemTime, UNIX_EPOCH};

use keitod::sandbox::ids;

use super::{COUNTS, cost, default, deliver, git, repository, rule, time};
use crate::keito::Keito;
use crate::lines::Talk;
use crate::place::{Place, until};

/// Now, in seconds after the first instant of [`Talk`].
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() - 1_767_607_200
}

fn by_branch(place: &Place) {
    place.config(
        &(rule("branch = \"^fix\"", ids::WEBSITE, "")
            + &rule("branch = \"^main$\"", ids::BILLING, "")
            + &default(ids::PIPELINE)),
    );
}

#[test]
fn while_the_daemon_runs_the_head_of_the_directory_counts() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    by_branch(&place);
    let repo = place.path("repo");
    repository(&repo);
    git(&repo, &["checkout", "-q", "-b", "fix/1"]);
    let service = place.start();
    // The log says `main` for ever: the agent was started there.
    let (mut talk, begun) = (Talk::new(1, repo.to_str().unwrap()), now() - 100);
    place.append("1", &(talk.prompt(begun) + &talk.answer(begun + 60, COUNTS)));
    until("it is sent", || {
        service.flush();
        (!keito.entries().is_empty()).then_some(())
    });
    assert_eq!(time(&keito), [("website", 60)]);
    git(&repo, &["checkout", "-q", "main"]);
    place.append("1", &talk.answer(begun + 90, COUNTS));
    service.settle();
    assert_eq!(time(&keito), [("billing", 30), ("website", 60)]);
    assert_eq!(cost(&keito), [("billing", 1), ("website", 1)]);
    // What is old when it is read was not done on today's branch.
    git(&repo, &["checkout", "-q", "fix/1"]);
    let mut old = Talk::new(2, repo.to_str().unwrap());
    place.append("2", &(old.prompt(0) + &old.answer(200, COUNTS)));
    service.settle();
    assert_eq!(time(&keito), [("billing", 30), ("billing", 200), ("website", 60)]);
}

#[test]
fn without_it_the_branch_of_the_log_counts_for_time_and_requests() {
    let keito = Keito::start();
    let mut place = Place::new(&keito.origin);
    by_branch(&place);
    let repo = place.path("repo");
    repository(&repo);
    let mut talk = Talk::new(1, repo.to_str().unwrap());
    let fix = |line: String| line.replace("\"gitBranch\":\"main\"", "\"gitBranch\":\"fix/2\"");
    let lines = [
        talk.prompt(0),
        talk.answer(100, COUNTS),
        fix(talk.answer(140, COUNTS)),
        fix(talk.prompt(200)),
        fix(talk.answer(260, COUNTS)),
    ];
    place.append("1", &lines.concat());
    // The report says so before anything is sent.
    let key = place.key.take();
    place.run(&["run", "--once"]);
    let (_, out, _) = place.run(&["report", "--by", "project", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    let rows = report["rows"].as_array().unwrap().iter();
    let row = |row: &serde_json::Value| {
        let project = super::short(row["project"].as_str().unwrap_or_default());
        (project, row["agent_seconds"].as_u64().unwrap(), row["requests"].as_u64().unwrap())
    };
    let mut rows: Vec<_> = rows.map(row).collect();
    rows.sort_unstable();
    assert_eq!(rows, [("billing", 100, 1), ("website", 100, 2)]);
    place.key = key;
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 100), ("website", 100)]);
    assert_eq!(cost(&keito), [("billing", 1), ("website", 2)]);
}

#[test]
fn a_line_that_names_no_branch_was_written_on_the_one_named_last_else_first() {
    let keito = Keito::start();
    let place = Place::new(&keito.origin);
    by_branch(&place);
    let mut talk = Talk::new(1, "/w/a");
    let none = |line: String| line.replace("\"gitBranch\":\"main\",", "");
    let fix = |line: String| line.replace("\"gitBranch\":\"main\"", "\"gitBranch\":\"fix/2\"");
    let lines = [
        none(talk.prompt(0)),
        none(talk.answer(100, COUNTS)),
        talk.answer(130, COUNTS),
        none(talk.answer(170, COUNTS)),
        fix(talk.answer(220, COUNTS)),
        none(talk.answer(280, COUNTS)),
    ];
    place.append("1", &lines.concat());
    deliver(&place);
    assert_eq!(time(&keito), [("billing", 170), ("website", 110)]);
    assert_eq!(cost(&keito), [("billing", 3), ("website", 2)]);
}

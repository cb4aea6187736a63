//! What people and other clients do at Keito: it is kept, never overwritten, never made again.

use std::time::Duration;

use keitod::sandbox::{Cut, End, Fault, Kind, Rule, ids};

use super::Line;

const HOUR: Duration = Duration::from_secs(3600);

/// Two entries of ten minutes each have been delivered and listed.
async fn two_entries() -> Line {
    let mut line = Line::start(|_, _| {}).await;
    line.pass(Duration::from_secs(1200));
    line.session("a", ids::WEBSITE, 0, 10, 0);
    line.session("b", ids::WEBSITE, 7, 10, 0);
    line.run(2 * HOUR).await;
    assert_eq!(line.keito.state().entries().len(), 2);
    line
}

/// Hours of all entries, smallest first.
fn hours(line: &Line) -> Vec<String> {
    let mut hours: Vec<String> =
        line.keito.state().entries().into_iter().map(|entry| entry.hours.to_string()).collect();
    hours.sort();
    hours
}

fn entry_of(line: &Line, session: &str) -> String {
    let state = line.keito.state();
    let of = |entry: &keitod::sandbox::Entry| {
        let metadata = serde_json::to_string(entry.metadata.as_ref().unwrap()).unwrap();
        metadata.contains(&format!("\"session_id\":\"{session}\""))
    };
    state.entries().into_iter().find(of).unwrap().id
}

#[tokio::test]
async fn what_a_person_deletes_is_not_made_again() {
    for late in [false, true] {
        let mut line = two_entries().await;
        let gone = entry_of(&line, if late { "b" } else { "a" });
        line.keito.state().delete(&gone).unwrap();
        // Something else is due, so that listings are read.
        for round in 0..4 {
            line.session(&format!("c{round}"), ids::WEBSITE, 20 + round, 10, 0);
            line.run(HOUR).await;
        }
        assert_eq!(hours(&line), vec!["0.17"; 5], "late: {late}");
        // It goes on: only what is new is due, in a new part.
        let from = line.now().seconds() - super::START;
        line.pass(HOUR);
        line.session(if late { "b" } else { "a" }, ids::WEBSITE, from, 20, 0);
        line.run(3 * HOUR).await;
        assert_eq!(hours(&line), ["0.17", "0.17", "0.17", "0.17", "0.17", "0.33"], "late: {late}");
        assert_eq!(line.asked("PATCH", "/time_entries"), 0);
    }
}

#[tokio::test]
async fn all_that_a_person_deletes_is_not_made_again() {
    let mut line = two_entries().await;
    for session in ["a", "b"] {
        let gone = entry_of(&line, session);
        line.keito.state().delete(&gone).unwrap();
    }
    line.session("c", ids::WEBSITE, 30, 10, 0);
    line.run(4 * HOUR).await;
    assert_eq!(hours(&line), ["0.17"]);
}

#[tokio::test]
async fn a_lost_answer_is_found_though_listings_lag() {
    let mut line = two_entries().await;
    let faults = line.keito.state().faults();
    faults.add(Rule::new(Fault::Commit(Cut::NoBytes(End::Reset))).on("POST", Kind::TimeEntries).first(1));
    faults.add(Rule::new(Fault::Lag(Duration::from_secs(100))).on("GET", Kind::TimeEntries));
    line.session("c", ids::WEBSITE, 30, 10, 0);
    line.run(3 * HOUR).await;
    assert_eq!(hours(&line), vec!["0.17"; 3]);
    assert_eq!((line.state(3).as_str(), line.asked("POST", "/time_entries")), ("done", 3));
}

#[tokio::test]
async fn note_project_and_task_stay_as_a_person_left_them_and_hours_go_on() {
    let mut line = two_entries().await;
    let (a, b) = (entry_of(&line, "a"), entry_of(&line, "b"));
    line.keito.state().edit_notes(&a, "for Alex").unwrap();
    line.keito.state().move_entry(&b, ids::BILLING, ids::REVIEW).unwrap();
    for session in ["a", "b"] {
        line.session(session, ids::WEBSITE, 660, 10, 0);
    }
    line.run(3 * HOUR).await;
    let entries = line.keito.state().entries();
    assert_eq!(entries.len(), 2);
    let (a, b) =
        (entries.iter().find(|of| of.id == a).unwrap(), entries.iter().find(|of| of.id == b).unwrap());
    assert_eq!(a.notes.as_deref(), Some("for Alex"));
    assert_eq!((b.project.as_str(), b.task.as_str()), (ids::BILLING, ids::REVIEW));
    let hours = hours(&line);
    assert!(hours.iter().all(|hours| hours.starts_with("0.3")), "{hours:?}");
}

#[tokio::test]
async fn edited_hours_and_locked_entries_are_left_and_the_rest_is_a_new_part() {
    let mut line = two_entries().await;
    let (a, b) = (entry_of(&line, "a"), entry_of(&line, "b"));
    line.keito.state().edit_hours(&a, "2").unwrap();
    line.keito.state().lock(&b).unwrap();
    for session in ["a", "b"] {
        line.session(session, ids::WEBSITE, 660, 10, 0);
    }
    line.run(3 * HOUR).await;
    let hours = hours(&line);
    assert_eq!(hours.len(), 4, "{hours:?}");
    assert_eq!(
        (hours[..3].to_vec(), hours[3].as_str()),
        (vec!["0.17".to_owned(), "0.18".into(), "0.18".into()], "2")
    );
}

#[tokio::test]
async fn lists_that_ignore_their_filters_are_asked_for_all_that_they_show() {
    let mut line = two_entries().await;
    let mut old = line.keito.state().entries().remove(0);
    (old.id, old.metadata) = ("old".to_owned(), None);
    old.spent_date = "2025-01-01".parse().unwrap();
    line.keito.state().plant(vec![old], Vec::new());
    line.keito.state().faults().add(Rule::new(Fault::IgnoreFilters).method("GET"));
    line.session("c", ids::WEBSITE, 30, 10, 0);
    line.run(HOUR).await;
    assert_eq!(line.keito.state().entries().len(), 4);
    assert_eq!(line.state(3), "done");
}

#[tokio::test]
async fn two_under_one_id_are_a_conflict_and_left_alone() {
    let mut line = two_entries().await;
    let mut twin = line.keito.state().entries().remove(0);
    twin.id = "twin".to_owned();
    let metadata = serde_json::to_string(twin.metadata.as_ref().unwrap()).unwrap();
    let session = if metadata.contains(r#""session_id":"a""#) { "a" } else { "b" };
    line.keito.state().plant(vec![twin], Vec::new());
    line.session(session, ids::WEBSITE, 660, 10, 0);
    line.run(3 * HOUR).await;
    let states = [line.state(1), line.state(2)];
    assert!(states.iter().any(|state| state.starts_with("conflict 2 records at Keito")), "{states:?}");
    assert_eq!(hours(&line), ["0.17", "0.17", "0.17", "0.18"], "what came later is a part of its own");
}

/// An entry that the Keito skill logged for a session.
fn by_the_skill(line: &Line, session: &str, hours: &str) -> keitod::sandbox::Entry {
    let mut entry = line.keito.state().entries().remove(0);
    let metadata =
        format!(r#"{{"session_id":"{session}","agent_type":"claude-code","skill":"keito-time-track"}}"#);
    entry.metadata = keitod::sandbox::Metadata::parse(&metadata);
    entry.id = format!("skill-{session}");
    entry.hours = keitod::sandbox::Number::parse(hours).unwrap();
    entry
}

#[tokio::test]
async fn the_skills_entries_are_coverage() {
    for (hours_there, ours) in [("0.1", vec!["0.07"]), ("0.5", vec![])] {
        let mut line = two_entries().await;
        let before = hours(&line).len();
        let entry = by_the_skill(&line, "c", hours_there);
        line.keito.state().plant(vec![entry], Vec::new());
        line.session("c", ids::WEBSITE, 30, 10, 0);
        line.run(3 * HOUR).await;
        let posted: Vec<String> = line
            .keito
            .state()
            .entries()
            .into_iter()
            .skip(before + 1)
            .map(|of| of.hours.to_string())
            .collect();
        assert_eq!(posted, ours, "{hours_there} h there");
    }
}

#[tokio::test]
async fn a_timer_of_the_skill_that_runs_holds_its_session() {
    let mut line = two_entries().await;
    let mut entry = by_the_skill(&line, "c", "0");
    entry.running_since = Some(line.now());
    line.keito.state().plant(vec![entry.clone()], Vec::new());
    line.session("c", ids::WEBSITE, 30, 10, 0);
    line.run(3 * HOUR).await;
    assert_eq!(line.keito.state().entries().len(), 3, "nothing of ours yet");
    line.keito.state().delete(&entry.id).unwrap();
    entry.running_since = None;
    entry.hours = keitod::sandbox::Number::parse("0.1").unwrap();
    line.keito.state().plant(vec![entry], Vec::new());
    line.session("d", ids::WEBSITE, 60, 10, 0);
    line.run(3 * HOUR).await;
    assert_eq!(hours(&line), ["0.07", "0.1", "0.17", "0.17", "0.17"]);
}

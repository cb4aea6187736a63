//! Refusals that are about more than one write: they park a project, or pause everything, and end by themselves.

use std::time::Duration;

use keitod::model::Kind as Of;
use keitod::sandbox::{Answer, Fault, Kind, Rule, ids};

use super::Line;

const HOUR: Duration = Duration::from_secs(3600);

/// Only expenses: no session is ever quiet long enough for time.
async fn expenses() -> Line {
    let slow = Duration::from_secs(1 << 40);
    Line::start(|settings, _| (settings.time_settle, settings.time_update) = (slow, slow)).await
}

fn refuse(line: &Line, status: u16) {
    let fault = Fault::Answer(Answer::status(status));
    line.keito.state().faults().add(Rule::new(fault).on("POST", Kind::Expenses));
}

fn states(line: &mut Line, ids: std::ops::RangeInclusive<i64>) -> Vec<String> {
    ids.map(|id| line.state(id)).collect()
}

#[tokio::test]
async fn refused_alike_in_one_project_parks_it_and_no_other() {
    let mut line = expenses().await;
    for id in 0..8 {
        line.session(&format!("s{id}"), ids::WEBSITE, id, 0, 1);
    }
    refuse(&line, 422);
    line.run(Duration::from_secs(1800)).await;
    assert_eq!(states(&mut line, 1..=8), vec!["pending project_closed"; 8], "none is dead");
    assert_eq!((line.asked("POST", "/expenses"), line.pause()), (5, ""));
    let counts = line.clerk().store().view().pass_counts(keitod::model::AccountRef(1), Default::default());
    assert_eq!(counts.unwrap().remaining, 0, "held work is not due");

    line.restart();
    line.run(3 * HOUR).await;
    assert!((6..=9).contains(&line.asked("POST", "/expenses")), "one probe an hour, one a start");
    line.keito.state().faults().clear();
    line.session("other", ids::BILLING, 100, 0, 1);
    line.run(Duration::from_secs(1200)).await;
    assert_eq!(line.state(9), "done", "another project goes on meanwhile");
    line.run(HOUR).await;
    assert_eq!(states(&mut line, 1..=8), vec!["done"; 8]);
    assert_eq!(line.keito.state().expenses().len(), 9);
}

#[tokio::test]
async fn refused_alike_in_two_projects_pauses_everything() {
    let mut line = expenses().await;
    line.settings.time_settle = Duration::from_secs(600);
    line.restart();
    for id in 0..8 {
        let project = if id == 2 { ids::BILLING } else { ids::WEBSITE };
        line.session(&format!("s{id}"), project, id, 0, 1);
    }
    refuse(&line, 400);
    line.run(Duration::from_secs(620)).await;
    assert_eq!(line.pause(), "schema_drift");
    assert!(states(&mut line, 1..=8).iter().all(|state| state.starts_with("pending")), "none is dead");
    assert_eq!(line.asked("POST", "/expenses"), 5);
    line.session("time", ids::BILLING, 0, 5, 0);

    let mut probes = Vec::new();
    for _ in 0..8 {
        let before = line.asked("POST", "/expenses");
        let begun = line.now();
        while line.asked("POST", "/expenses") == before {
            line.run(Duration::from_secs(20)).await;
        }
        probes.push((line.now().since(begun).as_secs() + 30) / 60);
    }
    assert_eq!(line.asked("POST", "/time_entries"), 0, "nothing else leaves");
    assert!(probes.windows(2).all(|pair| pair[0] <= pair[1]) && probes[7] >= 60, "{probes:?}");
    line.keito.state().faults().clear();
    line.restart();
    line.run(HOUR).await;
    assert_eq!((line.pause(), line.keito.state().expenses().len()), ("", 8));
    assert_eq!(line.keito.state().entries().len(), 1);
}

#[tokio::test]
async fn one_poisonous_record_is_dead_and_the_others_arrive() {
    let mut line = expenses().await;
    let fault = Fault::Answer(Answer::status(400));
    line.keito.state().faults().add(Rule::new(fault).on("POST", Kind::Expenses).nth(7));
    for id in 0..40 {
        line.session(&format!("s{id}"), ids::WEBSITE, id, 0, 1);
    }
    line.run(HOUR).await;
    let all = states(&mut line, 1..=40);
    assert_eq!(all.iter().filter(|state| *state == "dead refused").count(), 1);
    assert_eq!(line.keito.state().expenses().len(), 39);
}

#[tokio::test]
async fn a_project_that_is_gone_waits_until_it_is_back() {
    let mut line = expenses().await;
    let projects = line.keito.state().settings().projects;
    line.keito.state().change(|settings| settings.projects.retain(|project| project.id != ids::WEBSITE));
    for id in 0..3 {
        line.session(&format!("gone{id}"), ids::WEBSITE, id, 0, 1);
        line.session(&format!("here{id}"), ids::BILLING, id, 0, 1);
    }
    line.run(HOUR / 2).await;
    assert_eq!(line.keito.state().expenses().len(), 3);
    let held = (1..=6).filter(|id| line.state(*id) == "pending project_closed").count();
    assert_eq!((held, line.asked("POST", "/expenses")), (3, 4), "one attempt tells for all");
    line.keito.state().change(|settings| settings.projects = projects);
    line.run(HOUR).await;
    assert_eq!(line.keito.state().expenses().len(), 6);
}

#[tokio::test]
async fn another_key_is_tried_at_once_and_another_user_proves_anew() {
    let mut line = expenses().await;
    line.clerk().set_key(1).unwrap();
    line.session("s1", ids::WEBSITE, 0, 0, 1);
    line.run(HOUR).await;
    assert!(line.clerk().line().unwrap().1.proved(Of::Expense));
    let keys = line.keito.state().settings().keys;
    line.keito.state().change(|settings| settings.keys.clear());
    line.session("s2", ids::WEBSITE, 5, 0, 1);
    line.run(5 * HOUR).await;
    assert_eq!((line.pause(), line.state(2).as_str()), ("auth", "pending"));
    assert_eq!(line.write(2).unwrap().attempts, 0);

    let other = keitod::sandbox::Key::full("kto_other", ids::COLLEAGUE);
    line.keito.state().change(|settings| settings.keys = keys.into_iter().chain([other]).collect());
    line.use_key("kto_other", 2);
    let me = line.asked("GET", "/users/me");
    line.turn().await;
    assert_eq!(line.asked("GET", "/users/me"), me + 1, "who is it?");
    assert_eq!(line.pause(), "");
    line.run(HOUR).await;
    assert_eq!(line.keito.state().expenses().len(), 2);
    let users: Vec<String> = line.keito.state().expenses().into_iter().map(|of| of.user).collect();
    assert_eq!(users, [ids::ME, ids::COLLEAGUE]);
    let row = line.clerk().line().unwrap().1.clone();
    assert_eq!(row.user.unwrap().as_str(), ids::COLLEAGUE);
    let lists = line.keito.state().requests();
    let last = lists.iter().rev().find(|of| of.method == "GET" && of.path.ends_with("/expenses")).unwrap();
    assert!(!last.query.as_deref().unwrap().contains("user_id"), "{:?}", last.query);
}

#[tokio::test]
async fn another_user_changes_no_entry_of_the_one_before() {
    let mut line = Line::start(|_, served| {
        served.keys.push(keitod::sandbox::Key::full("kto_other", ids::COLLEAGUE));
    })
    .await;
    line.clerk().set_key(1).unwrap();
    line.pass(HOUR);
    line.session("a", ids::WEBSITE, 0, 10, 0);
    line.run(HOUR).await;
    let fault = Fault::Commit(keitod::sandbox::Cut::NoBytes(keitod::sandbox::End::Reset));
    line.keito.state().faults().add(Rule::new(fault).on("POST", Kind::TimeEntries).first(1));
    line.session("lost", ids::WEBSITE, 0, 10, 0);
    line.until(|effect| matches!(effect, keitod::daemon::clerk::Effect::Send { .. })).await;
    line.use_key("kto_other", 2);
    line.session("a", ids::WEBSITE, 660, 10, 0);
    line.run(3 * HOUR).await;
    assert_eq!(line.state(2), "dead other_user", "nobody knows whether it arrived");
    let entries = line.keito.state().entries();
    let of: Vec<(String, String)> = entries.into_iter().map(|of| (of.user, of.hours.to_string())).collect();
    let (me, other) = (ids::ME.to_owned(), ids::COLLEAGUE.to_owned());
    assert_eq!(of, [(me.clone(), "0.17".into()), (me, "0.17".into()), (other, "0.18".into())]);
    assert_eq!(line.asked("PATCH", "/time_entries"), 0);
}

#[tokio::test]
async fn what_is_dead_and_there_all_the_same_is_done() {
    let mut line = expenses().await;
    let fault = Fault::CommitAnswer(Answer::status(400));
    line.keito.state().faults().add(Rule::new(fault).on("POST", Kind::Expenses).nth(2));
    line.session("s1", ids::WEBSITE, 0, 0, 1);
    line.session("s2", ids::WEBSITE, 5, 0, 1);
    line.run(HOUR).await;
    assert_eq!(line.state(2), "dead refused");
    line.session("s3", ids::WEBSITE, 10, 0, 1);
    line.run(HOUR).await;
    assert_eq!((line.state(2).as_str(), line.keito.state().expenses().len()), ("done", 3));
}

#[tokio::test]
async fn what_a_key_may_not_do_stops_nothing_else() {
    let mut line = Line::start(|_, _| {}).await;
    line.pass(HOUR);
    refuse(&line, 403);
    for id in 0..12 {
        let project = [ids::WEBSITE, ids::BILLING, ids::PIPELINE][id % 3];
        line.session(&format!("s{id}"), project, id as i64, 10, 1);
    }
    line.run(6 * HOUR).await;
    assert_eq!((line.pause(), line.keito.state().entries().len()), ("", 12), "time goes on");
    assert!(line.asked("POST", "/expenses") <= 3 * 7, "three projects, one attempt an hour each");
    line.keito.state().faults().clear();
    line.run(2 * HOUR).await;
    assert_eq!(line.keito.state().expenses().len(), 12);
}

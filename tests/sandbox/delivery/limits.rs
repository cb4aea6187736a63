//! What one minute may hold, what the server asks for, and what leaves while it stays away.

use std::time::Duration;

use keitod::model::Instant;
use keitod::sandbox::{Answer, End, Fault, Kind, Rule, ids};

use super::Line;

const HOUR: Duration = Duration::from_secs(3600);

fn times(line: &Line) -> Vec<Instant> {
    line.keito.state().requests().into_iter().map(|request| request.at).collect()
}

/// The most requests that any 60 s hold.
fn most(times: &[Instant]) -> usize {
    let held = |first: &Instant| {
        times.iter().filter(|at| **at >= *first && at.since(*first) < Duration::from_secs(60)).count()
    };
    times.iter().map(held).max().unwrap_or(0)
}

#[tokio::test]
async fn never_more_than_the_rate_also_across_restarts() {
    let mut line = Line::start(|settings, _| settings.per_minute = 10).await;
    for id in 0..60 {
        line.session(&format!("s{id}"), ids::WEBSITE, id * 7, 3, 1);
    }
    line.pass(Duration::from_secs(700));
    for _ in 0..50 {
        line.restart();
        line.run(Duration::from_secs(7)).await;
    }
    line.run(6 * HOUR).await;
    let state = line.keito.state();
    assert_eq!((state.entries().len(), state.expenses().len()), (60, 60));
    assert_eq!(most(&times(&line)), 10);
}

#[tokio::test]
async fn a_429_is_never_answered_early() {
    for (header, least) in [("0", 1), ("5", 5), ("3600", 3600), ("99999", 3600), ("soon", 60)] {
        let mut line = Line::start(|_, _| {}).await;
        let answer = Answer::status(429).retry_after(header);
        line.keito.state().faults().add(Rule::new(Fault::Answer(answer)).on("POST", Kind::Expenses).first(1));
        line.session("s1", ids::WEBSITE, 0, 0, 1);
        line.run(4 * HOUR).await;
        let requests = line.keito.state().requests();
        let limited = requests.iter().position(|request| request.answered == Some(429)).unwrap();
        let gap = requests[limited + 1].at.since(requests[limited].at).as_secs();
        assert!((least..=least + least / 10 + 1).contains(&gap), "{header}: {gap}");
        assert_eq!(line.keito.state().expenses().len(), 1);
    }
}

#[tokio::test]
async fn while_the_server_is_away_little_leaves_and_one_at_a_time() {
    let mut line = Line::start(|_, _| {}).await;
    for id in 0..30 {
        line.session(&format!("s{id}"), ids::WEBSITE, id * 7, 3, 1);
    }
    line.run(Duration::from_secs(300)).await;
    line.keito.state().faults().add(Rule::new(Fault::Drop(End::Reset)));
    let before = times(&line).len();
    line.run(8 * HOUR).await;
    let away = times(&line).len() - before;
    // Five open it; 30 s doubling to 15 min is 5 more, then 4 an hour.
    assert!((10..=50).contains(&away), "{away} requests in eight hours");
    assert!(line.desk().failures >= 5);
    line.keito.state().faults().clear();
    line.run(HOUR).await;
    let state = line.keito.state();
    assert_eq!((state.entries().len(), state.expenses().len()), (30, 30));
}

#[tokio::test]
async fn updates_take_at_most_a_third_of_the_rate() {
    let mut line = Line::start(|settings, _| settings.per_minute = 12).await;
    for id in 0..30 {
        line.session(&format!("s{id}"), ids::WEBSITE, id, 3, 0);
    }
    line.run(2 * HOUR).await;
    assert_eq!(line.keito.state().entries().len(), 30);
    for id in 0..30 {
        line.session(&format!("s{id}"), ids::WEBSITE, id + 240, 3, 0);
    }
    line.run(2 * HOUR).await;
    let requests = line.keito.state().requests();
    let patches: Vec<Instant> =
        requests.iter().filter(|request| request.method == "PATCH").map(|request| request.at).collect();
    assert_eq!(patches.len(), 30);
    assert_eq!(most(&patches), 4);
}

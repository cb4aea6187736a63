//! A day with three faults in ten requests: everything arrives once, and little is asked twice.

use std::collections::BTreeSet;
use std::time::Duration;

use keitod::sandbox::{Answer, Cut, End, Fault, Kind, Rule, ids};

use super::Line;

#[tokio::test]
async fn a_day_of_faults_loses_and_doubles_nothing() {
    let mut line = Line::start(|settings, served| {
        settings.per_minute = 50;
        served.seed = 7;
    })
    .await;
    let faults = line.keito.state().faults();
    faults.reseed(7);
    let struck = [
        Fault::Drop(End::Reset),
        Fault::Commit(Cut::NoBytes(End::Reset)),
        Fault::Commit(Cut::HalfBody(End::Close)),
        Fault::Answer(Answer::status(500)),
        Fault::Answer(Answer::status(503).retry_after("20")),
        Fault::Answer(Answer::status(429).retry_after("5")),
    ];
    for fault in struck {
        for kind in [Kind::TimeEntries, Kind::Expenses, Kind::TimeEntry] {
            faults.add(Rule::new(fault.clone()).kind(kind).per_mille(57));
        }
    }
    let day = 24 * 6;
    for number in 0..day {
        let name = format!("s{number}");
        line.session(&name, [ids::WEBSITE, ids::BILLING][number % 2], number as i64 * 600 - 900, 10, 2);
        line.run(Duration::from_secs(600)).await;
        if number % 25 == 0 {
            line.restart();
        }
    }
    line.run(Duration::from_secs(12 * 3600)).await;
    let state = line.keito.state();
    assert_eq!(line.pause(), "");
    let account = keitod::model::AccountRef(1);
    let left = line.clerk().store().view().unfinished(account).unwrap();
    assert!(left.is_empty(), "{left:#?}");
    let texts = |all: Vec<Option<keitod::sandbox::Metadata>>| -> Vec<String> {
        all.iter().map(|of| serde_json::to_string(of.as_ref().unwrap()).unwrap()).collect()
    };
    let entries = texts(state.entries().into_iter().map(|of| of.metadata).collect());
    let expenses = texts(state.expenses().into_iter().map(|of| of.metadata).collect());
    // One session lasts over midnight: two entries.
    assert_eq!((entries.len(), expenses.len()), (day + 1, day));
    assert_eq!(entries.iter().chain(&expenses).collect::<BTreeSet<_>>().len(), 2 * day + 1);
    let requests = state.requests();
    let lists = requests.iter().filter(|of| of.method == "GET").count();
    let writes = requests.iter().filter(|of| of.method != "GET").count();
    eprintln!("{writes} writes and {lists} listings for {} records", 2 * day + 1);
    assert!(writes <= 2 * day * 3 / 2, "{writes} writes");
}

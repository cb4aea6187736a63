//! `tests/fixtures/timelines.txt`: the time rule against numbers worked out by hand, through the ledger and, for
//! some, from log files through the program.

mod binary;
mod ledger;
mod numbers;
mod properties;
mod script;

use numbers::Numbers;
use script::{Timeline, timelines};

/// Rows of a report by their keys: day, then session or project where asked for.
type Table = std::collections::BTreeMap<Vec<String>, Numbers>;

#[test]
fn every_timeline_comes_to_what_was_worked_out_by_hand() {
    let all = timelines();
    assert!(all.len() >= 60, "{}", all.len());
    for timeline in &all {
        ledger::check(timeline);
    }
}

#[test]
fn the_program_says_the_same_of_log_files() {
    let all: Vec<Timeline> = timelines().into_iter().filter(|timeline| timeline.binary).collect();
    assert!(all.len() >= 12, "{}", all.len());
    for timeline in &all {
        binary::check(timeline);
    }
}

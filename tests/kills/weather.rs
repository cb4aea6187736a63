//! What goes wrong on the line while the daemon is killed: a mix of every fault, drawn from the seed.

use std::time::Duration;

use keitod::sandbox::{Answer, Cut, End, Fault, Faults, Kind, Order, Rule};

const SOON: Duration = Duration::from_millis(300);

/// Faults of writes whose outcome the client cannot know.
fn unclear() -> Vec<Fault> {
    vec![
        Fault::Commit(Cut::NoBytes(End::Reset)),
        Fault::Commit(Cut::NoBytes(End::Close)),
        Fault::Commit(Cut::HalfHeader(End::Reset)),
        Fault::Commit(Cut::HalfBody(End::Close)),
        Fault::Commit(Cut::Silence(Duration::from_secs(2))),
        Fault::Commit(Cut::Slow(Duration::from_millis(20))),
        Fault::CommitLate(SOON, End::Reset),
        Fault::CommitAnswer(Answer::status(500)),
        Fault::CommitAnswer(
            Answer::status(502).header("content-type", "text/html").body("<html>bad gateway</html>"),
        ),
        Fault::CommitAnswer(Answer::status(504)),
        Fault::CommitAnswer(Answer::status(408)),
        Fault::CommitAnswer(Answer::status(409)),
        Fault::CommitAnswer(Answer::status(204).body("")),
        Fault::CommitAnswer(Answer::status(202)),
    ]
}

/// Faults of writes that were not carried out.
fn refused() -> Vec<Fault> {
    vec![
        Fault::Drop(End::Reset),
        Fault::Drop(End::Close),
        Fault::Answer(Answer::status(503).retry_after("0")),
        Fault::Answer(Answer::status(500)),
        Fault::Answer(Answer::status(425)),
        Fault::Answer(Answer::status(521)),
    ]
}

/// Faults of listings.
fn of_lists() -> Vec<Fault> {
    vec![
        Fault::Lag(SOON),
        Fault::IgnoreFilters,
        Fault::Shift(1),
        Fault::Shift(-1),
        Fault::Reorder(Order::Shuffled),
        Fault::Drop(End::Reset),
        Fault::Answer(Answer::status(503)),
        Fault::Answer(
            Answer::status(502).header("content-type", "text/html").body("<html>bad gateway</html>"),
        ),
        Fault::Commit(Cut::HalfBody(End::Reset)),
    ]
}

/// Puts them in force: each unclear one strikes this many of a thousand writes, the others a third as many requests.
pub fn brew(faults: &Faults, seed: u64, per_mille: u32) {
    faults.reseed(seed);
    let add = |fault: &Fault, method, kind, chance| {
        faults.add(Rule::new(fault.clone()).on(method, kind).per_mille(chance));
    };
    for (method, kind) in [("POST", Kind::TimeEntries), ("POST", Kind::Expenses), ("PATCH", Kind::TimeEntry)]
    {
        unclear().iter().for_each(|fault| add(fault, method, kind, per_mille));
        refused().iter().for_each(|fault| add(fault, method, kind, per_mille / 3));
    }
    for kind in [Kind::TimeEntries, Kind::Expenses] {
        of_lists().iter().for_each(|fault| add(fault, "GET", kind, per_mille / 3));
    }
    add(&Fault::Answer(Answer::status(503)), "GET", Kind::Me, per_mille);
}

/// How often each fault struck, and how many of these left a write whose outcome nobody knew.
pub fn report(faults: &Faults) -> (Vec<(String, u64)>, u64) {
    let (unclear, mut ambiguous) = (unclear(), 0);
    let mut sums: Vec<(String, u64)> = Vec::new();
    for (fault, struck) in faults.struck() {
        if unclear.contains(&fault) {
            ambiguous += struck;
        }
        let name: String = format!("{fault:?}").chars().take(60).collect();
        match sums.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += struck,
            None => sums.push((name, struck)),
        }
    }
    (sums, ambiguous)
}

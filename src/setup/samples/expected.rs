//! What must come out of the sample sessions, told by their story alone.

use super::ids::Ids;
use super::plan::{Session, UNHEARD_OF, What};
use super::story::SESSIONS;
use crate::model::{Instant, Tokens};

/// The truth about the samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// By session, in the order of their beginnings.
    pub sessions: Vec<ExpectedSession>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSession {
    /// The agent's id of it.
    pub id: String,
    /// The requests that are its own, in order; a resumed session's copies are not.
    pub requests: Vec<ExpectedRequest>,
    /// Stretches of agent time, in unix seconds `(start, end)`; they do not overlap.
    pub agent: Vec<(i64, i64)>,
    /// Why its time is held.
    pub held: Option<&'static str>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRequest {
    /// The instant of its first line.
    pub at: Instant,
    /// Model.
    pub model: &'static str,
    /// Counts.
    pub tokens: Tokens,
    /// Why it is held.
    pub held: Option<&'static str>,
}

impl ExpectedSession {
    /// Agent seconds.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.agent.iter().map(|(start, end)| start.abs_diff(*end)).sum()
    }

    /// Number and sum of the requests to `model`.
    #[must_use]
    pub fn tokens_of(&self, model: &str) -> (usize, Tokens) {
        let of_model = self.requests.iter().filter(|request| request.model == model);
        of_model.fold((0, Tokens::default()), |(count, mut sum), request| {
            sum.add(&request.tokens);
            (count + 1, sum)
        })
    }
}

/// What the script of the same instant and seed must come to.
#[must_use]
pub fn expected(now: Instant, seed: u64) -> Expected {
    let ids = Ids { seed };
    let sessions = SESSIONS.iter().map(|session| ExpectedSession {
        id: ids.uuid(session.name),
        requests: requests(session, now),
        agent: agent(session, now),
        held: (!session.is_linked()).then_some("unmapped"),
    });
    Expected { sessions: sessions.collect() }
}

fn requests(session: &Session, now: Instant) -> Vec<ExpectedRequest> {
    let beats = session.threads().flatten();
    let answers = beats.filter_map(|beat| match beat.what {
        What::Answer { model, tokens, .. } => {
            let unpriced = (model == UNHEARD_OF).then_some("unpriced");
            let held = if session.is_linked() { unpriced } else { Some("unmapped") };
            Some(ExpectedRequest { at: at(session, now, beat.at), model, tokens, held })
        }
        What::Prompt(_) | What::Task(_) | What::Result(_) => None,
    });
    let mut requests: Vec<_> = answers.collect();
    requests.sort_by_key(|request| request.at);
    requests
}

/// Every gap counts but those that a person closed: no other is longer than an idle gap may be, save the run of a tool
/// that nobody had to allow. A subagent's task is its parent's doing and no event.
fn agent(session: &Session, now: Instant) -> Vec<(i64, i64)> {
    let events = session.threads().flatten().filter(|beat| !matches!(beat.what, What::Task(_)));
    let mut events: Vec<(Instant, bool)> = events
        .flat_map(|beat| {
            let by_person = matches!(beat.what, What::Prompt(_));
            beat.lines().map(move |line| (at(session, now, line), by_person))
        })
        .collect();
    events.sort_unstable();
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    for pair in events.windows(2) {
        let (start, (end, by_person)) = (pair[0].0.seconds(), (pair[1].0.seconds(), pair[1].1));
        match stretches.last_mut() {
            _ if by_person || start == end => {}
            Some(last) if last.1 == start => last.1 = end,
            _ => stretches.push((start, end)),
        }
    }
    stretches
}

fn at(session: &Session, now: Instant, millis: u64) -> Instant {
    session.start(now).plus(std::time::Duration::from_millis(millis))
}

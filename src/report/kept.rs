//! Days that are over, as sums: a report by day, agent and model adds them up instead of all requests and spans that they
//! were made from. By project and session there is none: those rows depend on the mapping of now, and are as many as sessions.

use super::build::requests;
use super::days::DayCache;
use super::group::{Groups, Key, Projects, Shape};
use super::time::{Spent, Walk};
use super::{By, Filter, Names, Rows, Rules, Sums, Time};
use crate::model::{Agent, Day, ModelRef};

/// A day in sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDay {
    /// The local day.
    pub day: Day,
    /// Requests by agent and model.
    pub requests: Vec<(Agent, ModelRef, Sums)>,
    /// Time by agent; an agent that was active and has neither time nor requests is in it, too.
    pub time: Vec<(Agent, Time)>,
    /// The same over all agents: what two of them did at once is one second of wall time.
    pub all: Time,
}

impl KeptDay {
    /// The days of `filter` in which something happened, in order, from rows that cover them.
    #[must_use]
    pub fn of(rows: &Rows, filter: Filter, rules: &Rules<'_>) -> Vec<Self> {
        let shape = Shape::of(&[By::Day, By::Agent, By::Model]);
        let mut projects = Projects::default();
        let agent = |key: Key| key.agent.and_then(|agent| rows.names.agents.get(agent)).cloned();
        let mut found = Days(Vec::new());
        for (key, sums) in requests(rows, filter, shape, rules, &mut projects) {
            if let (Some(day), Some(agent), Some(model)) = (key.day, agent(key), key.model) {
                found.at(day).0.requests.push((agent, model, sums));
            }
        }
        let days = DayCache::new(rules.calendar);
        let spent = Walk { rows, rules, filter, shape, projects: &mut projects, days }.run();
        for (key, spent) in spent.into_list() {
            if let (Some(day), Some(agent)) = (key.day, agent(key)) {
                let (kept, all) = found.at(day);
                all.add(&spent);
                kept.time.push((agent, spent.time()));
            }
        }
        let mut days: Vec<Self> =
            found.0.into_iter().map(|(kept, all)| Self { all: all.time(), ..kept }).collect();
        days.sort_by_key(|kept| kept.day);
        days
    }

    /// Adds it to the rows of a report.
    pub(super) fn add_to(
        &self,
        (shape, names): (Shape, &Names),
        sums: &mut Groups<Key, Sums>,
        times: &mut Groups<Key, Spent>,
    ) {
        let index = |agent: &Agent| names.agents.iter().position(|known| known == agent);
        let key = |agent: Option<&Agent>, model: Option<ModelRef>| Key {
            day: shape.day.then_some(self.day),
            agent: agent.filter(|_| shape.agent).and_then(index),
            model: model.filter(|_| shape.model),
            ..Key::default()
        };
        for (agent, model, found) in &self.requests {
            sums.at(key(Some(agent), Some(*model))).add_requests(found);
        }
        match shape.agent {
            true => {
                self.time.iter().for_each(|(agent, time)| times.at(key(Some(agent), None)).add_time(time))
            }
            false if self.time.is_empty() => {}
            false => times.at(key(None, None)).add_time(&self.all),
        }
    }

    /// Whether rows by these keys can be made of sums.
    #[must_use]
    pub fn serve(by: &[By]) -> bool {
        by.iter().all(|by| matches!(by, By::Day | By::Agent | By::Model))
    }
}

/// Days as they are found, mostly in runs.
struct Days(Vec<(KeptDay, Spent)>);

impl Days {
    fn at(&mut self, day: Day) -> &mut (KeptDay, Spent) {
        let place = self.0.iter().rposition(|(kept, _)| kept.day == day).unwrap_or_else(|| {
            let (requests, time, all) = (Vec::new(), Vec::new(), Time::default());
            self.0.push((KeptDay { day, requests, time, all }, Spent::default()));
            self.0.len() - 1
        });
        &mut self.0[place]
    }
}

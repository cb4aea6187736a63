//! Rows → report.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::days::DayCache;
use super::group::{Groups, Key, Projects, Shape};
use super::sums::Cost;
use super::time::{Spent, Walk};
use super::{By, Filter, KeptDay, RequestRow, Rows, Rules, Sums};
use crate::model::{Day, Meaning, ModelRef, Tokens, Usd};

/// A report. Its JSON is `contract/report.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Keys in the order in which they were asked for.
    pub by: Vec<By>,
    /// IANA name of the zone of its days, if it has one.
    pub timezone: Option<String>,
    /// Rows, sorted by their keys; none before any.
    pub rows: Vec<Row>,
    /// Over all rows.
    pub totals: Sums,
}

/// A row; keys that were not asked for are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Local day.
    pub day: Option<Day>,
    /// Keito's project id; `None`: no link.
    pub project: Option<String>,
    /// The project's name, if the catalogue is known.
    pub project_name: Option<String>,
    /// Agent.
    pub agent: Option<String>,
    /// Model; `None`: activity without any request.
    pub model: Option<String>,
    /// The agent's own session id.
    pub session: Option<String>,
    /// Its numbers.
    pub sums: Sums,
}

impl Report {
    /// Adds up `rows` by the keys `by`, over the days of `filter`. A billed request and billed time stay with the project
    /// and the price that they were billed with; everything else follows `rules`.
    #[must_use]
    pub fn build(rows: &Rows, by: &[By], filter: Filter, rules: &Rules<'_>) -> Self {
        Self::with_kept(&[], rows, by, Some(filter), rules)
    }

    /// The same, with days that are taken from what was kept of them; `filter` is about the rows, and has none of these days.
    /// Only for keys that [`KeptDay::serve`] knows.
    #[must_use]
    pub fn with_kept(
        kept: &[KeptDay],
        rows: &Rows,
        by: &[By],
        filter: Option<Filter>,
        rules: &Rules<'_>,
    ) -> Self {
        let shape = Shape::of(by);
        let mut projects = Projects::default();
        let mut sums: Groups<Key, Sums> = Groups::new();
        let mut times: Groups<Key, Spent> = Groups::new();
        let mut all = Spent::default();
        if let Some(filter) = filter {
            for (key, found) in requests(rows, filter, shape, rules, &mut projects) {
                *sums.at(key) = found;
            }
            let days = DayCache::new(rules.calendar);
            times = Walk { rows, rules, filter, shape, projects: &mut projects, days }.run();
            times.list().iter().for_each(|(_, spent)| all.add(spent));
        }
        for day in kept {
            day.add_to((shape, &rows.names), &mut sums, &mut times);
            all.add_time(&day.all);
        }
        let (requests, spent) = (sums.into_list(), times.into_list());

        let mut totals = Sums::default();
        requests.iter().for_each(|(_, sums)| totals.add_requests(sums));
        totals.time = Some(all.time());

        let joined = join(requests, spent, shape);
        let mut rows: Vec<Row> =
            joined.into_iter().map(|(key, sums)| named(key, sums, rows, rules, &projects)).collect();
        rows.sort_by(|a, b| order(by, a, b));
        Self { by: by.to_vec(), timezone: rules.calendar.name().map(str::to_owned), rows, totals }
    }
}

/// What a request costs in a report, and whether some of its tokens have no price.
#[must_use]
pub fn cost_of(request: &RequestRow, rules: &Rules<'_>) -> (Option<Usd>, bool) {
    let Cost { usd, unpriced } = cost(request, rules);
    (usd, unpriced.is_some())
}

pub(super) fn requests(
    rows: &Rows,
    filter: Filter,
    shape: Shape,
    rules: &Rules<'_>,
    projects: &mut Projects,
) -> Vec<(Key, Sums)> {
    // The few models of a group in a plain list: requests of several models alternate, all else comes in runs.
    let mut groups: Groups<Key, Vec<(Option<ModelRef>, Sums)>> = Groups::new();
    let mut days = DayCache::new(rules.calendar);
    for request in &rows.requests {
        let day = days.day(request.at.seconds());
        if !filter.holds(day) {
            continue;
        }
        let mut key = shape.key(&rows.names, day, request.session);
        if shape.project {
            key.project = match &request.billed {
                Some(billed) => projects.intern(Some(&billed.project)),
                None => {
                    let place = (rules.place_of)(request.dir, request.session, request.at);
                    projects.intern(place.project.as_ref())
                }
            };
        }
        let (model, models) = (shape.model.then_some(request.model), groups.at(key));
        let found = models.iter().position(|(known, _)| *known == model);
        let index = found.unwrap_or_else(|| {
            models.push((model, Sums::default()));
            models.len() - 1
        });
        models[index].1.request(&request.tokens, request.quality, cost(request, rules));
    }
    let by_model = |(key, models): (Key, Vec<_>)| {
        models.into_iter().map(move |(model, sums)| (Key { model, ..key }, sums))
    };
    groups.into_list().into_iter().flat_map(by_model).collect()
}

/// The frozen price of what is billed, and today's of what is not; of a request that grew, the difference to what its
/// billed tokens cost today, as delivery has it. What the log says was charged is the price, whatever the list says.
fn cost(request: &RequestRow, rules: &Rules<'_>) -> Cost {
    let priced = |usd: Usd| Cost { usd: Some(usd), unpriced: None };
    let charged =
        request.reported.filter(|reported| reported.meaning == Meaning::Charged && reported.usd.0 >= 0);
    let charged = charged.filter(|_| !request.terms.bad_usage).map(|reported| reported.usd);
    let frozen = request.billed.as_ref().and_then(|billed| billed.frozen);
    let Some((usd, tokens)) = frozen else {
        let usd = charged.or_else(|| (rules.price)(request));
        return usd.map_or(Cost { usd: None, unpriced: Some(request.tokens.total()) }, priced);
    };
    let more = request.tokens.beyond(&tokens);
    if more.is_zero() {
        return priced(usd);
    }
    if let Some(charged) = charged {
        return priced(charged.max(usd));
    }
    let of = |tokens: Tokens| (rules.price)(&RequestRow { tokens, ..request.clone() });
    match (of(request.tokens), of(tokens)) {
        (Some(whole), Some(before)) => priced(usd.plus(Usd(whole.0.saturating_sub(before.0).max(0)))),
        _ => Cost { usd: Some(usd), unpriced: Some(more.total()) },
    }
}

/// Puts requests and time into one row each. By model, time has no row but where no request is.
fn join(requests: Vec<(Key, Sums)>, spent: Vec<(Key, Spent)>, shape: Shape) -> Vec<(Key, Sums)> {
    if shape.model {
        let known: HashSet<Key> = requests.iter().map(|(key, _)| Key { model: None, ..*key }).collect();
        let alone = spent.into_iter().filter(|(key, _)| !known.contains(key));
        let alone: Vec<(Key, Sums)> = alone.map(|(key, _)| (key, Sums::default())).collect();
        return requests.into_iter().chain(alone).collect();
    }
    let mut joined: Groups<Key, Sums> = Groups::new();
    for (key, sums) in requests {
        *joined.at(key) = Sums { time: Some(super::Time::default()), ..sums };
    }
    for (key, spent) in spent {
        joined.at(key).time = Some(spent.time());
    }
    joined.into_list()
}

fn named(key: Key, sums: Sums, rows: &Rows, rules: &Rules<'_>, projects: &Projects) -> Row {
    let names = &rows.names;
    let project = projects.id(key.project);
    Row {
        day: key.day,
        project: project.map(|id| id.to_string()),
        project_name: project.and_then(|id| (rules.project_name)(id)),
        agent: key.agent.and_then(|agent| names.agents.get(agent)).map(|agent| agent.as_str().to_owned()),
        model: key.model.map(|model| names.model(model).to_owned()),
        session: key.session.and_then(|id| names.sessions.get(&id)).map(|name| name.native.clone()),
        sums,
    }
}

fn order(by: &[By], a: &Row, b: &Row) -> Ordering {
    let one = |by: &By| match by {
        By::Day => a.day.cmp(&b.day),
        By::Project => a.project.cmp(&b.project),
        By::Agent => a.agent.cmp(&b.agent),
        By::Model => a.model.cmp(&b.model),
        By::Session => a.session.cmp(&b.session),
    };
    by.iter().map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

//! A session, or what of it an explanation is about.

use std::collections::BTreeMap;

use super::document::{StandSum, Story, Totals};
use super::evidence::{Evidence, Only};
use super::stands::Stand;
use super::{money, time};
use crate::model::{Tokens, Usd};

/// Its story.
#[must_use]
pub fn story(of: &Evidence<'_>, only: &Only) -> Story {
    let gaps = time::gaps(of, only);
    let requests = money::requests(of, only);
    let mut places = of.places.to_vec();
    if *only != Only::All {
        let used = gaps.iter().map(|gap| gap.line.place).chain(requests.iter().map(|of| of.line.place));
        let used: std::collections::BTreeSet<usize> = used.flatten().collect();
        places.retain(|place| used.contains(&place.number));
    }
    Story {
        agent: of.agent.to_owned(),
        session: of.session.to_owned(),
        totals: sums(&gaps, &requests),
        places,
        first: time::first(of, only),
        gaps: gaps.into_iter().map(|gap| gap.line).collect(),
        events_ahead: of.events.iter().filter(|event| event.at > of.horizon).count() as u64,
        requests: requests.into_iter().map(|request| request.line).collect(),
    }
}

fn sums(gaps: &[time::Told], requests: &[money::Told]) -> Totals {
    let mut stands: BTreeMap<Stand, (u64, u64, Option<Usd>)> = BTreeMap::new();
    let mut totals = Totals::default();
    for gap in gaps {
        totals.human_seconds += gap.line.human_seconds;
        totals.dropped_seconds += gap.line.dropped_seconds;
        for (stand, seconds) in &gap.stands {
            totals.counted_seconds += seconds;
            stands.entry(stand.clone()).or_default().0 += seconds;
        }
    }
    let (mut tokens, mut cost): (Tokens, Option<Usd>) = (Tokens::default(), None);
    for request in requests {
        tokens.add(&request.tokens);
        totals.requests += 1;
        totals.unpriced_requests += u64::from(request.unpriced);
        cost = add(cost, request.cost);
        for (stand, usd) in &request.stands {
            let sum = stands.entry(stand.clone()).or_default();
            (sum.1, sum.2) = (sum.1 + 1, add(sum.2, *usd));
        }
    }
    (totals.tokens, totals.cost_usd) = (tokens.into(), cost.map(|usd| usd.to_string()));
    let line = |(stand, (seconds, requests, usd)): (Stand, (u64, u64, Option<Usd>))| StandSum {
        status: stand.status,
        id: stand.id.map(|id| id.to_string()),
        reason: stand.reason,
        seconds,
        requests,
        cost_usd: usd.map(|usd| usd.to_string()),
    };
    totals.stands = stands.into_iter().map(line).collect();
    totals
}

fn add(sum: Option<Usd>, more: Option<Usd>) -> Option<Usd> {
    more.map_or(sum, |more| Some(sum.unwrap_or_default().plus(more)))
}

/// The sums of several sessions.
#[must_use]
pub fn totals(stories: &[Story]) -> Totals {
    let usd = |text: &Option<String>| {
        text.as_deref().and_then(crate::model::Amount::parse).map(|amount| Usd(amount.pico()))
    };
    let mut all = Totals::default();
    let mut cost = None;
    let mut stands: Vec<StandSum> = Vec::new();
    for of in stories.iter().map(|story| &story.totals) {
        all.counted_seconds += of.counted_seconds;
        all.human_seconds += of.human_seconds;
        all.dropped_seconds += of.dropped_seconds;
        all.requests += of.requests;
        all.unpriced_requests += of.unpriced_requests;
        cost = add(cost, usd(&of.cost_usd));
        let (sum, more) = (&mut all.tokens, &of.tokens);
        sum.input += more.input;
        sum.cache_read += more.cache_read;
        sum.cache_write_5m += more.cache_write_5m;
        sum.cache_write_1h += more.cache_write_1h;
        sum.output += more.output;
        sum.reasoning += more.reasoning;
        for more in &of.stands {
            let same = |known: &&mut StandSum| {
                (known.status, &known.id, known.reason) == (more.status, &more.id, more.reason)
            };
            match stands.iter_mut().find(same) {
                Some(known) => {
                    known.seconds += more.seconds;
                    known.requests += more.requests;
                    let sum = add(usd(&known.cost_usd), usd(&more.cost_usd));
                    known.cost_usd = sum.map(|usd| usd.to_string());
                }
                None => stands.push(more.clone()),
            }
        }
    }
    (all.cost_usd, all.stands) = (cost.map(|usd| usd.to_string()), stands);
    all
}

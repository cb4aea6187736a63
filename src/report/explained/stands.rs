//! On which record a second or a request is, or why on none.

use std::collections::HashMap;
use std::sync::Arc;

use super::evidence::Evidence;
use crate::ledger::due::{Place, Request, Waiting, WaitingKey};
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Day, Instant, RequestKey, Tokens};

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stand {
    /// The word of it.
    pub(super) status: &'static str,
    /// Record or group.
    pub(super) id: Option<Arc<str>>,
    /// Why it is held.
    pub(super) reason: Option<&'static str>,
}

impl Stand {
    const fn plain(status: &'static str) -> Self {
        Self { status, id: None, reason: None }
    }

    pub(super) fn billed(id: &Arc<str>) -> Self {
        Self { status: "billed", id: Some(Arc::clone(id)), reason: None }
    }

    fn waiting(of: &Evidence<'_>, key: &WaitingKey) -> Self {
        let id = (of.groups)(key).map(Arc::from);
        let (status, reason) = match &key.4 {
            Waiting::Open => ("open", None),
            Waiting::Held(held) => ("held", Some(held.code())),
            Waiting::Excluded => ("excluded", None),
        };
        Self { status, id, reason }
    }
}

/// The seconds of a session by where they are.
pub(super) struct Seconds<'a> {
    of: &'a Evidence<'a>,
    /// Disjoint, in order: what entries hold, and what waits.
    known: Vec<(Stretch, Stand)>,
    /// Agent seconds over all days.
    total: u64,
    others: Vec<Stretch>,
}

impl<'a> Seconds<'a> {
    pub(super) fn new(of: &'a Evidence<'a>) -> Self {
        let mut known: Vec<(Stretch, Stand)> = Vec::new();
        let mut taken: Vec<Stretch> = Vec::new();
        let held = of.held.iter().map(|held| (held.stretch, Stand::billed(&held.id)));
        let waits = of.sheet.waiting.iter().filter(|((expense, ..), _)| !expense);
        let waits = waits.flat_map(|(key, sum)| {
            let stand = Stand::waiting(of, key);
            sum.stretches.iter().map(move |stretch| (*stretch, stand.clone()))
        });
        for (stretch, stand) in held.chain(waits) {
            let free = stretches::minus(stretch, &taken);
            known.extend(free.iter().map(|part| (*part, stand.clone())));
            taken = stretches::union(taken.into_iter().chain(free).collect());
        }
        known.sort_unstable_by_key(|(stretch, _)| *stretch);
        let agent = of.ledger.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent);
        Self {
            of,
            known,
            total: agent.map(|(span, _)| span.seconds()).sum(),
            others: stretches::union(of.ledger.others.iter().map(|theirs| theirs.stretch).collect()),
        }
    }

    /// Counted seconds by day and by where they are, in order.
    pub(super) fn cut(&self, (start, end): Stretch) -> Vec<(Day, Stretch, Stand)> {
        let mut parts = Vec::new();
        let mut from = start;
        let first = self.known.partition_point(|((_, to), _)| *to <= start);
        for ((known_from, known_to), stand) in &self.known[first..] {
            if *known_from >= end {
                break;
            }
            self.rest((from, (*known_from).min(end)), &mut parts);
            let (a, b) = ((*known_from).max(from), (*known_to).min(end));
            self.days((a, b), stand, &mut parts);
            from = from.max(b);
        }
        self.rest((from, end), &mut parts);
        parts
    }

    fn days(&self, (from, to): Stretch, stand: &Stand, parts: &mut Vec<(Day, Stretch, Stand)>) {
        for (day, from, to) in self.of.calendar.split(from, to) {
            match parts.last_mut() {
                Some((of, stretch, known)) if *of == day && stretch.1 == from && known == stand => {
                    stretch.1 = to
                }
                _ => parts.push((day, (from, to), stand.clone())),
            }
        }
    }

    /// What no entry holds and what does not wait either.
    fn rest(&self, stretch: Stretch, parts: &mut Vec<(Day, Stretch, Stand)>) {
        if stretch.0 >= stretch.1 {
            return;
        }
        let place = place_at(self.of, stretch.1);
        let below = match place.map(|place| &self.of.ledger.places[place]) {
            Some(Place::To { min_seconds, .. }) => self.total < min_seconds.unwrap_or(self.of.min_seconds),
            _ => false,
        };
        if below {
            return self.days(stretch, &Stand::plain("below_min"), parts);
        }
        let since = self.of.since.map_or(i64::MIN, |since| since.millis().div_euclid(1000));
        let cut = stretch.1.min(since.max(stretch.0));
        self.days((stretch.0, cut), &Stand::plain("before_cutoff"), parts);
        let free = stretches::minus((cut, stretch.1), &self.others);
        let mut from = cut;
        let capped = match place.map(|place| &self.of.ledger.places[place]) {
            Some(Place::To { max_seconds, .. }) => max_seconds.or(self.of.max_seconds).is_some(),
            _ => self.of.max_seconds.is_some(),
        };
        let left = Stand::plain(if capped { "capped" } else { "posted_before" });
        for part in free {
            self.days((from, part.0), &Stand::plain("other_session"), parts);
            self.days(part, &left, parts);
            from = part.1;
        }
        self.days((from, stretch.1), &Stand::plain("other_session"), parts);
    }
}

/// The span that ends with or after a second, and so its place in the ledger.
pub(super) fn span_at(of: &Evidence<'_>, end: i64) -> Option<usize> {
    let spans = &of.ledger.spans;
    let index = spans.partition_point(|(span, _)| span.end < end);
    spans.get(index).filter(|(span, _)| span.start < end).map(|_| index)
}

fn place_at(of: &Evidence<'_>, end: i64) -> Option<usize> {
    span_at(of, end).map(|index| of.ledger.spans[index].1)
}

/// The requests that wait, by key and instant.
pub(super) struct Queued<'a>(HashMap<(RequestKey, Instant), (&'a WaitingKey, Tokens)>);

impl<'a> Queued<'a> {
    pub(super) fn new(of: &'a Evidence<'_>) -> Self {
        let waits = of.sheet.waiting.iter().filter(|((expense, ..), _)| *expense);
        let items = waits.flat_map(|(key, sum)| {
            sum.items.iter().map(move |item| ((item.key, item.at), (key, item.tokens)))
        });
        Self(items.collect())
    }

    /// Why a request, or what it grew by, is on no record; `None`: all of it is.
    pub(super) fn of(&self, of: &Evidence<'_>, request: &Request) -> Option<(Stand, Tokens)> {
        if let Some((key, tokens)) = self.0.get(&(request.key, request.at)) {
            return Some((Stand::waiting(of, key), *tokens));
        }
        let tokens = match &request.billed {
            Some(billed) => request.tokens.beyond(&billed.tokens),
            None => request.tokens,
        };
        if request.billed.is_some() && tokens.is_zero() {
            return None;
        }
        let status = if of.since.is_some_and(|since| request.at < since) {
            "before_cutoff"
        } else if request.at > of.horizon {
            "clock_ahead"
        } else {
            "not_billed"
        };
        Some((Stand::plain(status), tokens))
    }
}

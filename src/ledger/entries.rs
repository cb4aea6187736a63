//! The time half of what is due: spans → entries.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::due::{DueEntry, Place, Rules, Session, Sheet, Waiting, not_yet, quiet_at};
use super::held::Held;
use super::overlap::Overlap;
use super::spans::{Span, SpanKind};
use super::stretches::{self, Stretch};
use crate::model::{Day, Instant, Kind};

/// Adds what of the session's time is on no record yet.
pub(super) fn due_entries(session: &Session, rules: &Rules<'_>, sheet: &mut Sheet) {
    let total: u64 = agent(session).map(|(span, _)| span.seconds()).sum();
    let covered = stretches::union(session.covered.clone());
    let taken = taken_by_others(session, &covered);
    let mut open: Vec<(Day, usize, Stretch)> = Vec::new();
    let last_covered = covered.last().map(|(_, end)| *end).into_iter().chain(session.posted_until).max();
    let last_covered = last_covered.unwrap_or(i64::MIN);
    let (mut found, mut inner_open) = (0, 0);
    for (span, place) in agent(session) {
        let counted = span.seconds();
        let uncovered = stretches::seconds(&stretches::minus((span.start, span.end), &covered));
        found += counted - uncovered;
        for part in rules.admitted.parts((span.start, span.end), &session.places[*place]) {
            if is_billable(session, *place, rules, total) && taken[*place].is_some() {
                sheet.claim.wants.extend(stretches::minus(part, &covered));
            }
            for rest in stretches::minus(part, taken[*place].as_ref().unwrap_or(&covered)) {
                if session.places[*place] != Place::Excluded {
                    inner_open += inner(rest, last_covered);
                }
                for (day, from, to) in rules.calendar.split(rest.0, rest.1) {
                    open.push((session.date(*place, day), *place, (from, to)));
                }
            }
        }
    }
    // Posted seconds that lie on no stretch of the session any more: up to the last posted instant so much less is
    // due, for it may be the same time. What nobody is ever billed for (excluded) cannot stand in for it.
    let mut allowed = inner_open.saturating_sub(session.posted_seconds.saturating_sub(found));
    let mut groups: BTreeMap<(Day, usize), Vec<Stretch>> = BTreeMap::new();
    for (day, place, (start, end)) in open {
        let group = groups.entry((day, place)).or_default();
        if session.places[place] == Place::Excluded {
            group.push((start, end));
            continue;
        }
        let taken = inner((start, end), last_covered).min(allowed);
        allowed -= taken;
        if taken > 0 {
            group.push((start, start + i64::try_from(taken).unwrap_or(0)));
        }
        group.push((start.max(last_covered), end));
    }
    cap(session, rules, &covered, &mut groups, sheet);
    let doubted = session.doubted.iter().map(|range| rules.calendar.whole_days(*range));
    let doubted = stretches::union(doubted.collect());
    for ((day, place), parts) in groups {
        let parts = stretches::union(parts);
        if let Place::To { link, .. } = &session.places[place]
            && is_billable(session, place, rules, total)
        {
            sheet.claim.due.extend(parts.iter().map(|part| (link.project.clone(), *part)));
        }
        let (held, review) = match rules.review {
            true => (parts.clone(), Held::Review),
            false => (stretches::common(&parts, &doubted), Held::Unproven),
        };
        let held = stretches::less(&held, rules.approved_time);
        let free: Vec<Stretch> = parts.iter().flat_map(|part| stretches::minus(*part, &held)).collect();
        for (parts, review) in [(free, None), (held, Some(review))] {
            if !parts.is_empty() {
                due_entry(session, rules, sheet, total, (day, place), parts, review);
            }
        }
    }
}

/// Per place whose overlap looks at other sessions: what nobody is billed for any more, its own entries included.
fn taken_by_others(session: &Session, covered: &[Stretch]) -> Vec<Option<Vec<Stretch>>> {
    let taken = |place: &Place| {
        let Place::To { link, overlap, .. } = place else { return None };
        let theirs = session.others.iter().filter(|other| overlap.meets(&link.project, &other.project));
        (*overlap != Overlap::Sum).then(|| {
            stretches::union(covered.iter().copied().chain(theirs.map(|other| other.stretch)).collect())
        })
    };
    session.places.iter().map(taken).collect()
}

fn is_billable(session: &Session, place: usize, rules: &Rules<'_>, total: u64) -> bool {
    match &session.places[place] {
        Place::To { min_seconds, .. } => total >= min_seconds.unwrap_or(rules.min_seconds),
        _ => false,
    }
}

/// Seconds of a stretch up to `last`.
fn inner((start, end): Stretch, last: i64) -> u64 {
    u64::try_from(end.min(last).saturating_sub(start)).unwrap_or(0)
}

fn due_entry(
    session: &Session,
    rules: &Rules<'_>,
    sheet: &mut Sheet,
    total: u64,
    (day, place): (Day, usize),
    parts: Vec<Stretch>,
    review: Option<Held>,
) {
    let none: Arc<str> = "".into();
    let seconds = stretches::seconds(&parts);
    let link = match &session.places[place] {
        Place::Excluded => {
            sheet.wait((false, day, None, none, Waiting::Excluded)).time(&parts);
            return;
        }
        Place::Held(held) => {
            sheet.wait((false, day, None, none, Waiting::Held(*held))).time(&parts);
            return;
        }
        Place::To { link, .. } => link,
    };
    if !is_billable(session, place, rules, total) {
        sheet.below_min_seconds += seconds;
        return;
    }
    let closed = (rules.closed)(link, Kind::Entry).then_some(Held::ProjectClosed);
    let held = rules.entries_held.or(closed).or(review);
    let waiting = held.map_or(Waiting::Open, Waiting::Held);
    sheet.wait((false, day, Some(link.clone()), none, waiting)).time(&parts);
    if held.is_some() {
        return;
    }
    let grown = session.entries.iter().filter(|entry| entry.day == day && entry.link == *link);
    let grow = grown.max_by_key(|entry| entry.written_at);
    if grow.is_some_and(|entry| entry.busy) {
        return;
    }
    let last_write = grow.map(|entry| entry.written_at);
    // A session that appears with hours of history (a fork, a resumption) is as young as its appearance: whose history
    // it is shows when its own lines come.
    let first = parts.first().map(|(start, _)| Instant::from_seconds(*start));
    let first = first.into_iter().chain(session.appended.map(|(first, _)| first)).max().unwrap_or_default();
    let ready = quiet_at(session, rules.time_settle).min(last_write.unwrap_or(first).plus(rules.time_update));
    match not_yet(ready, day, rules) {
        Some(wait) => sheet.later(wait),
        None => sheet.entries.push(DueEntry {
            day,
            place,
            link: link.clone(),
            stretches: parts,
            grow: grow.map(|entry| entry.record),
        }),
    }
}

fn agent(session: &Session) -> impl Iterator<Item = &(Span, usize)> {
    session.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent)
}

/// `max_seconds` caps a session's day over all links and parts; what is over it, from the end, is reported only.
fn cap(
    session: &Session,
    rules: &Rules<'_>,
    covered: &[Stretch],
    groups: &mut BTreeMap<(Day, usize), Vec<Stretch>>,
    sheet: &mut Sheet,
) {
    let days: BTreeSet<Day> = groups.keys().map(|(day, _)| *day).collect();
    for day in days {
        let limit = groups.keys().filter(|(of, _)| *of == day).filter_map(|(_, place)| {
            match &session.places[*place] {
                Place::To { max_seconds, .. } => max_seconds.or(rules.max_seconds),
                _ => rules.max_seconds,
            }
        });
        let Some(limit) = limit.min() else { continue };
        let held: u64 = covered
            .iter()
            .flat_map(|(start, end)| rules.calendar.split(*start, *end))
            .filter(|(of, ..)| *of == day)
            .map(|(_, start, end)| u64::try_from(end - start).unwrap_or(0))
            .sum();
        let mut left = limit.saturating_sub(held);
        let mut parts: Vec<(Stretch, usize)> = Vec::new();
        for ((of, place), list) in groups.iter_mut().filter(|((of, _), _)| *of == day) {
            debug_assert_eq!(*of, day);
            parts.extend(stretches::union(std::mem::take(list)).into_iter().map(|part| (part, *place)));
        }
        parts.sort_unstable();
        for (part, place) in parts {
            let kept = stretches::take(&[part], left);
            let length = stretches::seconds(&kept);
            left -= length;
            sheet.capped_seconds += stretches::seconds(&[part]) - length;
            groups.entry((day, place)).or_default().extend(kept);
        }
    }
}

//! Which listed rows bill the same work under different ids? Two machines that each listed before the other's POST was
//! visible leave such rows, and nothing but the rows tells of them.

use std::collections::BTreeMap;

use super::audit::counted_in;
use super::{Listed, Posted};
use crate::ledger::stretches::Stretch;
use crate::model::Kind;

/// Prefixes that may be equal by chance: of two records with `a` and `b` keys of 24 bits one pair is, with a chance of
/// a × b / 2^24. Below one in ten thousand a single one is proof; more than one always is.
const CHANCE: u64 = (1 << 24) / 10_000;

/// Pairs of expenses of one agent and model that share requests. Excess parts name the requests they add to, so they
/// share by nature.
pub(super) fn expenses<'a>(rows: &[&'a Listed]) -> Vec<Vec<&'a Listed>> {
    let mut by_model: BTreeMap<(&str, &str), Vec<(&Listed, &Posted)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == Kind::Expense) {
        if let Some(posted) = row.posted.as_ref().filter(|posted| !posted.excess) {
            by_model.entry((&posted.agent, &posted.model)).or_default().push((row, posted));
        }
    }
    let mut pairs = Vec::new();
    for mut group in by_model.into_values() {
        group.sort_by_key(|(_, posted)| posted.first_at);
        for (at, (row, posted)) in group.iter().enumerate() {
            // Sorted by their beginning: the first that begins later than this one ends is followed by none that meets it.
            let meets = group[at + 1..].iter().take_while(|(_, other)| other.first_at <= posted.last_at);
            let twins =
                meets.filter(|(_, other)| posted.keitod_id != other.keitod_id && share(posted, other));
            pairs.extend(twins.map(|(other, _)| vec![*row, *other]));
        }
    }
    pairs
}

fn share(one: &Posted, other: &Posted) -> bool {
    if one.covers.is_some() && one.covers == other.covers {
        return true;
    }
    let (Some(a), Some(b)) = (&one.keys, &other.keys) else { return false };
    let shared = a.iter().filter(|key| b.binary_search(key).is_ok()).count();
    let chance = (a.len() as u64).saturating_mul(b.len() as u64);
    shared > 1 || (shared == 1 && chance <= CHANCE)
}

/// Entries of one session whose ranges meet and that hold more seconds in all than the session has there. Sessions
/// without logs here are left out: nobody knows their time.
pub(super) fn entries<'a>(
    rows: &[&'a Listed],
    counted: &BTreeMap<(String, String), Vec<Stretch>>,
) -> Vec<Vec<&'a Listed>> {
    let mut by_session: BTreeMap<(String, String), Vec<(&Listed, &Posted)>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == Kind::Entry) {
        if let Some(posted) = &row.posted {
            let session = (posted.agent.clone(), posted.session.clone());
            by_session.entry(session).or_default().push((row, posted));
        }
    }
    let mut groups = Vec::new();
    for (session, mut all) in by_session {
        let Some(time) = counted.get(&session) else { continue };
        all.sort_by_key(|(_, posted)| posted.first_at);
        let mut rest = all.into_iter().peekable();
        while let Some((row, posted)) = rest.next() {
            let (mut group, mut seconds) = (vec![row], posted.seconds);
            let (first, mut last) = (posted.first_at, posted.last_at);
            while let Some((next, more)) = rest.next_if(|(_, next)| next.first_at < last) {
                group.push(next);
                seconds = seconds.saturating_add(more.seconds);
                last = last.max(more.last_at);
            }
            // Its bounds are in milliseconds, its time in seconds.
            let range = (first.seconds(), last.seconds().saturating_add(1));
            if group.len() > 1 && seconds > counted_in(time, range) {
                groups.push(group);
            }
        }
    }
    groups
}

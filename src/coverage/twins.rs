//! Which listed rows bill the same work under different ids? Two machines that each listed before the other's POST was
//! visible leave such rows, and nothing but the rows tells of them.

use std::collections::{BTreeMap, BTreeSet};

use super::audit::counted_in;
use super::{Candidate, Listed, Posted};
use crate::ledger::stretches::Stretch;
use crate::model::{Kind, Tokens};

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

/// Excess parts that add to the same requests and hold, with what they add to, more tokens than these have in all.
pub(super) fn excess<'a>(
    rows: &[&'a Listed],
    requests: &BTreeMap<(String, String), Vec<Candidate>>,
) -> Vec<Vec<&'a Listed>> {
    let expenses = rows.iter().filter(|row| row.kind == Kind::Expense);
    let expenses: Vec<(&Listed, &Posted)> =
        expenses.filter_map(|row| Some((*row, row.posted.as_ref()?))).collect();
    let mut groups = Vec::new();
    for (of, known) in requests {
        let of_model = |posted: &Posted| (&posted.agent, &posted.model) == (&of.0, &of.1);
        let mut rest: Vec<(&Listed, &Posted)> =
            expenses.iter().filter(|(_, posted)| of_model(posted)).copied().collect();
        while let Some(first) = rest.iter().position(|(_, posted)| posted.excess) {
            // All that share a request with one that is in already, directly or through others.
            let mut group = vec![rest.swap_remove(first)];
            let mut at = 0;
            while let Some((_, posted)) = group.get(at).copied() {
                let (near, far) = rest.into_iter().partition(|(_, other)| share(posted, other));
                rest = far;
                group.extend::<Vec<_>>(near);
                at += 1;
            }
            let parts: Vec<&Listed> =
                group.iter().filter(|(_, posted)| posted.excess).map(|(row, _)| *row).collect();
            if parts.len() > 1 && more_than_there_is(&group, known) {
                groups.push(parts);
            }
        }
    }
    groups
}

/// Nothing is said of a group that names a request whose log is not here.
fn more_than_there_is(group: &[(&Listed, &Posted)], known: &[Candidate]) -> bool {
    let mut posted_in_all = Tokens::default();
    let mut named: BTreeSet<[u8; 3]> = BTreeSet::new();
    for (_, posted) in group {
        posted_in_all.add(&posted.tokens);
        let Some(keys) = &posted.keys else { return false };
        named.extend(keys);
    }
    let (mut there, mut met) = (Tokens::default(), BTreeSet::new());
    for request in known {
        let before = met.len();
        met.extend(request.keys.iter().map(|key| key.prefix()).filter(|prefix| named.contains(prefix)));
        if met.len() > before {
            there.add(&request.tokens);
        }
    }
    met == named && !posted_in_all.beyond(&there).is_zero()
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

//! Which local requests does a listed expense cover?

use std::collections::BTreeMap;

use super::Posted;
use crate::model::{Covers, RequestKey, RequestRef, SessionRef, Tokens};

/// A local request of the record's agent and model inside `[first_at, last_at]`.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its row.
    pub id: RequestRef,
    /// Its session.
    pub session: SessionRef,
    /// Its key, then those of its other copies: the record may have been sent when only such a copy was known.
    pub keys: Vec<RequestKey>,
    /// Its counts.
    pub tokens: Tokens,
    /// Which price row it is on: excess can only be told apart inside one row.
    pub price_row: String,
}

/// What a listed expense says of local requests.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// Exactly these, with the tokens of each that the record holds.
    Exactly(Vec<(RequestRef, Tokens)>),
    /// These, without proof of every one; shown by the audit.
    Assumed(Vec<(RequestRef, Tokens)>),
    /// It does not add up: nothing of this session and model is sent by itself.
    Unproven {
        /// What Keito holds.
        posted: Tokens,
        /// What the candidates hold.
        local: Tokens,
    },
    /// No local request is covered by it.
    Nothing,
}

/// Decides for one record. `home` is the record's own session, if it is known here.
#[must_use]
pub fn adopt(posted: &Posted, home: Option<SessionRef>, candidates: &[Candidate]) -> Taken {
    let Some(keys) = &posted.keys else { return without_keys(posted, home, candidates) };
    let mut by_session: BTreeMap<SessionRef, Vec<&Candidate>> = BTreeMap::new();
    for candidate in candidates {
        by_session.entry(candidate.session).or_default().push(candidate);
    }
    let own = home.and_then(|home| by_session.remove(&home)).unwrap_or_default();
    let scopes =
        [own.clone()].into_iter().chain(by_session.into_values()).chain([candidates.iter().collect()]);
    for scope in scopes {
        if let Some(set) = exactly(posted, keys, &matching(keys, &scope)) {
            return settle(posted, &set, Taken::Exactly);
        }
    }
    // The logs of some are gone, or the keys collide: those that match a prefix count as billed.
    let all: Vec<&Candidate> = candidates.iter().collect();
    let mut found = matching(keys, &own);
    if found.is_empty() {
        found = matching(keys, &all);
    }
    let set: Vec<&Candidate> = found.into_iter().map(|(candidate, _)| candidate).collect();
    if set.is_empty() { Taken::Nothing } else { settle(posted, &set, Taken::Assumed) }
}

/// Candidates with a key whose prefix the record lists, with that key.
fn matching<'a>(prefixes: &[[u8; 3]], scope: &[&'a Candidate]) -> Vec<(&'a Candidate, RequestKey)> {
    let hit = |candidate: &&'a Candidate| {
        let key = candidate.keys.iter().find(|key| prefixes.binary_search(&key.prefix()).is_ok());
        key.map(|key| (*candidate, *key))
    };
    scope.iter().filter_map(hit).collect()
}

/// The set whose number and sum are the record's; up to three prefix ties are left out.
fn exactly<'a>(
    posted: &Posted,
    prefixes: &[[u8; 3]],
    found: &[(&'a Candidate, RequestKey)],
) -> Option<Vec<&'a Candidate>> {
    let covers = posted.covers?;
    let wanted = usize::try_from(posted.requests).ok()?;
    let surplus = found.len().checked_sub(wanted).filter(|surplus| *surplus <= 3)?;
    debug_assert!(prefixes.is_sorted());
    let sum = Covers::of(found.iter().map(|(_, key)| key.0));
    // Only keys that share their prefix with another one can be the ones too many.
    let ties: Vec<usize> = (0..found.len())
        .filter(|i| found.iter().filter(|(_, key)| key.prefix() == found[*i].1.prefix()).count() > 1)
        .collect();
    let mut left_out = Vec::new();
    if !leave_out(found, &ties, surplus, sum.0.wrapping_sub(covers.0), &mut left_out) {
        return None;
    }
    let kept = found.iter().enumerate().filter(|(i, _)| !left_out.contains(i));
    Some(kept.map(|(_, (candidate, _))| *candidate).collect())
}

/// Searches `count` of `ties` whose keys sum to `excess`.
fn leave_out(
    found: &[(&Candidate, RequestKey)],
    ties: &[usize],
    count: usize,
    excess: u128,
    chosen: &mut Vec<usize>,
) -> bool {
    if count == 0 {
        return excess == 0;
    }
    for (position, &tie) in ties.iter().enumerate() {
        chosen.push(tie);
        let rest = excess.wrapping_sub(found[tie].1.0);
        if leave_out(found, &ties[position + 1..], count - 1, rest, chosen) {
            return true;
        }
        chosen.pop();
    }
    false
}

fn without_keys(posted: &Posted, home: Option<SessionRef>, candidates: &[Candidate]) -> Taken {
    let scope: Vec<&Candidate> =
        candidates.iter().filter(|candidate| home.is_none_or(|home| candidate.session == home)).collect();
    let local = total(&scope);
    if scope.is_empty() {
        Taken::Nothing
    } else if posted.tokens.at_least(&local) {
        Taken::Assumed(scope.iter().map(|candidate| (candidate.id, candidate.tokens)).collect())
    } else {
        Taken::Unproven { posted: posted.tokens, local }
    }
}

fn total(set: &[&Candidate]) -> Tokens {
    let mut sum = Tokens::default();
    set.iter().for_each(|candidate| sum.add(&candidate.tokens));
    sum
}

/// Gives each request of the set its share of the posted tokens: all of it, but for what it grew by since. Whose
/// growth it was is not on the wire, and does not matter inside one price row.
fn settle(posted: &Posted, set: &[&Candidate], taken: fn(Vec<(RequestRef, Tokens)>) -> Taken) -> Taken {
    let local = total(set);
    let mut missing = local.beyond(&posted.tokens);
    let whole = set.len() as u64 == posted.requests;
    if !missing.is_zero() && whole && !set.iter().all(|candidate| candidate.price_row == set[0].price_row) {
        return Taken::Unproven { posted: posted.tokens, local };
    }
    if !whole {
        // The record also holds requests that are gone: nothing can be said about growth.
        missing = Tokens::default();
    }
    let mut shares = Vec::with_capacity(set.len());
    for candidate in set.iter().rev() {
        let share = candidate.tokens.beyond(&missing);
        missing = missing.beyond(&candidate.tokens);
        shares.push((candidate.id, share));
    }
    shares.reverse();
    taken(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Instant, KeitodId};

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input, output, ..Tokens::default() }
    }

    fn candidate(id: i64, session: i64, key: u128, count: Tokens) -> Candidate {
        let keys = vec![RequestKey(key)];
        Candidate {
            id: RequestRef(id),
            session: SessionRef(session),
            keys,
            tokens: count,
            price_row: "a".into(),
        }
    }

    fn posted(keys: &[u128], count: Tokens) -> Posted {
        let mut prefixes: Vec<[u8; 3]> = keys.iter().map(|key| RequestKey(*key).prefix()).collect();
        prefixes.sort_unstable();
        Posted {
            keitod_id: KeitodId::new("k1"),
            session: "s".into(),
            agent: "claude-code".into(),
            model: "m".into(),
            first_at: Instant::from_millis(0),
            last_at: Instant::from_millis(1),
            covers: Some(Covers::of(keys.iter().copied())),
            keys: Some(prefixes),
            requests: keys.len() as u64,
            tokens: count,
            usd: None,
            rate: None,
            markup_percent: None,
            seconds: 0,
            part: 1,
            excess: false,
            machine: "m".into(),
        }
    }

    const A: u128 = 1 << 104;
    const B: u128 = 2 << 104;

    #[test]
    fn a_record_takes_exactly_its_requests() {
        let all = [
            candidate(1, 1, A, tokens(1, 10)),
            candidate(2, 1, B, tokens(1, 20)),
            candidate(3, 2, 77, tokens(9, 9)),
        ];
        let record = posted(&[A, B], tokens(2, 30));
        let Taken::Exactly(shares) = adopt(&record, Some(SessionRef(1)), &all) else { panic!() };
        assert_eq!(shares, [(RequestRef(1), tokens(1, 10)), (RequestRef(2), tokens(1, 20))]);
        // The facts moved to another session since.
        assert!(matches!(adopt(&record, Some(SessionRef(9)), &all), Taken::Exactly(_)));
    }

    #[test]
    fn equal_prefixes_are_told_apart_by_the_sum() {
        let all = [candidate(1, 1, A, tokens(1, 1)), candidate(2, 1, A + 5, tokens(1, 1))];
        let Taken::Exactly(shares) = adopt(&posted(&[A + 5], tokens(1, 1)), Some(SessionRef(1)), &all) else {
            panic!()
        };
        assert_eq!(shares[0].0, RequestRef(2));
    }

    #[test]
    fn growth_after_posting_is_left_over() {
        let all = [candidate(1, 1, A, tokens(1, 10)), candidate(2, 1, B, tokens(1, 20))];
        let Taken::Exactly(shares) = adopt(&posted(&[A, B], tokens(2, 25)), None, &all) else { panic!() };
        assert_eq!(shares.iter().map(|(_, share)| share.output).sum::<u64>(), 25);
        let mut two_rows = all;
        two_rows[1].price_row = "b".into();
        assert!(matches!(adopt(&posted(&[A, B], tokens(2, 25)), None, &two_rows), Taken::Unproven { .. }));
    }

    #[test]
    fn requests_whose_logs_are_gone_do_not_free_the_others() {
        let all = [candidate(1, 1, A, tokens(1, 10))];
        let Taken::Assumed(shares) = adopt(&posted(&[A, B], tokens(2, 30)), Some(SessionRef(1)), &all) else {
            panic!()
        };
        assert_eq!(shares, [(RequestRef(1), tokens(1, 10))]);
        assert_eq!(adopt(&posted(&[B], tokens(2, 30)), Some(SessionRef(1)), &all), Taken::Nothing);
    }

    #[test]
    fn without_keys_only_enough_tokens_prove() {
        let all = [candidate(1, 1, A, tokens(1, 10))];
        let mut record = posted(&[A], tokens(1, 10));
        record.keys = None;
        assert!(matches!(adopt(&record, Some(SessionRef(1)), &all), Taken::Assumed(_)));
        record.tokens = tokens(1, 9);
        assert!(matches!(adopt(&record, Some(SessionRef(1)), &all), Taken::Unproven { .. }));
    }
}

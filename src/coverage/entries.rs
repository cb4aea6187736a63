//! Which stretches of a session's time does a listed entry hold?

use crate::ledger::stretches::{self, Stretch};

/// Where posted seconds were laid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Laid {
    /// The stretches that count as billed from now on.
    pub stretches: Vec<Stretch>,
    /// Posted seconds for which the session has no time: they still count against what is due.
    pub surplus: u64,
}

/// Lays `seconds` on the session's counted time that no other entry holds: first on stretches of the record's own day
/// and link inside `[first, last]`, then on the others inside it, earliest first, then on the nearest ones before,
/// then after. Before `since` (the cut-off) nothing is due, so surplus there would stand for nothing.
///
/// Own link first, because other time in between may be held and be mapped later; taking the earliest alone would
/// bill it to the wrong project.
#[must_use]
pub fn lay(
    seconds: u64,
    (first, last): Stretch,
    since: i64,
    own: &[Stretch],
    counted: &[Stretch],
    covered: &[Stretch],
) -> Laid {
    let covered = stretches::union(covered.to_vec());
    let free = |list: &[Stretch], taken: &[Stretch]| -> Vec<Stretch> {
        let all = stretches::union(list.to_vec());
        all.into_iter().flat_map(|part| stretches::minus(part, taken)).collect()
    };
    let clip = |list: Vec<Stretch>, from: i64, to: i64| -> Vec<Stretch> {
        let cut = list.into_iter().map(|(start, end)| (start.max(from), end.min(to)));
        cut.filter(|(start, end)| start < end).collect()
    };
    let mut laid: Vec<Stretch> = Vec::new();
    let mut left = seconds;
    let mut put = |list: &[Stretch], laid: &mut Vec<Stretch>| {
        let taken = stretches::take(list, left);
        left -= stretches::seconds(&taken);
        laid.extend(taken);
    };
    let taken = |laid: &[Stretch]| stretches::union([covered.as_slice(), laid].concat());
    put(&clip(free(own, &covered), first, last), &mut laid);
    let rest = clip(free(counted, &taken(&laid)), first, last);
    put(&rest, &mut laid);
    let before = clip(free(counted, &taken(&laid)), since, first);
    for &(start, end) in before.iter().rev() {
        // The nearest first: the end of each stretch, not its beginning.
        let length = stretches::seconds(&[(start, end)]).min(seconds - stretches::seconds(&laid));
        if length > 0 {
            laid.push((end - i64::try_from(length).unwrap_or(0), end));
        }
    }
    left = seconds - stretches::seconds(&laid);
    let after = clip(free(counted, &taken(&laid)), last, i64::MAX);
    laid.extend(stretches::take(&after, left));
    let stretches = stretches::union(laid);
    Laid { surplus: seconds - stretches::seconds(&stretches), stretches }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        seconds: u64,
        range: Stretch,
        since: i64,
        own: &[Stretch],
        counted: &[Stretch],
        covered: &[Stretch],
        expected: (&[Stretch], u64),
    ) {
        let laid = lay(seconds, range, since, own, counted, covered);
        assert_eq!((laid.stretches.as_slice(), laid.surplus), expected);
    }

    #[test]
    fn posted_seconds_find_their_place() {
        let counted = [(0, 100), (100, 200), (200, 300)];
        check(200, (0, 300), 0, &[(0, 100), (200, 300)], &counted, &[], (&[(0, 100), (200, 300)], 0));
        check(150, (0, 300), 0, &[], &counted, &[], (&[(0, 150)], 0));
        check(100, (100, 200), 0, &[], &counted, &[(100, 200)], (&[(0, 100)], 0));
        check(40, (100, 200), 0, &[], &counted, &[(100, 200)], (&[(60, 100)], 0));
        check(150, (100, 200), 0, &[], &counted, &[(50, 200)], (&[(0, 50), (200, 300)], 0));
        check(150, (100, 200), 90, &[], &counted, &[(100, 200)], (&[(90, 100), (200, 300)], 40));
        check(500, (0, 300), 0, &[], &counted, &[], (&[(0, 300)], 200));
    }
}

//! Entries that were found at Keito say how many seconds they hold of their sessions, not which: where they were laid
//! is a guess. When another finds no room left, they move.

use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::{self, Stretch, common, less};
use crate::model::{ProjectId, SessionRef};

/// A found entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// What it is billed to.
    pub project: ProjectId,
    /// With whom its link shares its time.
    pub overlap: Overlap,
    /// Its sessions.
    pub slots: Vec<Slot>,
}

/// A session of a found entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// Whose time it is.
    pub session: SessionRef,
    /// Where its seconds may lie; without what can never move away. A union.
    pub may: Vec<Stretch>,
    /// Where they lie.
    pub has: Vec<Stretch>,
}

/// Has the entries behind the first move until it finds `need` seconds; returns how many it finds. What the first has
/// afterwards is one way to lay it, any other on the same free time is as good.
///
/// A search for augmenting paths: who is in the way moves to free time of its own, or has the next one move. One move
/// alone was not enough for entries of several sessions.
pub fn make_room(tenants: &mut [Tenant], need: u64) -> u64 {
    let mut found = 0;
    while found < need {
        let mut asked = vec![false; tenants.len()];
        let more = seek(tenants, 0, need - found, &mut asked);
        if more == 0 {
            break;
        }
        found += more;
    }
    found
}

/// Finds up to `need` further seconds for one of them.
fn seek(tenants: &mut [Tenant], of: usize, need: u64, asked: &mut [bool]) -> u64 {
    asked[of] = true;
    let mut left = need;
    for slot in 0..tenants[of].slots.len() {
        let free = less(&tenants[of].slots[slot].may, &in_the_way(tenants, (of, slot), None));
        let part = stretches::take(&free, left);
        left -= stretches::seconds(&part);
        put(tenants, (of, slot), &part);
    }
    for slot in 0..tenants[of].slots.len() {
        for other in 0..tenants.len() {
            if left == 0 {
                return need;
            }
            if asked[other] {
                continue;
            }
            let free = less(&tenants[of].slots[slot].may, &in_the_way(tenants, (of, slot), Some(other)));
            for theirs in 0..tenants[other].slots.len() {
                if meet(tenants, (of, slot), (other, theirs)) && !asked[other] {
                    let wanted = common(&free, &tenants[other].slots[theirs].has);
                    left -=
                        swap(tenants, (of, slot), (other, theirs), &stretches::take(&wanted, left), asked);
                }
            }
        }
    }
    need - left
}

/// Takes a part from another that finds as much elsewhere; returns how much of it.
fn swap(
    tenants: &mut [Tenant],
    to: (usize, usize),
    from: (usize, usize),
    part: &[Stretch],
    asked: &mut [bool],
) -> u64 {
    let wanted = stretches::seconds(part);
    if wanted == 0 {
        return 0;
    }
    take_off(tenants, from, part);
    put(tenants, to, part);
    let found = seek(tenants, from.0, wanted, asked);
    let back = less(part, &stretches::take(part, found));
    take_off(tenants, to, &back);
    put(tenants, from, &back);
    found
}

/// What all but one hold of the time of a slot.
fn in_the_way(tenants: &[Tenant], of: (usize, usize), but: Option<usize>) -> Vec<Stretch> {
    let mut taken = Vec::new();
    for (other, tenant) in tenants.iter().enumerate().filter(|(other, _)| Some(*other) != but) {
        for (theirs, slot) in tenant.slots.iter().enumerate() {
            if (other, theirs) == of || meet(tenants, of, (other, theirs)) {
                taken.extend_from_slice(&slot.has);
            }
        }
    }
    stretches::union(taken)
}

/// Whether a second of the one is a second of the other.
fn meet(tenants: &[Tenant], a: (usize, usize), b: (usize, usize)) -> bool {
    let (one, other) = (&tenants[a.0], &tenants[b.0]);
    let shared =
        one.overlap.meets(&one.project, &other.project) || other.overlap.meets(&other.project, &one.project);
    shared || one.slots[a.1].session == other.slots[b.1].session
}

fn put(tenants: &mut [Tenant], (of, slot): (usize, usize), part: &[Stretch]) {
    let slot = &mut tenants[of].slots[slot];
    slot.has = stretches::union([slot.has.as_slice(), part].concat());
}

fn take_off(tenants: &mut [Tenant], (of, slot): (usize, usize), part: &[Stretch]) {
    let slot = &mut tenants[of].slots[slot];
    slot.has = less(&slot.has, &stretches::union(part.to_vec()));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tenant(overlap: Overlap, slots: &[(i64, &[Stretch], &[Stretch])]) -> Tenant {
        let slot = |(session, may, has): &(i64, &[Stretch], &[Stretch])| Slot {
            session: SessionRef(*session),
            may: may.to_vec(),
            has: has.to_vec(),
        };
        Tenant { project: ProjectId::new("p"), overlap, slots: slots.iter().map(slot).collect() }
    }

    #[test]
    fn who_is_in_the_way_moves_to_another_session_of_its_own() {
        let mut tenants = [
            tenant(Overlap::All, &[(2, &[(0, 100)], &[])]),
            tenant(Overlap::All, &[(1, &[(50, 100)], &[(50, 100)]), (3, &[(300, 350)], &[])]),
        ];
        assert_eq!(make_room(&mut tenants, 100), 100);
        assert_eq!(
            tenants[1].slots.iter().map(|slot| slot.has.clone()).collect::<Vec<_>>(),
            [vec![], vec![(300, 350)]]
        );
    }

    #[test]
    fn one_moves_so_that_the_next_can() {
        let mut tenants = [
            tenant(Overlap::All, &[(1, &[(0, 10)], &[])]),
            tenant(Overlap::All, &[(2, &[(0, 20)], &[(0, 10)])]),
            tenant(Overlap::All, &[(3, &[(10, 30)], &[(10, 20)])]),
        ];
        assert_eq!(make_room(&mut tenants, 10), 10);
        assert_eq!(
            tenants.map(|of| of.slots[0].has.clone()),
            [vec![(0, 10)], vec![(10, 20)], vec![(20, 30)]]
        );
    }

    #[test]
    fn nobody_gives_what_it_cannot_find_elsewhere() {
        let mut tenants = [
            tenant(Overlap::All, &[(1, &[(0, 10)], &[])]),
            tenant(Overlap::All, &[(2, &[(0, 13)], &[(0, 10)])]),
        ];
        assert_eq!(make_room(&mut tenants, 10), 3);
        assert_eq!(stretches::seconds(&tenants[1].slots[0].has), 10);
        // Time that adds up is in nobody's way.
        let mut apart = [
            tenant(Overlap::Sum, &[(1, &[(0, 10)], &[])]),
            tenant(Overlap::Sum, &[(2, &[(0, 10)], &[(0, 10)])]),
        ];
        assert_eq!(make_room(&mut apart, 10), 10);
    }

    proptest! {
        /// Laid somewhere disjointly once, all of it finds room again whatever the order and the first guess.
        #[test]
        fn what_fitted_once_fits_again(
            truth in prop::collection::vec((0_usize..4, 0_i64..3, 1_i64..9), 1..14),
            wider in prop::collection::vec((0_usize..4, 0_i64..3, 0_i64..60, 1_i64..30), 0..8),
        ) {
            let mut at = 0;
            let mut real = vec![vec![Vec::new(); 3]; 4];
            for (of, session, length) in truth {
                real[of][usize::try_from(session).unwrap()].push((at, at + length));
                at += length;
            }
            let mut may = real.clone();
            for (of, session, from, length) in wider {
                may[of][usize::try_from(session).unwrap()].push((from, from + length));
            }
            let mut laid: Vec<Tenant> = Vec::new();
            for (of, slots) in may.iter().enumerate() {
                let slots = slots.iter().zip(0_i64..).map(|(may, session)| Slot {
                    session: SessionRef(session), may: stretches::union(may.clone()), has: Vec::new(),
                });
                laid.insert(0, Tenant {
                    project: ProjectId::new("p"), overlap: Overlap::All, slots: slots.collect(),
                });
                let need = stretches::seconds(&real[of].concat());
                prop_assert_eq!(make_room(&mut laid, need), need);
            }
            let all: Vec<Stretch> =
                laid.iter().flat_map(|of| of.slots.iter().flat_map(|slot| slot.has.clone())).collect();
            prop_assert_eq!(stretches::seconds(&stretches::union(all.clone())), stretches::seconds(&all));
        }
    }
}

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

/// The time of a session, and who has it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Room<'a> {
    /// Counted time of the record's own day and link.
    pub own: &'a [Stretch],
    /// All counted time that somebody may be billed for.
    pub counted: &'a [Stretch],
    /// What other entries hold of it.
    pub covered: &'a [Stretch],
    /// What entries of other sessions hold, where a second is billed once among them.
    pub theirs: &'a [Stretch],
    /// The cut-off: before it nothing is due, so surplus there would stand for nothing.
    pub since: i64,
}

/// Lays `seconds` on the session's counted time that no other entry holds: first on stretches of the record's own day
/// and link inside `[first, last]`, then on the others inside it, earliest first, then on the nearest ones before,
/// then after.
///
/// Own link first, because other time in between may be held and be mapped later; taking the earliest alone would
/// bill it to the wrong project. Time that a parallel session's entry holds was hardly billed here too, unless parallel
/// sessions added up when it was: it comes after all that is free inside and before.
#[must_use]
pub fn lay(seconds: u64, (first, last): Stretch, room: &Room<'_>) -> Laid {
    let covered = stretches::union(room.covered.to_vec());
    let apart = stretches::union([&covered, room.theirs].concat());
    let mut laying = Laying { left: seconds, laid: Vec::new() };
    let shared = apart.len() != covered.len() || apart != covered;
    for taken in [Some(&apart).filter(|_| shared), Some(&covered)].into_iter().flatten() {
        laying.put(&clip(laying.free(room.own, taken), first, last));
        laying.put(&clip(laying.free(room.counted, taken), first, last));
        laying.put_before(&clip(laying.free(room.counted, taken), room.since, first));
    }
    laying.put(&clip(laying.free(room.counted, &covered), last, i64::MAX));
    let stretches = stretches::union(laying.laid);
    Laid { surplus: seconds - stretches::seconds(&stretches), stretches }
}

/// Lays `seconds` of an entry of several sessions on their time; returns what each holds. As [`lay`], but its own link
/// comes first before the range too: a session that began before the one that made the entry joins it later, and the
/// first instant of an entry never changes.
/// `shared`: a second of several of them is there once.
#[must_use]
pub fn lay_jointly(
    seconds: u64,
    (first, last): Stretch,
    rooms: &[Room<'_>],
    shared: bool,
) -> Vec<Vec<Stretch>> {
    let mut laying = Jointly { left: seconds, shared, laid: vec![Vec::new(); rooms.len()] };
    for apart in [true, false] {
        let taken = |room: &Room<'_>| {
            stretches::union([room.covered, if apart { room.theirs } else { &[] }].concat())
        };
        let taken: Vec<Vec<Stretch>> = rooms.iter().map(taken).collect();
        laying.put(rooms, &taken, |room| clip(room.own.to_vec(), first, last), false);
        laying.put(rooms, &taken, |room| clip(room.own.to_vec(), room.since, first), true);
        laying.put(rooms, &taken, |room| clip(room.counted.to_vec(), first, last), false);
        laying.put(rooms, &taken, |room| clip(room.counted.to_vec(), room.since, first), true);
        if !apart {
            laying.put(rooms, &taken, |room| clip(room.counted.to_vec(), last, i64::MAX), false);
        }
    }
    laying.laid.into_iter().map(stretches::union).collect()
}

struct Jointly {
    left: u64,
    shared: bool,
    laid: Vec<Vec<Stretch>>,
}

impl Jointly {
    fn put(
        &mut self,
        rooms: &[Room<'_>],
        taken: &[Vec<Stretch>],
        list: impl Fn(&Room<'_>) -> Vec<Stretch>,
        backwards: bool,
    ) {
        let mut parts: Vec<(Stretch, usize)> = Vec::new();
        for (index, room) in rooms.iter().enumerate() {
            parts.extend(stretches::union(list(room)).into_iter().map(|part| (part, index)));
        }
        parts.sort_unstable_by_key(|((start, end), index)| {
            (if backwards { end.saturating_neg() } else { *start }, *index)
        });
        for (part, index) in parts {
            let others = if self.shared { self.laid.concat() } else { self.laid[index].clone() };
            let gone = stretches::union([taken[index].as_slice(), &others].concat());
            let free = stretches::minus(part, &gone);
            let found = if backwards { last_of(&free, self.left) } else { stretches::take(&free, self.left) };
            self.left -= stretches::seconds(&found);
            self.laid[index].extend(found);
        }
    }
}

/// The last `seconds` of the stretches.
fn last_of(list: &[Stretch], mut seconds: u64) -> Vec<Stretch> {
    let mut found = Vec::new();
    for &(start, end) in list.iter().rev() {
        let length = stretches::seconds(&[(start, end)]).min(seconds);
        if length > 0 {
            found.push((end - i64::try_from(length).unwrap_or(0), end));
            seconds -= length;
        }
    }
    found
}

struct Laying {
    left: u64,
    laid: Vec<Stretch>,
}

impl Laying {
    fn free(&self, list: &[Stretch], taken: &[Stretch]) -> Vec<Stretch> {
        let taken = stretches::union([taken, &self.laid].concat());
        let all = stretches::union(list.to_vec());
        all.into_iter().flat_map(|part| stretches::minus(part, &taken)).collect()
    }

    fn put(&mut self, list: &[Stretch]) {
        let taken = stretches::take(list, self.left);
        self.left -= stretches::seconds(&taken);
        self.laid.extend(taken);
    }

    /// The nearest first: the end of each stretch, not its beginning.
    fn put_before(&mut self, list: &[Stretch]) {
        let taken = last_of(list, self.left);
        self.left -= stretches::seconds(&taken);
        self.laid.extend(taken);
    }
}

fn clip(list: Vec<Stretch>, from: i64, to: i64) -> Vec<Stretch> {
    let cut = list.into_iter().map(|(start, end)| (start.max(from), end.min(to)));
    cut.filter(|(start, end)| start < end).collect()
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
        let laid = lay(seconds, range, &Room { own, counted, covered, theirs: &[], since });
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

    #[test]
    fn what_a_parallel_session_was_billed_for_comes_late() {
        let counted = [(0, 100), (150, 300)];
        let at = |seconds, range, theirs: &[Stretch]| {
            lay(seconds, range, &Room { counted: &counted, theirs, ..Room::default() }).stretches
        };
        assert_eq!(at(50, (0, 300), &[(0, 40), (160, 180)]), [(40, 90)]);
        assert_eq!(at(80, (150, 300), &[(150, 260)]), [(60, 100), (260, 300)]);
        assert_eq!(at(200, (150, 300), &[(150, 260)]), [(0, 100), (150, 210), (260, 300)]);
    }
}

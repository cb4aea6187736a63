//! To which session does a shared fact belong? (design section 2)
//!
//! Resume and fork write the history of one session into another one's log. A fact that several sessions hold belongs
//! to the record that billed it, else to the session that the log names, else to the session that is known to be the
//! oldest, else to the one with the earliest fact of its own, else to the smaller session id.
//!
//! "Of its own" is taken within the sessions that share the fact: a fact that not all of them hold. A session with
//! none is wholly contained in each of the others; copies always add something, so it is the original and comes first.

use std::collections::BTreeMap;

use crate::model::{Instant, SessionRef};

/// A set of sessions that hold the same facts, sorted.
pub type Sharing = Vec<SessionRef>;

/// What must be known of a family, the sessions that share facts directly or through others.
#[derive(Debug, Clone, Default)]
pub struct Family {
    /// Per session its earliest fact that no other session holds.
    pub own: BTreeMap<SessionRef, Instant>,
    /// Per set of sharing sessions the earliest fact that exactly these hold.
    pub shared: BTreeMap<Sharing, Instant>,
    /// When a session was born, as far as its log tells.
    pub born: BTreeMap<SessionRef, Instant>,
    /// The agents' own ids, for the last tie.
    pub native: BTreeMap<SessionRef, String>,
}

impl Family {
    /// The owner of the facts that exactly `sharing` hold, as far as nothing was billed and no log names an origin.
    #[must_use]
    pub fn owner(&self, sharing: &Sharing) -> Option<SessionRef> {
        // Comparable only where all logs tell: a version that does not write it may be the older or the newer one.
        let born = |session: &SessionRef| self.born.get(session).copied();
        if let Some(all) =
            sharing.iter().map(|session| Some((born(session)?, *session))).collect::<Option<Vec<_>>>()
            && let Some((first, oldest)) = all.iter().min()
            && all.iter().filter(|(at, _)| at == first).count() == 1
        {
            return Some(*oldest);
        }
        let beyond = self.earliest_beyond(sharing);
        let rank = |session: &SessionRef| (beyond.get(session).copied(), self.native.get(session));
        sharing.iter().copied().min_by(|a, b| rank(a).cmp(&rank(b)))
    }

    /// The earliest fact of each of `sharing` that not all of them hold, where there is one: without one sorts first.
    /// One walk over all sets, for thousands of sessions can hold the same.
    fn earliest_beyond(&self, sharing: &Sharing) -> BTreeMap<SessionRef, Instant> {
        let own = |session: &SessionRef| Some((*session, *self.own.get(session)?));
        let mut earliest: BTreeMap<SessionRef, Instant> = sharing.iter().filter_map(own).collect();
        for (holders, at) in self.shared.iter().filter(|(holders, _)| !holds_all(holders, sharing)) {
            for session in holders.iter().filter(|holder| sharing.binary_search(holder).is_ok()) {
                let known = earliest.entry(*session).or_insert(*at);
                *known = (*known).min(*at);
            }
        }
        earliest
    }
}

/// Whether all of `some` are among `holders`; both are sorted.
fn holds_all(holders: &Sharing, some: &Sharing) -> bool {
    let mut rest = holders.iter();
    some.len() <= holders.len()
        && some.iter().all(|one| rest.by_ref().find(|holder| *holder >= one) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Facts as letters in order of time; each session is the string of facts it holds.
    fn owner(sessions: &[&str], fact: char) -> usize {
        let mut family = Family::default();
        let letters: std::collections::BTreeSet<char> = sessions.iter().flat_map(|s| s.chars()).collect();
        for (index, _) in sessions.iter().enumerate() {
            family.native.insert(SessionRef(index as i64), format!("{index}"));
        }
        let holders = |letter: char| -> Sharing {
            (0..sessions.len())
                .filter(|i| sessions[*i].contains(letter))
                .map(|i| SessionRef(i as i64))
                .collect()
        };
        for letter in letters {
            let (set, at) = (holders(letter), Instant::from_millis(i64::from(letter as u32)));
            match *set.as_slice() {
                [only] => drop(family.own.entry(only).or_insert(at)),
                _ => drop(family.shared.entry(set).or_insert(at)),
            }
        }
        usize::try_from(family.owner(&holders(fact)).unwrap().0).unwrap()
    }

    #[test]
    fn the_oldest_owns_what_was_copied_if_all_logs_tell() {
        let (a, b) = (SessionRef(1), SessionRef(2));
        let both = vec![a, b];
        let mut family = Family::default();
        family.own.insert(a, Instant::from_millis(5));
        family.own.insert(b, Instant::from_millis(9));
        family.born.insert(b, Instant::from_millis(1));
        assert_eq!(family.owner(&both), Some(a));
        family.born.insert(a, Instant::from_millis(2));
        assert_eq!(family.owner(&both), Some(b));
        family.born.insert(a, Instant::from_millis(1));
        assert_eq!(family.owner(&both), Some(a));
    }

    #[test]
    fn the_original_owns_what_was_copied() {
        // A session that ended and was copied whole.
        assert_eq!(owner(&["pq", "pqx"], 'p'), 0);
        assert_eq!(owner(&["pqx", "pq"], 'p'), 1);
        // A session that went on after it was forked.
        assert_eq!(owner(&["pqm", "pqx"], 'p'), 0);
        // Two forks of a session that ended, and a fork of a fork.
        assert_eq!(owner(&["pqz", "pqx", "pq"], 'p'), 2);
        assert_eq!(owner(&["pqxy", "pqx", "pq"], 'x'), 1);
        assert_eq!(owner(&["pqxy", "pqx", "pq"], 'p'), 2);
        // The original went on, and the fork was forked whole.
        assert_eq!(owner(&["pm", "px", "pxy"], 'p'), 0);
        assert_eq!(owner(&["pm", "px", "pxy"], 'x'), 1);
        // Nothing tells: the smaller id.
        assert_eq!(owner(&["p", "p"], 'p'), 0);
    }
}

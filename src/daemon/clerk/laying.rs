//! Where the seconds of a listed entry lie in its session's time.

use super::listing::Work;
use super::session::Loaded;
use crate::coverage::{self, Room};
use crate::ledger::due::Place;
use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::{self, Stretch, less};
use crate::model::{Link, SessionRef};
use crate::store::Error;

impl Work<'_, '_> {
    /// Lays posted seconds inside a range on the time of a session: `own`, that of the entry's link, before the rest.
    pub(super) fn lay(
        &mut self,
        loaded: &Loaded,
        link: &Link,
        (seconds, range): (u64, Stretch),
        (own, counted): (&[Stretch], &[Stretch]),
    ) -> Result<Vec<Stretch>, Error> {
        let since = self.settings.admitted(Some(self.scope), &loaded.head.agent).floor();
        let overlap = self.overlap_of(loaded, link);
        let theirs = self.theirs_with_room((loaded, (link, overlap), range), counted, seconds)?;
        let room = Room { own, counted, covered: &loaded.session.covered, theirs: &theirs, since };
        Ok(coverage::lay(seconds, range, &room).stretches)
    }

    /// What entries of other sessions hold of the time that this link shares with them, once those that could lie
    /// elsewhere have made room for `need` seconds in the range.
    fn theirs_with_room(
        &mut self,
        (loaded, link, range): (&Loaded, (&Link, Overlap), Stretch),
        counted: &[Stretch],
        need: u64,
    ) -> Result<Vec<Stretch>, Error> {
        let theirs = self.theirs(loaded.head.id, link.0, link.1)?;
        let mine = clip(counted, range);
        let taken = stretches::union([theirs.as_slice(), &loaded.session.covered].concat());
        let free = stretches::seconds(&stretches::union(less(&mine, &taken)));
        if theirs.is_empty() || free >= need || !self.make_room(link, &[(loaded.head.id, mine)], need)? {
            return Ok(theirs);
        }
        self.theirs(loaded.head.id, link.0, link.1)
    }

    /// What entries of other sessions hold of the time that this link shares with them.
    pub(super) fn theirs(
        &self,
        session: SessionRef,
        link: &Link,
        overlap: Overlap,
    ) -> Result<Vec<Stretch>, Error> {
        if overlap == Overlap::Sum {
            return Ok(Vec::new());
        }
        let held = self.tx.held_beside(self.scope.id, session, (i64::MIN, i64::MAX))?;
        let met = held.into_iter().filter(|held| overlap.meets(&link.project, &held.project));
        Ok(stretches::union(met.map(|held| held.stretch).collect()))
    }

    /// How the time of a link adds up; of one that no directory of the session leads to any more, as any of it does.
    pub(super) fn overlap_of(&self, loaded: &Loaded, link: &Link) -> Overlap {
        if !self.settings.shares {
            return Overlap::Sum;
        }
        let places = || {
            loaded.session.places.iter().filter_map(|place| match place {
                Place::To { link, overlap, .. } => Some((link, *overlap)),
                Place::Held(_) | Place::Excluded => None,
            })
        };
        // An expense's link has no task in a listing; an entry's has one.
        let named = places().find(|(known, _)| *known == link);
        named.or_else(|| places().next()).map_or(Overlap::Sum, |(_, overlap)| overlap)
    }
}

pub(super) fn clip(list: &[Stretch], (from, to): Stretch) -> Vec<Stretch> {
    let cut = list.iter().map(|(start, end)| (*start.max(&from), *end.min(&to)));
    cut.filter(|(start, end)| start < end).collect()
}

//! Where the seconds of a listed entry lie in its session's time.

use super::listing::Work;
use super::session::Loaded;
use crate::coverage::{self, Room};
use crate::ledger::due::Place;
use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::Stretch;
use crate::model::Link;
use crate::store::Error;

impl Work<'_, '_> {
    /// Lays posted seconds inside a range on the time of a session: `own`, that of the entry's link, before the rest.
    pub(super) fn lay(
        &self,
        loaded: &Loaded,
        link: &Link,
        (seconds, range): (u64, Stretch),
        (own, counted): (&[Stretch], &[Stretch]),
    ) -> Result<Vec<Stretch>, Error> {
        let since = self.settings.since.map_or(i64::MIN, |since| since.seconds());
        let overlap = self.overlap_of(loaded, link);
        let mut theirs = Vec::new();
        if overlap != Overlap::Sum {
            let held = self.tx.held_beside(self.scope.id, loaded.head.id, (since, i64::MAX))?;
            let met = held.into_iter().filter(|held| overlap.meets(&link.project, &held.project));
            theirs.extend(met.map(|held| held.stretch));
        }
        let room = Room { own, counted, covered: &loaded.session.covered, theirs: &theirs, since };
        Ok(coverage::lay(seconds, range, &room).stretches)
    }

    /// How the time of a link adds up; of one that no directory of the session leads to any more, as any of it does.
    fn overlap_of(&self, loaded: &Loaded, link: &Link) -> Overlap {
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

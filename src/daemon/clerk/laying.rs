//! Where the seconds of a listed entry lie in its session's time.

use super::Clerk;
use super::adopting::{common, less};
use super::listing::Work;
use super::session::Loaded;
use crate::coverage::{self, Room};
use crate::ledger::due::Place;
use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::{self, Stretch};
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
        let mut need = seconds;
        let theirs = self.theirs_with_room((loaded, (link, overlap), range), counted, &mut need)?;
        let room = Room { own, counted, covered: &loaded.session.covered, theirs: &theirs, since };
        Ok(coverage::lay(seconds, range, &room).stretches)
    }

    /// What entries of other sessions hold of the time that this link shares with them, once those that could lie
    /// elsewhere have made room for `need` seconds in the range. What finds room is taken off `need`.
    pub(super) fn theirs_with_room(
        &mut self,
        (loaded, link, range): (&Loaded, (&Link, Overlap), Stretch),
        counted: &[Stretch],
        need: &mut u64,
    ) -> Result<Vec<Stretch>, Error> {
        let mut theirs = self.theirs(loaded.head.id, link.0, link.1)?;
        let mine = less(&clip(counted, range), &stretches::union(loaded.session.covered.clone()));
        let free = |theirs: &[Stretch]| stretches::seconds(&stretches::union(less(&mine, theirs)));
        let missing = need.saturating_sub(free(&theirs));
        if !theirs.is_empty() && missing > 0 {
            self.make_room(loaded, link, missing, &stretches::union(mine.clone()))?;
            theirs = self.theirs(loaded.head.id, link.0, link.1)?;
        }
        *need = need.saturating_sub(free(&theirs));
        Ok(theirs)
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

    /// Where found entries lie is a guess among the time of their own sessions; one that lies where this one must have
    /// been moves to free time of its own.
    fn make_room(
        &mut self,
        loaded: &Loaded,
        (link, overlap): (&Link, Overlap),
        mut need: u64,
        mine: &[Stretch],
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        for found in tx.found_beside(account, loaded.head.id)? {
            let wanted = common(&clip(mine, found.stretch), &[found.stretch]);
            if need == 0 || wanted.is_empty() || !overlap.meets(&link.project, &found.record.link.project) {
                continue;
            }
            let Some(other) = Clerk::load(tx, self.policy, Some(self.scope), found.session, None, self.now)?
            else {
                continue;
            };
            let (_, counted) = self.stretches(&other.session, &found.record, None);
            let range = (found.record.first_at.seconds(), found.record.last_at.seconds());
            let held = tx.held_beside(account, found.session, range)?.into_iter().map(|held| held.stretch);
            let held = held.chain(other.session.covered.iter().copied()).chain(mine.iter().copied());
            let free = less(&stretches::union(clip(&counted, range)), &stretches::union(held.collect()));
            let to = stretches::take(&free, need.min(stretches::seconds(&wanted)));
            let from = stretches::take(&wanted, stretches::seconds(&to));
            if !to.is_empty() {
                let stay = stretches::minus(found.stretch, &stretches::union(from.clone()));
                tx.move_cover(account, &found, &[stay, to].concat())?;
                tx.recheck(found.session)?;
                need -= stretches::seconds(&from);
            }
        }
        Ok(())
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

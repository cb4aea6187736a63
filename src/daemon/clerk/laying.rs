//! Where the seconds of a listed entry lie in its session's time.

use super::listing::Work;
use super::session::Loaded;
use crate::coverage::{self, Posted, Room};
use crate::ledger::due::Place;
use crate::ledger::overlap::Overlap;
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::{self, Stretch, less};
use crate::model::{Link, SessionRef};
use crate::store::Error;

/// A session in whose time an entry may lie, and where it may.
type Home = (SessionRef, Option<Stretch>);

impl Work<'_, '_> {
    /// The sessions in whose time a listed entry may lie, each with where it may, its own one first; and whether the logs
    /// of that one are gone.
    pub(super) fn places(
        &self,
        posted: &Posted,
        home: Option<SessionRef>,
        ranges: &[Stretch],
    ) -> Result<(Vec<Home>, bool), Error> {
        let tx = self.tx;
        let range = (posted.first_at.seconds(), posted.last_at.seconds());
        let since = self.settings.since.map_or(i64::MIN, |since| since.seconds());
        let spans = home.map(|session| tx.spans(session)).transpose()?.unwrap_or_default();
        // Its logs are gone, or end before what the entry holds, and copies of them may still be here under other
        // sessions. (An entry can hold time from before its first instant: a PATCH never changes that.)
        let gone = spans.iter().all(|span| span.kind != SpanKind::Agent);
        let knows = |at: i64| spans.iter().any(|span| span.start <= at && span.end >= at);
        let known = knows(range.0) && knows(range.1);
        // An entry may begin in the middle of a stretch, where its session's first instant tells a copy.
        let mut copies: Vec<SessionRef> = Vec::new();
        for range in ranges.iter().filter(|_| gone || !known) {
            copies.extend(tx.sessions_like(&posted.agent, *range, since)?);
        }
        copies.sort_unstable();
        copies.dedup();
        let last = ranges.iter().map(|(_, last)| *last).max().unwrap_or(range.1);
        // What a copy lacks must not eat its own time, which comes after what they share.
        let mut places: Vec<Home> = home.filter(|_| !gone).into_iter().map(|home| (home, None)).collect();
        places.extend(copies.iter().filter(|id| Some(**id) != home).map(|id| (*id, Some((i64::MIN, last)))));
        if let Some(home) = home.filter(|_| !known) {
            for (heir, until) in tx.heirs(self.scope.id, home, range)? {
                if !copies.contains(&heir) {
                    places.push((heir, Some((i64::MIN, until))));
                }
            }
        }
        Ok((places, gone))
    }

    /// Lays posted seconds inside a range on the time of a session: `own`, that of the entry's link, before the rest.
    pub(super) fn lay(
        &mut self,
        loaded: &mut Loaded,
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
        (loaded, link, range): (&mut Loaded, (&Link, Overlap), Stretch),
        counted: &[Stretch],
        need: u64,
    ) -> Result<Vec<Stretch>, Error> {
        let theirs = self.theirs(loaded.head.id, link.0, link.1)?;
        let mine = clip(counted, range);
        let free = stretches::seconds(&stretches::union(free_of(&mine, loaded, &theirs)));
        if theirs.is_empty() || free >= need || !self.make_room(link, &[(loaded.head.id, mine)], need)? {
            return Ok(theirs);
        }
        // Those that moved may lie elsewhere in this session too.
        loaded.session.covered = self.tx.covered(self.scope.id, loaded.head.id)?.0;
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

/// What no entry holds of some time of a session, neither its own nor `theirs`, those of others that share it.
pub(super) fn free_of(time: &[Stretch], loaded: &Loaded, theirs: &[Stretch]) -> Vec<Stretch> {
    less(time, &stretches::union([theirs, &loaded.session.covered].concat()))
}

pub(super) fn clip(list: &[Stretch], (from, to): Stretch) -> Vec<Stretch> {
    let cut = list.iter().map(|(start, end)| (*start.max(&from), *end.min(&to)));
    cut.filter(|(start, end)| start < end).collect()
}

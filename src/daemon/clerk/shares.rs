//! Which time parallel sessions claim of each other. Held in memory: every start computes it anew from the facts.

use std::collections::BTreeMap;

use super::Scope;
use super::session::Loaded;
use crate::ledger::overlap::{Claim, Rank, Theirs};
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Instant, SessionRef};
use crate::store::{Error, Tx};

/// What was last computed of each session with time of its own.
#[derive(Debug, Default)]
pub(super) struct Shares {
    of: BTreeMap<SessionRef, Share>,
    /// A transaction failed after they were noted: what stands here may be ahead of the database.
    pub(super) stale: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Share {
    rank: Rank,
    claim: Claim,
    covered: Vec<Stretch>,
}

impl Share {
    /// All that it keeps from those behind it.
    fn keeps(&self) -> Vec<Stretch> {
        let due = self.claim.due.iter().map(|(_, stretch)| *stretch);
        stretches::union(self.covered.iter().copied().chain(due).collect())
    }
}

impl Shares {
    /// What others hold or claim of the time of a session that is on no entry of its own.
    pub(super) fn others(
        &self,
        tx: &Tx<'_>,
        scope: Option<&Scope>,
        loaded: &Loaded,
        rank: &Rank,
    ) -> Result<Vec<Theirs>, Error> {
        let Some((first, last)) = loaded.open_range() else { return Ok(Vec::new()) };
        let id = loaded.head.id;
        let mut theirs = match scope {
            Some(scope) => tx.held_beside(scope.id, id, (first, last))?,
            None => Vec::new(),
        };
        let before = self.of.iter().filter(|(other, share)| **other != id && share.rank.is_before(rank));
        for (project, stretch) in before.flat_map(|(_, share)| &share.claim.due) {
            if stretch.0 < last && stretch.1 > first {
                theirs.push(Theirs { project: project.clone(), stretch: *stretch });
            }
        }
        Ok(theirs)
    }

    /// Notes what a session claims now. Returns those whose share may be another by that.
    pub(super) fn note(
        &mut self,
        id: SessionRef,
        rank: Rank,
        claim: Claim,
        covered: Vec<Stretch>,
    ) -> Vec<SessionRef> {
        let new = Share { rank, claim, covered: stretches::union(covered) };
        let old = self.of.remove(&id).unwrap_or_default();
        let (before, after) = (old.keeps(), new.keeps());
        let changed = if old.rank == new.rank {
            let gone = before.iter().flat_map(|part| stretches::minus(*part, &after));
            let come = after.iter().flat_map(|part| stretches::minus(*part, &before));
            gone.chain(come).collect()
        } else {
            [before, after].concat()
        };
        let meets = |share: &Share| {
            share.claim.wants.iter().any(|want| changed.iter().any(|part| part.0 < want.1 && want.0 < part.1))
        };
        let again = self.of.iter().filter(|(_, share)| meets(share)).map(|(other, _)| *other).collect();
        if !new.claim.wants.is_empty() || !new.covered.is_empty() {
            self.of.insert(id, new);
        }
        again
    }

    /// Nothing is known any more.
    pub(super) fn clear(&mut self) {
        self.of.clear();
    }
}

/// Where a session ranks among those that share its time.
pub(super) fn rank(tx: &Tx<'_>, loaded: &Loaded) -> Result<Rank, Error> {
    let first = tx.first_at(loaded.head.id)?.unwrap_or(Instant::from_millis(i64::MAX));
    Ok(Rank { first, native: loaded.head.native.as_str().to_owned() })
}

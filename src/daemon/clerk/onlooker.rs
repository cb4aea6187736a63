//! What the clerk would say of a session, computed beside it: for whoever explains and may not write.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bench::Bench;
use super::books::Books;
use super::decision::{Decision, Forget};
use super::rulings::Rulings;
use super::shares::{self, Shares};
use super::{Clerk, Policy, Scope, Settings, Settled, Spot};
use crate::deliver::Desk;
use crate::ledger::days::Calendar;
use crate::ledger::due::{self, Sheet};
use crate::ledger::overlap::Rank;
use crate::ledger::spans::{Gaps, SpanKind};
use crate::model::{AccountRef, Instant, SessionRef};
use crate::store::{Error, SessionHead, Tx};

/// A session as the clerk sees it, and what of it is on no record.
#[derive(Debug)]
pub struct Sight {
    /// Who it is.
    pub head: SessionHead,
    /// Its facts, each with its place.
    pub session: due::Session,
    /// By the same index as its places.
    pub spots: Vec<Arc<Spot>>,
    /// What waits, and why.
    pub sheet: Sheet,
}

/// Sees what the clerk sees, and does nothing.
pub struct Onlooker {
    settings: Settings,
    policy: Box<dyn Policy + Send>,
    account: Option<Scope>,
    rulings: Rulings,
    books: Books,
    calendar: Calendar,
    now: Instant,
}

impl Onlooker {
    /// With the decisions found. The policy must not write.
    #[must_use]
    pub fn new(
        settings: Settings,
        policy: Box<dyn Policy + Send>,
        found: Vec<Decision>,
        calendar: Calendar,
        now: Instant,
    ) -> Self {
        let rulings = Rulings::new(found, Box::new(Forget));
        Self { settings, policy, account: None, rulings, books: Books::default(), calendar, now }
    }

    /// For an account that the database knows.
    ///
    /// # Errors
    /// Of the database.
    pub fn deliver_to(&mut self, tx: &Tx<'_>, id: AccountRef) -> Result<(), Error> {
        let Some(of) = tx.account_of(id)? else { return Ok(()) };
        let (id, row) = tx.account_row(&of)?;
        self.policy.deliver_to(Some(&of));
        let desk = Desk::from_text(&row.desk, self.now);
        let earlier = self.rulings.admitted(&of);
        let assigned = Arc::new(self.rulings.assignments(&of));
        self.books = Books::stored(tx, id)?;
        self.policy.deliver_to(Some(&of));
        self.account = Some(Scope { id, of, row, desk, earlier, kept: 0, assigned });
        Ok(())
    }

    /// The cut-off.
    #[must_use]
    pub const fn since(&self) -> Option<Instant> {
        self.settings.since
    }

    /// The limits of the time rule.
    #[must_use]
    pub const fn gaps(&self) -> Gaps {
        self.settings.gaps
    }

    /// A session with what waits of it.
    ///
    /// # Errors
    /// Of the database.
    pub fn see(&mut self, tx: &Tx<'_>, id: SessionRef) -> Result<Option<Sight>, Error> {
        let Some(mut loaded) =
            Clerk::load(tx, self.policy.as_mut(), self.account.as_ref(), id, None, self.now)?
        else {
            return Ok(None);
        };
        if self.settings.shares {
            loaded.session.others = self.others(tx, id, &loaded)?;
        }
        let sheet = self.sheet(&loaded);
        let super::session::Loaded { head, session, spots } = loaded;
        Ok(Some(Sight { head, session, spots, sheet }))
    }

    fn sheet(&self, loaded: &super::session::Loaded) -> Sheet {
        let row = self.account.as_ref().map(|scope| &scope.row);
        let zone = row.and_then(|row| row.workspace_zone.as_deref());
        let zone = zone.and_then(|name| jiff::tz::TimeZone::get(name).ok());
        let own = || self.calendar.day_of(self.now);
        let today = zone.map_or_else(own, |zone| Calendar::new(zone).day_of(self.now));
        let found = || row.and_then(|row| row.category.clone());
        let category = self.settings.category.clone().or_else(found);
        let bench = Bench {
            settings: &self.settings,
            policy: self.policy.as_ref(),
            account: self.account.as_ref(),
            category: category.as_ref(),
            calendar: &self.calendar,
            today,
            settled: Settled::default(),
            rulings: &self.rulings,
            books: &self.books,
            now: self.now,
        };
        bench.with_rules(&loaded.head, |rules| due::due(&loaded.session, rules))
    }

    /// What is others' of its time: of those that worked in the same hours each claims in the order of its rank.
    fn others(
        &mut self,
        tx: &Tx<'_>,
        id: SessionRef,
        loaded: &super::session::Loaded,
    ) -> Result<Vec<crate::ledger::overlap::Theirs>, Error> {
        let worked = loaded.session.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent);
        let range =
            worked.map(|(span, _)| (span.start, span.end)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let Some(range) = range else { return Ok(Vec::new()) };
        let own = shares::rank(tx, loaded)?;
        let mut before: BTreeMap<(Rank, SessionRef), super::session::Loaded> = BTreeMap::new();
        for other in tx.working_within(range)?.into_iter().filter(|other| *other != id) {
            let scope = self.account.as_ref();
            let Some(theirs) = Clerk::load(tx, self.policy.as_mut(), scope, other, None, self.now)? else {
                continue;
            };
            let rank = shares::rank(tx, &theirs)?;
            if rank.is_before(&own) {
                before.insert((rank, other), theirs);
            }
        }
        let mut known = Shares::default();
        for ((rank, other), mut theirs) in before {
            theirs.session.others = known.others(tx, self.account.as_ref(), &theirs, &rank)?;
            let claim = self.sheet(&theirs).claim;
            known.note(other, rank, claim, theirs.session.covered);
        }
        known.others(tx, self.account.as_ref(), loaded, &own)
    }
}

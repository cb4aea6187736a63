//! `keitod assign`: work that is on no record yet, or on one that certainly never arrived, mapped after the fact.
//!
//! The preview is the thing itself in a transaction that is rolled back: what it shows is what the same with `sure` does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Clerk;
use super::acts::{ActError, Refused};
use super::assign_plan::Room;
use super::assigned::Target;
use super::decision::{Decision, Ruling};
use crate::config::Pattern;
use crate::model::{Agent, Day, Instant, KeitodId, Link, Usd};

/// Which facts: all that all of these mean.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    /// A session by its agent's id, or the beginning of one.
    pub session: Option<String>,
    /// An agent.
    pub agent: Option<Agent>,
    /// Directories, and all below them.
    pub dir: Option<Pattern>,
    /// From this local day on.
    pub from: Option<Day>,
    /// Up to this local day.
    pub to: Option<Day>,
}

/// What is to be done with them.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignOrder {
    /// Which.
    pub select: Selector,
    /// Where they go; `None`: where they went.
    pub target: Option<Target>,
    /// The date that those are sent on whose own is locked.
    pub spent: Option<Day>,
    /// Open entries at Keito go there too.
    pub moves: bool,
    /// Do it; else tell what it would do.
    pub sure: bool,
}

/// Where work is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Where {
    /// Project and task.
    pub link: Option<(String, String)>,
    /// Held for this reason.
    pub held: Option<&'static str>,
    /// Never sent.
    pub excluded: bool,
}

/// How much.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Entries.
    pub entries: u64,
    /// Their time.
    pub seconds: u64,
    /// Expenses.
    pub expenses: u64,
    /// Their requests.
    pub requests: u64,
    /// Their cost, as far as it is priced.
    pub usd: Option<Usd>,
}

/// An entry at Keito.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its id.
    pub id: KeitodId,
    /// Its day.
    pub day: Day,
    /// Where it is.
    pub from: Link,
    /// Its time.
    pub seconds: u64,
}

/// What came of it, or would.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Sessions with such facts.
    pub sessions: usize,
    /// What changes, by day and place: before and after.
    pub rows: BTreeMap<(Day, Where), (Amounts, Amounts)>,
    /// Entries at Keito that are moved.
    pub moves: Vec<Moved>,
    /// What is selected and stays where it is, and why.
    pub stays: BTreeMap<&'static str, Amounts>,
    /// It is done.
    pub done: bool,
}

impl Clerk {
    /// Maps what is selected elsewhere, or tells what that would change.
    ///
    /// # Errors
    /// If nothing is selected or it makes no sense, or of the database.
    pub fn assign(&mut self, order: &AssignOrder, now: Instant) -> Result<Assigned, ActError> {
        let (calendar, _) = self.calendar();
        let (category, today) = (self.category(), self.workspace_today(now, &calendar));
        if let Some(date) = order.spent.filter(|date| *date > today) {
            return Err(Refused::DateAhead { date, today }.into());
        }
        let Self { store, settings, policy, account, appended, settled, rulings, shares, books, .. } = self;
        let Some(scope) = account.as_ref() else { return Err(Refused::NoAccount.into()) };
        let mut room = Room {
            settings,
            policy: policy.as_mut(),
            scope,
            appended,
            settled: *settled,
            rulings,
            shares,
            books,
            calendar: &calendar,
            category: category.as_ref(),
            today,
            order,
            now,
        };
        let plan = store.rehearse(|tx| room.plan(tx))?;
        if let Some(refused) = plan.refused {
            return Err(refused.into());
        }
        if !order.sure || plan.decided.is_empty() {
            return Ok(plan.found);
        }
        let of = scope.of.clone();
        let done = store.transact(|tx| {
            let mut plan = room.plan(tx)?;
            let decision = |assignment| Decision {
                at: now,
                account: Some(of.clone()),
                ruling: Ruling::Assign(Box::new(assignment)),
            };
            // Written down first, committed then: a crash between the two leaves what is obeyed at the next start.
            room.rulings.write(std::mem::take(&mut plan.decided).into_iter().map(decision).collect())?;
            if settings.shares {
                tx.recheck_all()?;
            }
            Ok(plan)
        });
        let assigned = Arc::new(rulings.assignments(&of));
        shares.clear();
        if let Some(scope) = account.as_mut() {
            scope.assigned = assigned;
        }
        let mut found = done?.found;
        found.done = true;
        Ok(found)
    }
}

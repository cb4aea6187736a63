//! The rules in force for one session, put together from settings, policy, account and decisions.

use std::time::Duration;

use super::books::Books;
use super::rulings::{Rulings, approves};
use super::{Detail, Policy, Scope, Settings, Settled};
use crate::ledger::days::Calendar;
use crate::ledger::due::{self, Rules};
use crate::ledger::held::Held;
use crate::model::{CategoryId, Day, Instant, Kind, Link, Tokens};
use crate::store::SessionHead;

/// What rules are made of.
pub(super) struct Bench<'a> {
    pub(super) settings: &'a Settings,
    pub(super) policy: &'a dyn Policy,
    pub(super) account: Option<&'a Scope>,
    pub(super) category: Option<&'a CategoryId>,
    pub(super) calendar: &'a Calendar,
    pub(super) today: Day,
    pub(super) settled: Settled,
    pub(super) rulings: &'a Rulings,
    pub(super) books: &'a Books,
    pub(super) now: Instant,
}

impl Bench<'_> {
    /// Works with the rules for a session.
    pub(super) fn with_rules<R>(&self, head: &SessionHead, work: impl FnOnce(&Rules<'_>) -> R) -> R {
        let Self { settings, policy, account, .. } = *self;
        let agent = &head.agent;
        let zero = |done: bool, wait: Duration| if done { Duration::ZERO } else { wait };
        let currency = account.and_then(|scope| scope.row.currency.clone());
        let known = account.is_some_and(|scope| scope.row.me_at.is_some());
        // Without an account nobody knows category and currency: then neither holds anything yet.
        let held = |day| {
            let rate = || policy.factor(&Detail::default(), day, currency.as_deref()).err();
            if !known { None } else { self.category.is_none().then_some(Held::NoCategory).or_else(rate) }
        };
        let books = self.books.known().filter(|_| settings.checks_links && account.is_some());
        let closed = |link: &Link, kind: Kind| {
            let task = (kind == Kind::Entry).then_some(&link.task);
            books.is_some_and(|books| books.check(&link.project, task).is_err())
        };
        let price = |request: &due::Request, tokens: &Tokens| policy.price(agent, request, tokens);
        let of = account.filter(|_| settings.review).map(|scope| &scope.of);
        let approvals = self.rulings.approved_requests(of, agent);
        let approved = |request: &due::Request| approves(&approvals, request);
        let approved_time =
            account.map(|scope| self.rulings.approved_time(Some(&scope.of), (agent, &head.native)));
        work(&Rules {
            now: self.now,
            admitted: settings.admitted(account, agent),
            calendar: self.calendar,
            today: self.today,
            time_settle: zero(self.settled.time, settings.time_settle),
            time_update: zero(self.settled.time, settings.time_update),
            expense_settle: zero(self.settled.expenses, settings.expense_settle),
            min_seconds: settings.min_seconds,
            max_seconds: settings.max_seconds,
            bill_estimates: policy.bill_estimates(agent),
            review: settings.review,
            approved: &approved,
            approved_time: &approved_time.unwrap_or_default(),
            entries_held: policy.entries_held(agent),
            closed: &closed,
            expenses_held: &held,
            price: &price,
        })
    }
}

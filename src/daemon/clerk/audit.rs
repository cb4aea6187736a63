//! What an audit needs of the clerk: a range, leave to ask, our side, and a place for the outcome.

use std::collections::{BTreeMap, BTreeSet};

use super::Clerk;
use crate::coverage::Listed;
use crate::coverage::audit::{Found, Ours, audit};
use crate::deliver::{Gate, Outcome};
use crate::model::{Agent, Amount, Day, Instant, KeitodId, Kind, UserId};
use crate::status::Audit;
use crate::store::{Error, audit_key};

/// What is to be listed, and what stood before it was.
#[derive(Debug, Clone)]
pub struct Asked {
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// Only this user's.
    pub user: Option<UserId>,
    /// When the listing began.
    pub began: Instant,
    /// States of entries that were ours then: an older listing shows them although newer ones are confirmed since.
    before: BTreeMap<KeitodId, Vec<(Amount, u64)>>,
}

/// Whether a request of an audit may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticket {
    /// It may, and is counted.
    Go,
    /// Not before.
    At(Instant),
    /// Delivery is paused, or nobody is delivered to.
    Closed,
}

impl Clerk {
    /// The range to list. Without days it is that of the last 30 days and of all later ones with records.
    ///
    /// # Errors
    /// Of the database.
    pub fn ask_audit(
        &self,
        from: Option<Day>,
        to: Option<Day>,
        now: Instant,
    ) -> Result<Option<Asked>, Error> {
        let Some(scope) = &self.account else { return Ok(None) };
        let view = self.store.view();
        let today = self.calendar().0.day_of(now);
        let month = today.checked_sub(jiff::Span::new().days(30)).unwrap_or(today);
        let last = view.days_of_records(scope.id)?.map_or(today, |(_, last)| last.max(today));
        let to = to.unwrap_or(last).max(from.unwrap_or(Day::MIN));
        let from = from.unwrap_or(month).min(to);
        let user = match scope.row.user.clone() {
            Some(user) if !view.has_other_owner(scope.id, &user, (from, to))? => Some(user),
            _ => None,
        };
        let entries = view.audited(scope.id, Kind::Entry, (from, to), &[], now)?;
        let before = entries.into_iter().map(|own| (own.keitod_id, own.ours)).collect();
        Ok(Some(Asked { from, to, user, began: now, before }))
    }

    /// Whether a request may leave now; if so it is counted by the one limiter.
    ///
    /// # Errors
    /// Of the database.
    pub fn ticket(&mut self, now: Instant) -> Result<Ticket, Error> {
        let Some(scope) = &self.account else { return Ok(Ticket::Closed) };
        if scope.desk.gate(now) != Gate::Open {
            return Ok(Ticket::Closed);
        }
        let mut polled = super::Polled::default();
        if self.spend(now, false, &mut polled)? {
            return Ok(Ticket::Go);
        }
        Ok(polled.wake.map_or(Ticket::Closed, |wake| Ticket::At(wake.at)))
    }

    /// What came of a request tells of the line as any other does.
    ///
    /// # Errors
    /// Of the database.
    pub fn heard<T>(&mut self, outcome: &Outcome<T>, now: Instant, random: u32) -> Result<(), Error> {
        self.note(outcome, now, random);
        self.save_account()
    }

    /// Compares whole listings with our side, and how many records of ours that were.
    ///
    /// # Errors
    /// Of the database.
    pub fn audit(&self, asked: &Asked, rows: &[Listed]) -> Result<(Vec<Found>, usize), Error> {
        let Some(scope) = &self.account else { return Ok((Vec::new(), 0)) };
        let (view, range) = (self.store.view(), (asked.from, asked.to));
        let settled = asked.began.minus(self.settings.grace);
        let posted = || rows.iter().filter_map(|row| Some((row.kind, row.posted.as_ref()?)));
        let mut records = Vec::new();
        for kind in [Kind::Entry, Kind::Expense] {
            let ids: Vec<&str> =
                posted().filter(|(of, _)| *of == kind).map(|(_, posted)| posted.keitod_id.as_str()).collect();
            records.extend(view.audited(scope.id, kind, range, &ids, settled)?);
        }
        for own in &mut records {
            let before = asked.before.get(&own.keitod_id).into_iter().flatten();
            let older: Vec<_> = before.filter(|pair| !own.ours.contains(pair)).copied().collect();
            own.ours.splice(0..0, older);
        }
        let sessions: BTreeSet<(&str, &str)> = posted()
            .filter(|(kind, _)| *kind == Kind::Entry)
            .map(|(_, posted)| (posted.agent.as_str(), posted.session.as_str()))
            .collect();
        let mut counted = BTreeMap::new();
        for (agent, native) in sessions {
            let time = view.counted_of(agent, native)?;
            if !time.is_empty() {
                counted.insert((agent.to_owned(), native.to_owned()), time);
            }
        }
        let mut requests = BTreeMap::new();
        let excess = posted().filter(|(kind, posted)| *kind == Kind::Expense && posted.excess);
        let mut of_model: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for (_, posted) in excess {
            *of_model.entry((&posted.agent, &posted.model)).or_default() += 1;
        }
        for (agent, model) in of_model.into_iter().filter(|(_, parts)| *parts > 1).map(|(of, _)| of) {
            let like = || {
                posted()
                    .map(|(_, posted)| posted)
                    .filter(|of| (of.agent.as_str(), of.model.as_str()) == (agent, model))
            };
            let (first, last) = (like().map(|of| of.first_at).min(), like().map(|of| of.last_at).max());
            let (Some(first), Some(last)) = (first, last) else { continue };
            let found = view.finals(scope.id, &Agent::new(agent), model, (first, last))?;
            requests.insert((agent.to_owned(), model.to_owned()), found);
        }
        let compared = records.len();
        let (user, machine) = (scope.row.user.clone(), self.settings.machine.clone());
        Ok((audit(&Ours { records, counted, requests, user, machine }, rows), compared))
    }

    /// When this account was last audited.
    ///
    /// # Errors
    /// Of the database.
    pub fn audited_at(&self) -> Result<Option<Instant>, Error> {
        let Some(scope) = &self.account else { return Ok(None) };
        let text = self.store.view().meta(&audit_key(scope.id))?;
        let last = text.and_then(|text| serde_json::from_str::<Audit>(&text).ok());
        Ok(last.and_then(|last| Instant::parse(&last.at)))
    }

    /// Remembers the outcome, for the status.
    ///
    /// # Errors
    /// Of the database.
    pub fn remember_audit(&mut self, outcome: &Audit) -> Result<(), Error> {
        let Some(scope) = &self.account else { return Ok(()) };
        let text = serde_json::to_string(outcome).unwrap_or_default();
        let key = audit_key(scope.id);
        self.store.transact(|tx| tx.set_meta(&key, &text))
    }

    /// Whether nothing is on its way: an audit lists for long, and what is due goes first.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.caught_up
            && self.given.sends().next().is_none()
            && self.lines.iter().all(|line| line.paging.is_none())
    }
}

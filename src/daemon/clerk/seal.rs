//! Sealing: what is due becomes records with fixed bytes, in one transaction with what they bill.

use std::sync::Arc;
use std::time::Duration;

use super::bench::Bench;
use super::bodies::{self, Sheetwork};
use super::days::{self, Members};
use super::decision::{Decision, Ruling};
use super::session::Loaded;
use super::{Clerk, Policy, Scope, Settings, shares};
use crate::ledger::days::Calendar;
use crate::ledger::due::{self, DueEntry, DueExpense};
use crate::ledger::stretches;
use crate::model::{Amount, Covers, Hours, Instant, KeitodId, Kind, ModelName, Tokens, Usd, hash64, hash128};
use crate::store::{Error, Frozen, NewRecord, NewWrite, OwnState, RecordRow, TallyOf, Tx};

/// What sealing works with inside one transaction.
pub(super) struct Desk<'a, 'tx> {
    pub(super) tx: &'a Tx<'tx>,
    pub(super) policy: &'a dyn Policy,
    pub(super) settings: &'a Settings,
    pub(super) scope: &'a Scope,
    pub(super) category: Option<&'a crate::model::CategoryId>,
    pub(super) calendar: &'a Calendar,
    pub(super) now: Instant,
}

impl Clerk {
    /// Computes what is due of changed sessions, notes what waits, and seals what is ready. Returns how many it did.
    pub(super) fn check_sessions(&mut self, now: Instant) -> Result<usize, Error> {
        let (calendar, may_pin) = self.calendar();
        let category = self.category();
        let today = self.workspace_today(now, &calendar);
        let Self {
            store,
            settings,
            policy,
            account,
            caught_up,
            appended,
            settled,
            rulings,
            shares,
            formats,
            books,
            ..
        } = self;
        // Without `/users/me` or a configured zone the days could still move.
        let sealing = rulings.obeyed
            && *caught_up
            && may_pin
            && account.as_ref().is_some_and(|scope| scope.row.me_at.is_some());
        let (mut pinned, mut count, mut again) = (None, 0, false);
        let sealing = sealing && (!settings.checks_links || books.is_settled());
        let done = store.transact(|tx| {
            if std::mem::take(&mut shares.stale) {
                tx.recheck_all()?;
            }
            let sessions = match settings.shares {
                true => tx.sessions_to_check_by_rank(now, super::BATCH)?,
                false => tx.sessions_to_check(now, super::BATCH)?,
            };
            for id in sessions {
                count += 1;
                let guarded = tx.guarded(|| {
                    let seen = appended.get(&id).copied();
                    let Some(mut loaded) = Self::load(tx, policy.as_mut(), account.as_ref(), id, seen, now)?
                    else {
                        return Ok(());
                    };
                    if let Some(scope) = account.as_ref().filter(|_| settings.per_day) {
                        loaded.session.entries = days::open_entries(tx, scope, &loaded, &calendar)?;
                    }
                    let (policy, account) = (policy.as_ref(), account.as_ref());
                    let (category, settled) = (category.as_ref(), *settled);
                    let (calendar, rulings, books) = (&calendar, &*rulings, &*books);
                    let bench = Bench {
                        settings,
                        policy,
                        account,
                        category,
                        calendar,
                        today,
                        settled,
                        rulings,
                        books,
                        now,
                    };
                    let head = loaded.head.clone();
                    let rank = if settings.shares { Some(shares::rank(tx, &loaded)?) } else { None };
                    if let Some(rank) = &rank {
                        loaded.session.others = shares.others(tx, account, &loaded, rank)?;
                    }
                    bench.with_rules(&head, |rules| {
                        let mut sheet = due::due(&loaded.session, rules);
                        let mut ready_at = sheet.ready_at;
                        let stopped = formats.is_stopped(&head.agent);
                        if let Some(scope) = account.filter(|_| sealing && !stopped) {
                            let desk = Desk { tx, policy, settings, scope, category, calendar, now };
                            let sealed = desk.seal(&loaded, &sheet.entries, &sheet.expenses)?;
                            if sealed.any {
                                pinned = calendar.name().map(str::to_owned);
                            }
                            if sealed.wait {
                                let later = now.plus(Duration::from_secs(3600));
                                ready_at = Some(ready_at.map_or(later, |at| at.min(later)));
                            }
                            if sealed.any {
                                // What was sealed is open no more; what remains is computed afresh.
                                Self::reload(tx, &mut loaded, scope)?;
                                sheet = due::due(&loaded.session, rules);
                            }
                        } else if !sheet.entries.is_empty() || !sheet.expenses.is_empty() {
                            // It is ready, but nobody to send to, or its agent is stopped: the account's arrival, or
                            // the alarm's end, has all computed again.
                            ready_at = None;
                        }
                        tx.save_sheet(id, &sheet, ready_at)?;
                        if let Some(rank) = rank {
                            for other in shares.note(id, rank, sheet.claim, loaded.session.covered) {
                                (again, _) = (true, tx.recheck(other)?);
                            }
                        }
                        Ok(())
                    })
                })?;
                if guarded.is_none() {
                    super::poison::set_aside(tx, id, today)?;
                }
            }
            let unpinned = account.as_mut().filter(|scope| scope.row.zone.is_none());
            if let (Some(zone), Some(scope)) = (&pinned, unpinned) {
                let ruling = Ruling::Zone(zone.clone(), None);
                rulings.write(vec![Decision { at: now, account: Some(scope.of.clone()), ruling }])?;
                scope.row.zone = Some(zone.clone());
                tx.save_account(scope.id, &scope.row)?;
            }
            Ok(())
        });
        shares.stale |= done.is_err();
        done?;
        Ok(if again { count.max(super::BATCH) } else { count })
    }

    /// The session after sealing: the same facts with the new `billed` and `covered` rows.
    fn reload(tx: &Tx<'_>, loaded: &mut Loaded, scope: &Scope) -> Result<(), Error> {
        let session = &mut loaded.session;
        let id = loaded.head.id;
        let places: Vec<usize> = session.requests.iter().map(|request| request.place).collect();
        session.requests =
            tx.requests_for_due(Some(scope.id), id)?.into_iter().map(|(request, _)| request).collect();
        for (request, place) in session.requests.iter_mut().zip(places) {
            request.place = place;
        }
        (session.covered, session.posted_seconds, session.posted_until) = tx.covered(scope.id, id)?;
        Ok(())
    }

    pub(super) fn workspace_today(
        &self,
        now: Instant,
        calendar: &crate::ledger::days::Calendar,
    ) -> crate::model::Day {
        let row = self.account.as_ref().and_then(|scope| scope.row.workspace_zone.as_deref());
        let zone = row.and_then(|name| jiff::tz::TimeZone::get(name).ok());
        zone.map_or_else(|| calendar.day_of(now), |zone| crate::ledger::days::Calendar::new(zone).day_of(now))
    }
}

/// What [`Desk::seal`] did.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sealed {
    /// At least one write was sealed.
    any: bool,
    /// Something rounds to nothing and waits for more.
    wait: bool,
}

impl Desk<'_, '_> {
    fn seal(&self, loaded: &Loaded, entries: &[DueEntry], expenses: &[DueExpense]) -> Result<Sealed, Error> {
        let mut sealed = Sealed::default();
        for entry in entries {
            let done = self.seal_entry(loaded, entry)?;
            (sealed.any, sealed.wait) = (sealed.any | done, sealed.wait | !done);
        }
        for expense in expenses {
            let done = self.seal_expense(loaded, expense)?;
            (sealed.any, sealed.wait) = (sealed.any | done, sealed.wait | !done);
        }
        Ok(sealed)
    }

    fn seal_expense(&self, loaded: &Loaded, due: &DueExpense) -> Result<bool, Error> {
        let Some(category) = self.category else { return Ok(false) };
        let (scope, tx) = (self.scope, self.tx);
        let detail = &loaded.spots[due.place].detail;
        let Ok(factor) = self.policy.factor(detail, due.day, scope.row.currency.as_deref()) else {
            return Ok(false);
        };
        let mut work = Sheetwork::default();
        for item in &due.items {
            work.add(item);
        }
        let currency = scope.row.currency.as_deref().unwrap_or_default();
        let of = TallyOf { account: scope.id, link: &due.link, day: due.day, model: &due.model, currency };
        let (exact, sent) = tx.tally(of)?;
        let adopted = crate::model::Link { task: crate::model::TaskId::new(""), ..due.link.clone() };
        let (adopted_exact, adopted_sent) = tx.tally(TallyOf { link: &adopted, ..of })?;
        let Some(local) = factor.apply(work.usd.0) else { return Err(Error::Impossible("amount")) };
        let decimals = super::currency::decimals(scope, self.settings);
        let amount = Amount::next(exact + adopted_exact + local, sent + adopted_sent, decimals);
        if amount.units <= 0 {
            return Ok(false);
        }
        let covers = Covers::of(due.items.iter().map(|item| item.key.0));
        let mut record = NewRecord {
            keitod_id: expense_id(&loaded.head.agent, &due.model, covers, due.excess, &work.total),
            kind: Kind::Expense,
            session: Some(loaded.head.id),
            day: due.day,
            link: due.link.clone(),
            model: due.model.to_string(),
            part: 1,
            excess: due.excess,
            first_at: work.first_at,
            last_at: work.last_at,
            seconds: 0,
            requests: due.items.len() as u64,
            amount: Some(amount),
            usd: Some(work.usd),
            remote: None,
            assumed: false,
        };
        if tx.record_by_id(scope.id, &record.keitod_id)?.is_some() {
            // The very same tokens were sealed before and given up: a person decides.
            return Ok(false);
        }
        record.part = tx.next_part(scope.id, &record)?;
        let Ok(body) = bodies::expense(self, loaded, due, &record, covers, &work, &factor, category) else {
            return Ok(false);
        };
        let id = tx.insert_record(scope.id, &record, false)?;
        let frozen = Frozen {
            exact: local,
            currency: currency.to_owned(),
            rate: factor.rate.clone(),
            markup: detail.markup_percent.clone(),
            basis: Some(due.basis.code().to_owned()),
        };
        tx.freeze(id, &frozen)?;
        for item in &due.items {
            tx.bill(scope.id, item.id, id, &item.tokens, item.price.usd, &item.price.source)?;
        }
        tx.save_tally(of, (exact + local, sent + amount.pico()))?;
        tx.insert_write(&self.write(id, &record.keitod_id, false, body, 0))?;
        Ok(true)
    }

    fn seal_entry(&self, loaded: &Loaded, due: &DueEntry) -> Result<bool, Error> {
        // A like place of this session may have made the day's entry a moment ago.
        let made = if self.settings.per_day && due.grow.is_none() {
            let like = loaded.session.entries.iter().map(|entry| entry.record).collect::<Vec<_>>();
            self.tx.unsent_entry_of(self.scope.id, loaded.head.id, due.day, &due.link, &like)?
        } else {
            None
        };
        match due.grow.or(made) {
            None => self.seal_new_entry(loaded, due),
            Some(record) => {
                let Some(record) = self.tx.record(record)? else { return Ok(false) };
                self.seal_growth(loaded, due, record)
            }
        }
    }

    fn seal_new_entry(&self, loaded: &Loaded, due: &DueEntry) -> Result<bool, Error> {
        let (scope, tx) = (self.scope, self.tx);
        let seconds = stretches::seconds(&due.stretches);
        let hours = Hours::from_seconds(seconds);
        let (Some((first, _)), Some((_, last))) = (due.stretches.first(), due.stretches.last()) else {
            return Ok(false);
        };
        if hours.hundredths == 0 {
            return Ok(false);
        }
        let first = if self.settings.per_day { self.first_of_day(loaded, due.day, *first)? } else { *first };
        let (first_at, last_at) = (Instant::from_seconds(first), Instant::from_seconds(*last));
        let agent = &loaded.head.agent;
        let keitod_id = if self.settings.per_day {
            let earlier = tx.seconds_of_day(scope.id, loaded.head.id, due.day, &due.link)?;
            days::entry_id(agent, due.day, &due.link, first, earlier)
        } else {
            let (_, earlier, _) = tx.covered(scope.id, loaded.head.id)?;
            entry_id(agent, loaded.head.native.as_str(), first_at, earlier)
        };
        let mut record = NewRecord {
            keitod_id,
            kind: Kind::Entry,
            session: Some(loaded.head.id),
            day: due.day,
            link: due.link.clone(),
            model: String::new(),
            part: 1,
            excess: false,
            first_at,
            last_at,
            seconds,
            requests: 0,
            amount: None,
            usd: None,
            remote: None,
            assumed: false,
        };
        if tx.record_by_id(scope.id, &record.keitod_id)?.is_some() {
            return Ok(false);
        }
        let facts = bodies::EntryFacts::of(loaded, due);
        record.model.clone_from(&facts.model);
        record.part = tx.next_part(scope.id, &record)?;
        let members = Members::only(loaded, self.settings.per_day);
        let of = (&record, &members, &facts);
        let Ok(body) = bodies::entry(self, loaded, due, of, hours) else { return Ok(false) };
        let id = tx.insert_record(scope.id, &record, false)?;
        let write = tx.insert_write(&self.write(id, &record.keitod_id, false, body, seconds))?;
        tx.cover(scope.id, loaded.head.id, id, Some(write), &due.stretches)?;
        self.remember_sent(id, hours, seconds)?;
        Ok(true)
    }

    fn seal_growth(&self, loaded: &Loaded, due: &DueEntry, mut record: RecordRow) -> Result<bool, Error> {
        let (scope, tx) = (self.scope, self.tx);
        let seconds = record.new.seconds + stretches::seconds(&due.stretches);
        let hours = Hours::from_seconds(seconds);
        // Copies whose original is gone are told by an entry's instants: time from before its first one counts too.
        if let (Some((first, _)), Some((_, last))) = (due.stretches.first(), due.stretches.last()) {
            record.new.first_at = record.new.first_at.min(Instant::from_seconds(*first));
            record.new.last_at = record.new.last_at.max(Instant::from_seconds(*last));
        }
        record.new.seconds = seconds;
        let members = Members::with(tx, &record, loaded, self.settings.per_day)?;
        let facts = if members.named {
            bodies::EntryFacts::beside(tx.requests_within(record.id)?, loaded, due)
        } else {
            bodies::EntryFacts::of(loaded, due)
        };
        let unsent = tx.unfinished_of(record.id)?.filter(days::can_change);
        let patch = unsent.as_ref().is_none_or(|write| write.patch);
        let of = (&record.new, &members, &facts);
        let body = if patch {
            bodies::growth(self, loaded, due, of, hours)
        } else {
            bodies::entry(self, loaded, due, of, hours)
        };
        let Ok(body) = body else { return Ok(false) };
        let new = self.write(record.id, &record.new.keitod_id, patch, body, seconds);
        let write = match unsent {
            None => tx.insert_write(&new)?,
            Some(unsent) => {
                // What it was to say never left: it is no state that a listing could show.
                record.ours.pop();
                tx.reseal(unsent.id, &new)?;
                unsent.id
            }
        };
        tx.cover(scope.id, loaded.head.id, record.id, Some(write), &due.stretches)?;
        tx.save_record(&record)?;
        self.remember_sent(record.id, hours, seconds)?;
        Ok(true)
    }

    /// Before the first byte leaves we know which states of the entry are ours.
    fn remember_sent(&self, id: crate::model::RecordRef, hours: Hours, seconds: u64) -> Result<(), Error> {
        let Some(mut record) = self.tx.record(id)? else { return Ok(()) };
        record
            .ours
            .push(OwnState { hours: Amount { units: i128::from(hours.hundredths), decimals: 2 }, seconds });
        self.tx.save_record(&record)
    }

    fn write(
        &self,
        record: crate::model::RecordRef,
        id: &KeitodId,
        patch: bool,
        body: Vec<u8>,
        seconds: u64,
    ) -> NewWrite {
        let method: &[u8] = if patch { b"PATCH" } else { b"POST" };
        let idempotency = format!("{id}-{:016x}", hash64(&[method, &body]));
        NewWrite { record, patch, body, idempotency, seconds, sealed_at: self.now }
    }

    /// The model's name as a newtype.
    pub(super) fn model(name: &str) -> ModelName {
        ModelName::new(if name.is_empty() { "unknown" } else { name })
    }
}

/// Of an expense: what it covers, and all tokens that records hold of these requests with this part.
fn expense_id(
    agent: &crate::model::Agent,
    model: &Arc<str>,
    covers: Covers,
    excess: bool,
    total: &Tokens,
) -> KeitodId {
    let counts: Vec<u8> = total.classes().iter().flat_map(|count| count.to_be_bytes()).collect();
    let parts: [&[u8]; 6] = [
        b"expense",
        agent.as_str().as_bytes(),
        model.as_bytes(),
        &covers.0.to_be_bytes(),
        &[u8::from(excess)],
        &counts,
    ];
    KeitodId::new(format!("k1{:032x}", hash128(&parts)))
}

/// Of an entry: where its time begins, and how much of the session earlier entries hold.
fn entry_id(agent: &crate::model::Agent, session: &str, first_at: Instant, earlier: u64) -> KeitodId {
    let (first, earlier) = (first_at.millis().to_be_bytes(), earlier.to_be_bytes());
    let parts: [&[u8]; 5] = [b"entry", agent.as_str().as_bytes(), session.as_bytes(), &first, &earlier];
    KeitodId::new(format!("k1{:032x}", hash128(&parts)))
}

/// Sum of pico-USD.
pub(super) fn add(a: Usd, b: Usd) -> Usd {
    a.plus(b)
}

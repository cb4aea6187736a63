//! Adoption: a listed record that we do not know bills what it covers (design section 6).

use std::collections::{BTreeMap, BTreeSet};

use super::Clerk;
use super::laying::free_of;
use super::listing::{Work, undo_tally};
use crate::coverage::{self, Candidate, Listed, Posted, Taken};
use crate::ledger::due;
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::{self, Stretch, common, less};
use crate::model::{
    Agent, Amount, Instant, Kind, Link, ProjectId, RecordRef, RequestRef, SessionRef, TaskId, Tokens, Usd,
};
use crate::store::{Error, NewRecord, OwnState, RecordRow, RecordState, TallyOf, WriteRow, WriteState};

/// The first and the last append that the running daemon saw, per session.
pub(super) type Appended = std::collections::HashMap<SessionRef, (Instant, Instant)>;

/// The unknown entries of one session in a listing.
#[derive(Debug, Default)]
struct Group {
    ranges: Vec<Stretch>,
    seconds: u64,
}

/// The seconds of a session inside some ranges that somebody may have been billed for.
fn inside(session: &due::Session, ranges: &[Stretch]) -> u64 {
    let billable = session.spans.iter().filter(|(span, place)| {
        span.kind == SpanKind::Agent && session.places[*place] != due::Place::Excluded
    });
    let parts = billable.flat_map(|(span, _)| {
        ranges.iter().map(|(first, last)| (span.start.max(*first), span.end.min(*last)))
    });
    stretches::seconds(&stretches::union(parts.filter(|(start, end)| start < end).collect()))
}

impl Work<'_, '_> {
    /// Adopts records that we do not know: parts first, excess last, so that excess finds what it adds to.
    pub(super) fn adopt(
        &mut self,
        mut unknown: Vec<(&Listed, &Posted)>,
        appended: &Appended,
    ) -> Result<(), Error> {
        // Of entries over the same time the one that ends first has the least choice where its seconds may lie.
        unknown.sort_by_key(|(row, posted)| (posted.excess, posted.last_at, posted.first_at, row.id.clone()));
        for (row, posted) in &unknown {
            self.make_way(row, posted)?;
        }
        let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
        for (_, posted) in &unknown {
            let group = groups.entry((&posted.agent, &posted.session)).or_default();
            group.ranges.push((posted.first_at.seconds(), posted.last_at.seconds()));
            group.seconds += posted.seconds;
        }
        for (row, posted) in &unknown {
            // Twins under one id: the second is known by now.
            if self.tx.record_by_id(self.scope.id, &posted.keitod_id)?.is_some() {
                continue;
            }
            match self.whole.kind {
                Kind::Expense => self.adopt_expense(row, posted)?,
                Kind::Entry => {
                    let group = groups.entry((&posted.agent, &posted.session)).or_default();
                    self.adopt_entry(row, posted, group, appended)?;
                }
            }
            if row.amount.is_some() || row.hours.is_some() {
                match self.whole.kind {
                    Kind::Entry => self.scope.row.proved_entry = true,
                    Kind::Expense => self.scope.row.proved_expense = true,
                }
            }
        }
        Ok(())
    }

    /// Makes way for a record that we did not know: a sealed write that may cover the same facts is dissolved if it
    /// never left, and in conflict if it was attempted.
    pub(super) fn make_way(&self, row: &Listed, posted: &Posted) -> Result<(), Error> {
        for (mut write, record) in self.dissolve_unsent(posted)? {
            if !write.patch && self.same_facts(&record, row, posted)? {
                // It may arrive yet, or has: what is there twice then only a person can repair.
                write.state = WriteState::Conflict;
                write.reason = Some(format!("{} covers the same", posted.keitod_id));
                write.ended_at = write.ended_at.or(Some(self.now));
                self.tx.save_write(&write)?;
            }
        }
        Ok(())
    }

    /// Dissolves sealed writes that never left and may cover the facts of a listed record; what remains due is sealed
    /// anew. Returns those that were attempted: they are never dissolved.
    pub(super) fn dissolve_unsent(&self, posted: &Posted) -> Result<Vec<(WriteRow, RecordRow)>, Error> {
        let mut attempted = Vec::new();
        let home = self.tx.find_session(&posted.agent, &posted.session)?;
        let copies = match self.whole.kind {
            Kind::Entry => {
                let named = self.named_sessions(posted)?;
                let range = (posted.first_at.seconds(), posted.last_at.seconds());
                let since = self.settings.since.map_or(i64::MIN, |since| since.seconds());
                let mut heirs = Vec::new();
                if let Some(home) = home {
                    heirs = self.tx.heirs(self.scope.id, home, range)?;
                }
                let heirs = heirs.into_iter().map(|(heir, _)| heir).collect();
                [named, self.tx.sessions_like(&posted.agent, range, since)?, heirs].concat()
            }
            Kind::Expense => Vec::new(),
        };
        for write in self.tx.unfinished(self.scope.id)? {
            if write.kind != self.whole.kind || write.state == WriteState::Sending {
                continue;
            }
            let Some(record) = self.tx.record(write.record)? else { continue };
            // Whose session it is may only turn out by adopting it.
            let mut meets = record.new.first_at <= posted.last_at && record.new.last_at >= posted.first_at;
            if self.whole.kind == Kind::Expense && record.new.model == posted.model {
                // One may name a request by the instant of a copy that is not the earliest any more.
                let range = (posted.first_at, posted.last_at);
                meets |= self.tx.bills_copy_within(record.id, range)?;
            }
            let touches = match self.whole.kind {
                // An entry that grew may hold time from anywhere in its session, or in a copy of it.
                Kind::Entry => {
                    let of = |session| Some(session) == home || copies.contains(&session);
                    meets || self.tx.sessions_on(record.id)?.iter().any(|(id, _)| of(*id))
                }
                Kind::Expense => meets && record.new.model == posted.model,
            };
            if !touches {
                continue;
            }
            if write.attempts == 0 {
                undo_tally(self.tx, self.scope, &record)?;
                self.tx.dissolve(&write)?;
            } else if meets {
                attempted.push((write, record));
            }
        }
        Ok(attempted)
    }

    /// Whether a foreign record certainly covers facts of one of ours.
    fn same_facts(&self, record: &RecordRow, row: &Listed, posted: &Posted) -> Result<bool, Error> {
        if self.whole.kind == Kind::Entry {
            let home = self.tx.find_session(&posted.agent, &posted.session)?;
            let place = record.new.day == row.day && record.new.link.project.as_str() == row.project;
            let named = self.named_sessions(posted)?;
            let same = record.new.session.is_some_and(|own| Some(own) == home || named.contains(&own));
            return Ok(same && place);
        }
        let Some(keys) = &posted.keys else { return Ok(false) };
        let (agent, range) = (Agent::new(&posted.agent), (posted.first_at, posted.last_at));
        let ours = self.tx.billed_by(record.id)?;
        let all = self.tx.billed_candidates(self.scope.id, &agent, &posted.model, range)?;
        let hit = |candidate: &Candidate| {
            candidate.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok())
        };
        Ok(posted.excess == record.new.excess
            && all.iter().any(|found| ours.contains(&found.id) && hit(found)))
    }

    pub(super) fn record_of(&self, row: &Listed, posted: &Posted, session: Option<SessionRef>) -> NewRecord {
        NewRecord {
            keitod_id: posted.keitod_id.clone(),
            kind: self.whole.kind,
            session,
            day: row.day,
            link: Link { project: ProjectId::new(&row.project), task: TaskId::new(&row.task) },
            model: posted.model.clone(),
            part: posted.part,
            excess: posted.excess,
            first_at: posted.first_at,
            last_at: posted.last_at,
            seconds: posted.seconds,
            requests: posted.requests,
            amount: row.amount,
            usd: posted.usd.map(Usd),
            remote: Some(row.id.clone()),
            assumed: false,
        }
    }

    pub(super) fn adopt_expense(&mut self, row: &Listed, posted: &Posted) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let home = tx.find_session(&posted.agent, &posted.session)?;
        if posted.excess {
            return self.adopt_excess(row, posted, home);
        }
        let taken = self.requests_of(posted, home)?;
        let shared = self.shared_with(posted, &taken.1)?;
        let mut record = self.record_of(row, posted, home);
        record.assumed = matches!(taken.1, Taken::Assumed(_));
        let id = tx.insert_record(account, &record, true)?;
        self.adopted(id)?;
        self.bill_taken(posted, home, id, taken)?;
        self.bill_shared(id, shared)?;
        self.adopt_tally(&record, posted)
    }

    /// The local requests that may be on an expense, and those that are.
    pub(super) fn requests_of(
        &mut self,
        posted: &Posted,
        home: Option<SessionRef>,
    ) -> Result<(Vec<Candidate>, Taken), Error> {
        let agent = Agent::new(&posted.agent);
        let range = (posted.first_at, posted.last_at);
        let mut candidates = self.tx.candidates(self.scope.id, &agent, &posted.model, range)?;
        for candidate in &mut candidates {
            candidate.price_row = self.price_row(&agent, candidate)?;
        }
        let taken = coverage::adopt(posted, home, &candidates);
        Ok((candidates, taken))
    }

    pub(super) fn bill_taken(
        &self,
        posted: &Posted,
        home: Option<SessionRef>,
        id: RecordRef,
        (candidates, taken): (Vec<Candidate>, Taken),
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        match taken {
            Taken::Exactly(shares) | Taken::Assumed(shares) => {
                let total: u64 = shares.len() as u64;
                for (index, (request, tokens)) in shares.iter().enumerate() {
                    // The exact cost is known for the record, not per request: the first carries it.
                    let usd = if index == 0 || total == 0 { posted.usd.unwrap_or(0) } else { 0 };
                    tx.bill(account, *request, id, tokens, Usd(usd), "adopted")?;
                }
                let sessions = candidates.iter().filter(|c| shares.iter().any(|(id, _)| *id == c.id));
                for session in sessions.map(|candidate| candidate.session) {
                    tx.recheck(session)?;
                }
            }
            Taken::Unproven { posted: theirs, local } => {
                if let Some(session) = home {
                    tx.hold_unproven(account, session, &posted.model, id, (&theirs, &local))?;
                }
            }
            Taken::Nothing => {}
        }
        Ok(())
    }

    /// Excess names the requests it adds to; it neither proves nor disproves that they are billed.
    fn adopt_excess(&mut self, row: &Listed, posted: &Posted, home: Option<SessionRef>) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let record = self.record_of(row, posted, home);
        let id = tx.insert_record(account, &record, true)?;
        self.adopted(id)?;
        let range = (posted.first_at, posted.last_at);
        let all = tx.billed_candidates(account, &Agent::new(&posted.agent), &posted.model, range)?;
        let hit = |candidate: &Candidate| {
            let listed = |keys: &Vec<[u8; 3]>| {
                candidate.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok())
            };
            posted.keys.as_ref().is_none_or(listed)
        };
        let named: Vec<RequestRef> = all.iter().filter(|found| hit(found)).map(|found| found.id).collect();
        // When a record was adopted, what its requests had grown by since was taken from any of them: it is looked for
        // at the named ones first, then at those they share a record with.
        let mut order = named.clone();
        for request in &named {
            order.extend(tx.billed_together(account, *request)?);
        }
        self.make_way_at(&order.iter().copied().collect())?;
        let mut left = posted.tokens;
        let mut seen = BTreeSet::new();
        for request in order.into_iter().filter(|request| seen.insert(*request)) {
            let Some(missing) = tx.unbilled_of(account, request)? else { continue };
            let share = least(&missing, &left);
            if !share.is_zero() {
                tx.bill(account, request, id, &share, Usd(0), "adopted")?;
                left = left.beyond(&share);
            }
        }
        if let Some(request) = named.last().filter(|_| !left.is_zero()) {
            let share = tx.billed_on(account, *request, id)?;
            left.add(&share);
            tx.bill(account, *request, id, &left, Usd(0), "adopted")?;
        }
        for request in seen {
            tx.recheck_owner(request)?;
        }
        self.adopt_tally(&record, posted)
    }

    fn adopted(&self, id: RecordRef) -> Result<(), Error> {
        let Some(mut record) = self.tx.record(id)? else { return Ok(()) };
        (record.listed_at, record.answered_at) = (Some(self.now), Some(self.now));
        self.tx.save_record(&record)
    }

    /// Rounding goes on where the records at Keito left off.
    fn adopt_tally(&self, record: &NewRecord, posted: &Posted) -> Result<(), Error> {
        let (Some(usd), Some(amount)) = (posted.usd, record.amount) else { return Ok(()) };
        let factor = super::policy::Factor::parse(posted.rate.as_deref(), posted.markup_percent.as_deref());
        let Some(local) = factor.and_then(|factor| factor.apply(usd)) else { return Ok(()) };
        // The listing does not name the task of an expense's link: these sums stand under no task, and sealing adds
        // them to those of its own.
        let (link, day, model) = (&record.link, record.day, record.model.as_str());
        // Without a rate it was USD, whatever the company has today; with one it was not, even if it has USD now.
        let today = self.scope.row.currency.as_deref().filter(|today| *today != "USD");
        let currency = posted.rate.as_ref().map_or(Some("USD"), |_| today);
        let currency = currency.unwrap_or_default();
        let of = TallyOf { account: self.scope.id, link, day, model, currency };
        let (exact, sent) = self.tx.tally(of)?;
        self.tx.save_tally(of, (exact + local, sent + amount.pico()))
    }

    fn price_row(&self, agent: &Agent, candidate: &Candidate) -> Result<String, Error> {
        let found = self.tx.requests_for_due(None, candidate.session)?;
        let request =
            found.into_iter().map(|(request, _)| request).find(|request| request.id == candidate.id);
        let Some(request) = request else { return Ok(String::new()) };
        Ok(self
            .policy
            .price(agent, &request, &request.tokens)
            .map_or_else(|held| held.code().to_owned(), |p| p.source))
    }

    /// Adopts an entry that is alone in what is read: a decision names its time exactly.
    pub(super) fn adopt_alone(
        &mut self,
        row: &Listed,
        posted: &Posted,
        appended: &Appended,
    ) -> Result<(), Error> {
        let ranges = vec![(posted.first_at.seconds(), posted.last_at.seconds())];
        self.adopt_entry(row, posted, &Group { ranges, seconds: posted.seconds }, appended)
    }

    /// Whether requests that an excess part names are on a record.
    pub(super) fn has_base(&self, posted: &Posted) -> Result<bool, Error> {
        let (agent, range) = (Agent::new(&posted.agent), (posted.first_at, posted.last_at));
        let all = self.tx.billed_candidates(self.scope.id, &agent, &posted.model, range)?;
        let named = |key: &crate::model::RequestKey| {
            posted.keys.as_ref().is_none_or(|keys| keys.binary_search(&key.prefix()).is_ok())
        };
        Ok(all.iter().any(|found| found.keys.iter().any(named)))
    }

    fn adopt_entry(
        &mut self,
        row: &Listed,
        posted: &Posted,
        group: &Group,
        appended: &Appended,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let named = if self.exact.is_none() { self.named_sessions(posted)? } else { Vec::new() };
        if !named.is_empty() {
            return self.adopt_day(row, posted, &named, appended);
        }
        let range = (posted.first_at.seconds(), posted.last_at.seconds());
        let home = tx.find_session(&posted.agent, &posted.session)?;
        let loaded = match home {
            Some(session) => {
                let seen = appended.get(&session).copied();
                Clerk::load(tx, self.policy, Some(self.scope), session, seen, self.now)?
            }
            None => None,
        };
        let own = loaded.map(|loaded| loaded.session).unwrap_or_default();
        // If the session's own time is as much as the entries hold, nobody else's is needed to explain them.
        // Where its time is named exactly, just that has to be the session's own.
        let (explained, claimed) = match &self.exact {
            Some(exact) => (inside(&own, exact) >= stretches::seconds(exact), exact.clone()),
            None => (
                inside(&own, &[range]) >= posted.seconds && inside(&own, &group.ranges) >= group.seconds,
                vec![range],
            ),
        };
        if let Some(session) = home.filter(|_| !explained) {
            let horizon = self.now.plus(due::CLOCK_AHEAD);
            for range in claimed {
                tx.claim_activities(session, range, self.settings.gaps, horizon)?;
            }
        }
        let (places, gone) = self.places(posted, home, &group.ranges)?;
        let mut record = self.record_of(row, posted, places.first().map(|(id, _)| *id).or(home));
        let mut laid: Vec<(SessionRef, Vec<Stretch>)> = Vec::new();
        let (mut left, mut rest, mut free) = (posted.seconds, self.exact.clone(), 0);
        for (session, bounds) in places {
            let seen = appended.get(&session).copied();
            let loaded = Clerk::load(tx, self.policy, Some(self.scope), session, seen, self.now)?;
            let Some(mut loaded) = loaded else { continue };
            let (own, counted) = self.stretches(&loaded.session, &record, bounds);
            let found = match &mut rest {
                None => self.lay(&mut loaded, &record.link, (left, range), (&own, &counted))?,
                // Copies have the same instants: each holds what of the time is its own here.
                Some(rest) => {
                    let counted = stretches::union(counted);
                    let found =
                        common(&less(rest, &stretches::union(loaded.session.covered.clone())), &counted);
                    *rest = less(rest, &found);
                    found
                }
            };
            left -= stretches::seconds(&found).min(left);
            let theirs = self.theirs(session, &record.link, self.overlap_of(&loaded, &record.link))?;
            free += stretches::seconds(&free_of(&found, &loaded, &theirs));
            laid.push((session, found));
            tx.recheck(session)?;
        }
        let elsewhere = laid.iter().any(|(session, found)| Some(*session) != home && !found.is_empty());
        if let (true, Some((first, found))) = (elsewhere, laid.first()) {
            // What the copies lack of it is not theirs.
            (record.session, record.seconds) = (Some(*first), stretches::seconds(found));
        }
        let id = tx.insert_record(account, &record, true)?;
        for (session, found) in &laid {
            tx.cover(account, *session, id, None, found)?;
        }
        let Some(mut record) = tx.record(id)? else { return Ok(()) };
        self.note_found(&mut record, row, posted);
        if elsewhere || gone {
            record.state = RecordState::Closed;
        }
        if free < posted.seconds && (self.settings.per_day || self.settings.shares) {
            self.doubt(id, range)?;
        }
        tx.save_record(&record)
    }

    /// How an adopted entry stands at Keito. It grows on only if the hours there are the rounding of its seconds, and
    /// nobody locked it.
    pub(super) fn note_found(&self, record: &mut RecordRow, row: &Listed, posted: &Posted) {
        (record.listed_at, record.answered_at) = (Some(self.now), Some(self.now));
        if let Some(hours) = row.hours {
            record.ours = vec![OwnState { hours, seconds: posted.seconds }];
            let plain = Amount::round(hours.pico(), 12).pico() == hours_of(posted.seconds).pico();
            let open = !row.frozen && (plain || self.rounds_up(hours, posted.seconds));
            record.state = if open { RecordState::Live } else { RecordState::Closed };
        }
    }

    /// Workspaces round up to 5, 6, 10, 15 or 30 minutes, or to the nearest such step.
    fn rounds_up(&self, hours: Amount, seconds: u64) -> bool {
        let hour = 1_000_000_000_000_i128;
        [300_u64, 360, 600, 900, 1800].iter().any(|step| {
            let (down, up) = (seconds / step * step, seconds.div_ceil(*step) * step);
            [down, up].iter().any(|rounded| i128::from(*rounded) * hour / 3600 == hours.pico())
        })
    }

    /// The session's counted stretches inside `bounds`: those of the record's own link, and all.
    pub(super) fn stretches(
        &self,
        session: &due::Session,
        record: &NewRecord,
        bounds: Option<Stretch>,
    ) -> (Vec<Stretch>, Vec<Stretch>) {
        let (from, to) = bounds.unwrap_or((i64::MIN, i64::MAX));
        let (mut own, mut all) = (Vec::new(), Vec::new());
        for (span, place) in session.spans.iter().filter(|(span, _)| span.kind == SpanKind::Agent) {
            let link = match &session.places[*place] {
                due::Place::To { link, .. } => Some(link),
                due::Place::Held(_) => None,
                // Nobody was billed for it, and nobody will be.
                due::Place::Excluded => continue,
            };
            // Not by day: the zone may be another one by now, and the record's instants say more.
            let part = (span.start.max(from), span.end.min(to));
            all.extend((part.0 < part.1).then_some(part));
            own.extend((part.0 < part.1 && link == Some(&record.link)).then_some(part));
        }
        (own, all)
    }
}

fn hours_of(seconds: u64) -> Amount {
    Amount { units: i128::from(crate::model::Hours::from_seconds(seconds).hundredths), decimals: 2 }
}

pub(super) fn least(a: &Tokens, b: &Tokens) -> Tokens {
    a.beyond(&a.beyond(b))
}

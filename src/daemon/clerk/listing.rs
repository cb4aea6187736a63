//! What a whole listing changes: known records are confirmed, unknown ones adopted, lost writes settled.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Clerk, LineState, Policy, Scope, Settings, bit, slot};
use crate::coverage::{self, Candidate, Listed, Posted, Taken};
use crate::deliver::{Freshness, PauseReason};
use crate::ledger::due;
use crate::ledger::spans::SpanKind;
use crate::ledger::stretches::Stretch;
use crate::model::{
    Agent, Amount, Day, Instant, Kind, Link, ProjectId, RequestRef, SessionRef, TaskId, Tokens, Usd,
};
use crate::store::{Error, NewRecord, OwnState, RecordRow, RecordState, Tx, WriteRow, WriteState};

/// Reason of a probe that two readings lacked while no listing has proved itself.
pub(super) const UNPROVED: &str = "unproved_listing";

/// One whole listing.
pub(super) struct Whole {
    pub(super) kind: Kind,
    pub(super) rows: Vec<Listed>,
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) began: Instant,
}

impl Clerk {
    /// Works a whole listing into the store, in one transaction.
    pub(super) fn listed(&mut self, whole: &Whole, now: Instant) -> Result<(), Error> {
        let Self { store, settings, policy, account, appended, lines, .. } = self;
        let Some(scope) = account.as_mut() else { return Ok(()) };
        let line = &mut lines[slot(whole.kind)];
        let before = scope.row.clone();
        let row = store.transact(|tx| {
            let mut work = Work { tx, settings, policy: policy.as_mut(), scope: &mut *scope, whole, now };
            work.first_listing();
            let unknown = work.confirm_known(line)?;
            work.adopt(unknown, appended)?;
            work.settle_lost()?;
            let (id, row) = (work.scope.id, work.scope.row.clone());
            tx.save_account(id, &row)?;
            Ok(row)
        });
        match row {
            Ok(row) => scope.row = row,
            Err(error) => {
                scope.row = before;
                return Err(error);
            }
        }
        line.fresh = Some(Freshness { from: whole.from, to: whole.to, began: whole.began, ended: now });
        let fruitless = !line.unlisted.is_empty() && !scope.row.proved(whole.kind);
        line.fruitless = if fruitless { line.fruitless.saturating_add(1) } else { 0 };
        let wait = Duration::from_millis(250).saturating_mul(1 << line.fruitless.min(8));
        line.next_listing = if fruitless { now.plus(wait) } else { now };
        Ok(())
    }
}

struct Work<'a, 'tx> {
    tx: &'a Tx<'tx>,
    settings: &'a Settings,
    policy: &'a mut (dyn Policy + Send),
    scope: &'a mut Scope,
    whole: &'a Whole,
    now: Instant,
}

impl<'a> Work<'a, '_> {
    /// A database without history that meets records of its own machine was wiped or restored: what it sent before may
    /// still be on its way, so it posts only after a second look.
    fn first_listing(&mut self) {
        let kind = self.whole.kind;
        if self.scope.row.listed_kinds & bit(kind) != 0 {
            return;
        }
        self.scope.row.listed_kinds |= bit(kind);
        let ours = self
            .whole
            .rows
            .iter()
            .any(|row| row.posted.as_ref().is_some_and(|posted| posted.machine == self.settings.machine));
        if ours {
            let second = self.whole.began.plus(self.settings.grace);
            let known = self.scope.row.second_listing_at;
            self.scope.row.second_listing_at = Some(known.map_or(second, |at| at.max(second)));
        }
    }

    /// Confirms records that we know; returns those that we do not.
    fn confirm_known(&mut self, line: &mut LineState) -> Result<Vec<(&'a Listed, &'a Posted)>, Error> {
        let mut unknown: Vec<(&'a Listed, &'a Posted)> = Vec::new();
        let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
        let whole = self.whole;
        for row in &whole.rows {
            let Some(posted) = &row.posted else { continue };
            let times = seen.entry(posted.keitod_id.as_str()).or_default();
            *times += 1;
            match self.tx.record_by_id(self.scope.id, &posted.keitod_id)? {
                None => unknown.push((row, posted)),
                Some(record) => match self.tx.unfinished_of(record.id)? {
                    // Sealed again after a loss of our state, never sent: what stands at Keito counts, with its
                    // seconds, its amount and its day.
                    Some(write) if !write.patch && write.attempts == 0 => {
                        undo_tally(self.tx, self.scope, &record)?;
                        self.tx.dissolve(&write)?;
                        unknown.push((row, posted));
                    }
                    _ => self.confirm(record, row, posted, *times, line)?,
                },
            }
        }
        Ok(unknown)
    }

    fn confirm(
        &mut self,
        mut record: RecordRow,
        row: &Listed,
        posted: &Posted,
        times: u32,
        line: &mut LineState,
    ) -> Result<(), Error> {
        let tx = self.tx;
        if times > 1 && record.new.remote.as_ref() != Some(&row.id) {
            return self.conflict(&record, "two records at Keito carry its id");
        }
        record.new.remote = Some(row.id.clone());
        record.listed_at = Some(self.now);
        record.answered_at = record.answered_at.or(Some(self.now));
        let unfinished = tx.unfinished_of(record.id)?;
        if let Some(mut write) = unfinished.clone().filter(|write| !write.patch) {
            // It is there, whatever we knew of the sending.
            write.state = WriteState::Done;
            (write.reason, write.ended_at) = (None, Some(self.now));
            tx.save_write(&write)?;
            self.echo(&mut record, row)?;
        }
        let intact = match self.whole.kind {
            Kind::Entry => row.hours.is_some() && posted.seconds > 0,
            Kind::Expense => {
                row.amount.is_some() && row.amount == record.new.amount && posted.covers.is_some()
            }
        };
        if intact {
            self.prove(line, record.new.day);
        }
        if self.whole.kind == Kind::Entry {
            let patch = unfinished.filter(|write| write.patch);
            self.compare(&mut record, row, posted, patch)?;
        }
        tx.save_record(&record)
    }

    fn prove(&mut self, line: &mut LineState, day: Day) {
        match self.whole.kind {
            Kind::Entry => self.scope.row.proved_entry = true,
            Kind::Expense => self.scope.row.proved_expense = true,
        }
        line.unlisted.retain(|unlisted| *unlisted != day);
    }

    /// The amount that stands at Keito is what was sent.
    fn echo(&mut self, record: &mut RecordRow, row: &Listed) -> Result<(), Error> {
        if let (Some(listed), Some(sent)) = (row.amount, record.new.amount) {
            take_amount(self.tx, self.scope, record, sent, listed, self.now)?;
        }
        Ok(())
    }

    /// Is the entry still as we wrote it? (design section 7, "Updates go in rounds")
    fn compare(
        &mut self,
        record: &mut RecordRow,
        row: &Listed,
        posted: &Posted,
        patch: Option<WriteRow>,
    ) -> Result<(), Error> {
        let tx = self.tx;
        if record.state != RecordState::Live {
            return Ok(());
        }
        let Some(hours) = row.hours else { return Ok(()) };
        let same = |own: &OwnState| own.hours.pico() == hours.pico() && own.seconds == posted.seconds;
        let known = record.ours.iter().position(same);
        // Workspaces that round store other hours than were sent: the first sight of our own seconds teaches them.
        let rounded = record
            .ours
            .iter()
            .position(|own| own.seconds == posted.seconds && own.hours.pico() != hours.pico());
        let first_sight = record.listed_at == Some(self.now) && record.ours.len() == 1 && rounded.is_some();
        match known {
            Some(at) => drop(record.ours.drain(..at)),
            None if first_sight && record.answered_at == Some(self.now) => {
                record.ours.insert(0, OwnState { hours, seconds: posted.seconds });
            }
            None => {
                // A person edited it: what stands there is what is billed; only time beyond goes to a new part.
                if !self.settle_patch(record, posted, patch)? {
                    return Ok(());
                }
                record.state = RecordState::Closed;
                let confirmed = record.ours.first().map_or(0, |own| own.seconds);
                record.new.seconds = posted.seconds.max(confirmed);
                return self.recheck(record);
            }
        }
        if row.frozen {
            if self.settle_patch(record, posted, patch)? {
                record.state = RecordState::Closed;
                record.new.seconds = posted.seconds;
            }
            return self.recheck(record);
        }
        if let Some(mut write) = patch {
            let arrived = posted.seconds == write.seconds;
            if arrived && write.state != WriteState::Sending {
                write.state = WriteState::Done;
                (write.reason, write.ended_at) = (None, Some(self.now));
                tx.save_write(&write)?;
                self.recheck(record)?;
            }
        }
        Ok(())
    }

    /// The PATCH of an entry that must not grow any more: done if it arrived, else taken back. `false` while it may
    /// still arrive.
    fn settle_patch(
        &self,
        record: &RecordRow,
        posted: &Posted,
        patch: Option<WriteRow>,
    ) -> Result<bool, Error> {
        let Some(mut write) = patch else { return Ok(true) };
        let quiet = write.ended_at.map(|ended| ended.plus(self.settings.grace));
        if write.state == WriteState::Sending {
            return Ok(false);
        }
        if posted.seconds == write.seconds {
            write.state = WriteState::Done;
            (write.reason, write.ended_at) = (None, Some(self.now));
            self.tx.save_write(&write)?;
            return Ok(true);
        }
        if let Some(quiet) = quiet.filter(|quiet| self.whole.began < *quiet) {
            write.next_at = write.next_at.max(quiet);
            self.tx.save_write(&write)?;
            return Ok(false);
        }
        debug_assert_eq!(write.record, record.id);
        self.tx.dissolve(&write)?;
        Ok(true)
    }

    fn recheck(&self, record: &RecordRow) -> Result<(), Error> {
        record.new.session.map_or(Ok(()), |session| self.tx.recheck(session))
    }

    fn conflict(&self, record: &RecordRow, reason: &str) -> Result<(), Error> {
        if let Some(mut write) = self.tx.unfinished_of(record.id)? {
            write.state = WriteState::Conflict;
            (write.reason, write.ended_at) = (Some(reason.to_owned()), Some(self.now));
            self.tx.save_write(&write)?;
        }
        Ok(())
    }

    /// Adopts records that we do not know: parts first, excess last, so that excess finds what it adds to.
    fn adopt(
        &mut self,
        mut unknown: Vec<(&Listed, &Posted)>,
        appended: &std::collections::HashMap<SessionRef, Instant>,
    ) -> Result<(), Error> {
        unknown.sort_by_key(|(row, posted)| (posted.excess, posted.first_at, posted.part, row.id.clone()));
        for (_, posted) in &unknown {
            self.make_way(posted)?;
        }
        // From the first to the last instant of all entries of a session.
        let mut ranges: BTreeMap<(&str, &str), Stretch> = BTreeMap::new();
        for (_, posted) in &unknown {
            let (first, last) = (posted.first_at.seconds(), posted.last_at.seconds());
            let range = ranges.entry((&posted.agent, &posted.session)).or_insert((first, last));
            *range = (range.0.min(first), range.1.max(last));
        }
        for (row, posted) in &unknown {
            // Twins under one id: the second is known by now.
            if self.tx.record_by_id(self.scope.id, &posted.keitod_id)?.is_some() {
                continue;
            }
            match self.whole.kind {
                Kind::Expense => self.adopt_expense(row, posted)?,
                Kind::Entry => {
                    let whole = ranges.get(&(&posted.agent, &posted.session)).copied().unwrap_or_default();
                    self.adopt_entry(row, posted, whole, appended)?;
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

    /// Dissolves sealed writes that never left and may cover the same facts; what remains due is sealed anew.
    fn make_way(&self, posted: &Posted) -> Result<(), Error> {
        for write in self.tx.unfinished(self.scope.id)? {
            if write.kind != self.whole.kind || write.attempts > 0 || write.state != WriteState::Pending {
                continue;
            }
            let Some(record) = self.tx.record(write.record)? else { continue };
            // Whose session it is may only turn out by adopting it.
            let touches = (self.whole.kind == Kind::Entry || record.new.model == posted.model)
                && record.new.first_at <= posted.last_at
                && record.new.last_at >= posted.first_at;
            if touches && !write.patch {
                undo_tally(self.tx, self.scope, &record)?;
                self.tx.dissolve(&write)?;
            }
        }
        Ok(())
    }

    fn record_of(&self, row: &Listed, posted: &Posted, session: Option<SessionRef>) -> NewRecord {
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

    fn adopt_expense(&mut self, row: &Listed, posted: &Posted) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let home = tx.find_session(&posted.agent, &posted.session)?;
        if posted.excess {
            return self.adopt_excess(row, posted, home);
        }
        let agent = Agent::new(&posted.agent);
        let range = (posted.first_at, posted.last_at);
        let mut candidates = tx.candidates(account, &agent, &posted.model, range)?;
        for candidate in &mut candidates {
            candidate.price_row = self.price_row(&agent, candidate)?;
        }
        let taken = coverage::adopt(posted, home, &candidates);
        let mut record = self.record_of(row, posted, home);
        record.assumed = matches!(taken, Taken::Assumed(_));
        let id = tx.insert_record(account, &record, true)?;
        self.adopted(id)?;
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
        self.adopt_tally(&record, posted)
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

    fn adopted(&self, id: crate::model::RecordRef) -> Result<(), Error> {
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
        let (exact, sent) = self.tx.tally(self.scope.id, &record.link, record.day, &record.model)?;
        let sums = (exact + local, sent + amount.pico());
        self.tx.save_tally(self.scope.id, &record.link, record.day, &record.model, sums)
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

    fn adopt_entry(
        &mut self,
        row: &Listed,
        posted: &Posted,
        whole: Stretch,
        appended: &std::collections::HashMap<SessionRef, Instant>,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let range = (posted.first_at.seconds(), posted.last_at.seconds());
        let since = self.settings.since.map_or(i64::MIN, |since| since.seconds());
        let mut home = tx.find_session(&posted.agent, &posted.session)?;
        if let Some(session) = home {
            tx.claim_activities(session, range, self.settings.gaps, self.now.plus(due::CLOCK_AHEAD))?;
        }
        // Its logs are gone, and a copy of them may still be here under another session.
        let gone = match home {
            Some(session) => tx.spans(session)?.iter().all(|span| span.kind != SpanKind::Agent),
            None => true,
        };
        if gone {
            home = tx.sessions_like(&posted.agent, range, since)?.first().copied().or(home);
        }
        let mut record = self.record_of(row, posted, home);
        let mut laid = Vec::new();
        if let Some(session) = home {
            let seen = appended.get(&session).copied();
            let loaded = Clerk::load(tx, self.policy, Some(self.scope), session, seen, self.now)?;
            if let Some(loaded) = loaded {
                let (mut own, mut counted) = self.stretches(&loaded.session, &record);
                if gone {
                    // What the copy lacks of it must not eat other time of the copy.
                    let clip = |list: &mut Vec<Stretch>| {
                        list.iter_mut().for_each(|part| *part = (part.0.max(whole.0), part.1.min(whole.1)));
                        list.retain(|(start, end)| start < end);
                    };
                    clip(&mut own);
                    clip(&mut counted);
                }
                let covered = &loaded.session.covered;
                laid = coverage::lay(posted.seconds, range, since, &own, &counted, covered).stretches;
                if gone {
                    record.seconds = crate::ledger::stretches::seconds(&laid);
                }
            }
            tx.recheck(session)?;
        }
        let id = tx.insert_record(account, &record, true)?;
        if let Some(session) = home {
            tx.cover(account, session, id, None, &laid)?;
        }
        let Some(mut record) = tx.record(id)? else { return Ok(()) };
        (record.listed_at, record.answered_at) = (Some(self.now), Some(self.now));
        if let Some(hours) = row.hours {
            record.ours = vec![OwnState { hours, seconds: posted.seconds }];
            // It grows on only if the hours there are the rounding of its seconds, and nobody locked it.
            let plain = Amount::round(hours.pico(), 12).pico() == hours_of(posted.seconds).pico();
            let open = !gone && !row.frozen && (plain || self.rounds_up(hours, posted.seconds));
            record.state = if open { RecordState::Live } else { RecordState::Closed };
        }
        tx.save_record(&record)
    }

    /// Workspaces round up to 5, 6, 10, 15 or 30 minutes, or to the nearest such step.
    fn rounds_up(&self, hours: Amount, seconds: u64) -> bool {
        let hour = 1_000_000_000_000_i128;
        [300_u64, 360, 600, 900, 1800].iter().any(|step| {
            let (down, up) = (seconds / step * step, seconds.div_ceil(*step) * step);
            [down, up].iter().any(|rounded| i128::from(*rounded) * hour / 3600 == hours.pico())
        })
    }

    /// The session's counted stretches: those of the record's own link, and all.
    fn stretches(&self, session: &due::Session, record: &NewRecord) -> (Vec<Stretch>, Vec<Stretch>) {
        let (mut own, mut all) = (Vec::new(), Vec::new());
        for (span, place) in &session.spans {
            if span.kind != SpanKind::Agent {
                continue;
            }
            let to = match &session.places[*place] {
                due::Place::To { link, .. } => Some(link),
                due::Place::Held(_) => None,
                // Nobody was billed for it, and nobody will be.
                due::Place::Excluded => continue,
            };
            // Not by day: the zone may be another one by now, and the record's instants say more.
            all.push((span.start, span.end));
            if to == Some(&record.link) {
                own.push((span.start, span.end));
            }
        }
        (own, all)
    }

    /// Writes whose last attempt may have been applied, and that this listing does not show.
    fn settle_lost(&mut self) -> Result<(), Error> {
        for mut write in self.tx.unfinished(self.scope.id)? {
            let in_range = write.day >= self.whole.from && write.day <= self.whole.to;
            if write.kind != self.whole.kind || write.state != WriteState::Unknown || !in_range {
                continue;
            }
            let Some(ended) = write.ended_at.filter(|ended| self.whole.began >= *ended) else { continue };
            match write.absent_at {
                None => write.absent_at = Some(self.whole.began),
                Some(_) if self.whole.began < ended.plus(self.settings.grace) => continue,
                // Two readings lack it, the second after the grace time: the same bytes may leave again, if listings
                // are known to show what was sent.
                Some(_) if self.scope.row.proved(write.kind) => {
                    write.state = WriteState::Pending;
                    (write.absent_at, write.reason) = (None, None);
                }
                Some(_) => write.reason = Some(UNPROVED.to_owned()),
            }
            self.tx.save_write(&write)?;
        }
        Ok(())
    }
}

fn hours_of(seconds: u64) -> Amount {
    Amount { units: i128::from(crate::model::Hours::from_seconds(seconds).hundredths), decimals: 2 }
}

fn least(a: &Tokens, b: &Tokens) -> Tokens {
    a.beyond(&a.beyond(b))
}

/// Takes back what a write that never left added to the running sums.
pub(super) fn undo_tally(tx: &Tx<'_>, scope: &Scope, record: &RecordRow) -> Result<(), Error> {
    let Some(amount) = record.new.amount else { return Ok(()) };
    let (exact, sent) = tx.tally(scope.id, &record.new.link, record.new.day, &record.new.model)?;
    let local = tx.exact_of(record.id)?;
    tx.save_tally(
        scope.id,
        &record.new.link,
        record.new.day,
        &record.new.model,
        (exact - local, sent - amount.pico()),
    )
}

/// What Keito stored counts as sent. Fewer decimals than ours are learned; anything else pauses.
pub(super) fn take_amount(
    tx: &Tx<'_>,
    scope: &mut Scope,
    record: &mut RecordRow,
    sent: Amount,
    stored: Amount,
    now: Instant,
) -> Result<(), Error> {
    if stored.pico() == sent.pico() {
        return Ok(());
    }
    let fewer = (0..=3_u32).rev().find(|decimals| {
        let cut = 10_i128.pow(12 - decimals);
        let rounded = Amount::round(sent.pico(), *decimals).pico();
        stored.pico() == rounded || stored.pico() == sent.pico().div_euclid(cut) * cut
    });
    match fewer {
        Some(decimals) => scope.row.decimals = Some(decimals),
        None => scope.desk.pause(PauseReason::AmountMismatch, now),
    }
    let (exact, all) = tx.tally(scope.id, &record.new.link, record.new.day, &record.new.model)?;
    let sums = (exact, all - sent.pico() + stored.pico());
    tx.save_tally(scope.id, &record.new.link, record.new.day, &record.new.model, sums)?;
    record.new.amount = Some(stored);
    Ok(())
}

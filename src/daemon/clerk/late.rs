//! Logs that appear after the records over them were adopted: a disk that is mounted late, a copy of a log that is gone.

use std::collections::BTreeSet;

use super::LineState;
use super::adopting::least;
use super::listing::{Work, undo_tally};
use crate::coverage::{Candidate, Listed, Posted};
use crate::ledger::spans::SpanKind;
use crate::model::{Agent, Kind, RequestRef, Tokens, Usd};
use crate::store::{Error, RecordRow, Tx};

impl Work<'_, '_> {
    /// Whether an adopted entry, whose session was not here, may hold time of a log that is here by now. Each log is
    /// tried once: what it does not explain must not take back what was sealed since, again and again.
    pub(super) fn has_late_time(
        &self,
        record: &RecordRow,
        posted: &Posted,
        line: &mut LineState,
    ) -> Result<bool, Error> {
        let tx = self.tx;
        let open = self.whole.kind == Kind::Entry && tx.only_adopted(record.id)?;
        if !open || tx.held_by(record.id)? >= posted.seconds {
            return Ok(false);
        }
        let named = self.named_sessions(posted)?;
        if !named.is_empty() {
            let mut found = 0;
            for session in named {
                found += usize::from(tx.spans(session)?.iter().any(|span| span.kind == SpanKind::Agent));
            }
            return Ok(line.is_more(record.id, found));
        }
        let found = match tx.find_session(&posted.agent, &posted.session)? {
            Some(home) if tx.spans(home)?.iter().any(|span| span.kind == SpanKind::Agent) => {
                let range = (posted.first_at.seconds(), posted.last_at.seconds());
                usize::from(record.new.session != Some(home)) + tx.heirs(self.scope.id, home, range)?.len()
            }
            _ => {
                let since = self.settings.since.map_or(i64::MIN, |since| since.seconds());
                let range = (posted.first_at.seconds(), posted.last_at.seconds());
                let like = tx.sessions_like(&posted.agent, range, since)?;
                like.into_iter().filter(|session| Some(*session) != record.new.session).count()
            }
        };
        Ok(line.is_more(record.id, found))
    }

    /// Bills the requests that an adopted expense names and that were not here, or not whole, when it was adopted.
    pub(super) fn adopt_late_requests(
        &mut self,
        row: &Listed,
        posted: &Posted,
        record: &RecordRow,
        line: &mut LineState,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let Some(keys) = posted.keys.as_ref().filter(|_| !posted.excess) else { return Ok(()) };
        let known = tx.billed_by(record.id)?;
        let mut left = posted.tokens;
        let mut over = self.over(record, &known)?;
        for request in &known {
            left = left.beyond(&tx.billed_on(account, *request, record.id)?);
        }
        for (_, extra) in &over {
            left.add(extra);
        }
        if left.is_zero() || !tx.only_adopted(record.id)? {
            return Ok(());
        }
        let (agent, range) = (Agent::new(&posted.agent), (posted.first_at, posted.last_at));
        let named =
            |found: &Candidate| found.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok());
        let here = |tx: &Tx<'_>| -> Result<Vec<Candidate>, Error> {
            let mut here = tx.candidates(account, &agent, &posted.model, range)?;
            here.extend(tx.billed_candidates(account, &agent, &posted.model, range)?);
            here.retain(named);
            Ok(here)
        };
        let all = here(tx)?;
        let tokens: u64 = all.iter().flat_map(|found| found.tokens.classes()).sum();
        let weight = usize::try_from(tokens).unwrap_or(usize::MAX).saturating_add(all.len());
        if !line.is_more(record.id, weight) {
            return Ok(());
        }
        self.make_way(row, posted)?;
        if known.is_empty() {
            let home = tx.find_session(&posted.agent, &posted.session)?;
            let taken = self.requests_of(posted, home)?;
            return self.bill_taken(posted, home, record.id, taken);
        }
        // Some were here before, or not whole: what the record holds beyond those is of the named ones.
        for found in here(tx)? {
            let Some(missing) = tx.unbilled_of(account, found.id)? else { continue };
            let mut moved = least(&missing, &left);
            if moved.is_zero() {
                continue;
            }
            left = left.beyond(&moved);
            let mut share = tx.billed_on(account, found.id, record.id)?;
            share.add(&moved);
            tx.bill(account, found.id, record.id, &share, Usd(0), "adopted")?;
            tx.recheck(found.session)?;
            self.take_back(record, &mut over, &mut moved)?;
        }
        Ok(())
    }

    /// An excess part names one request, and what it holds may be another's growth that is read only now: they share a
    /// record, and only the sum of that record was known.
    pub(super) fn adopt_late_growth(
        &mut self,
        record: &RecordRow,
        posted: &Posted,
        line: &mut LineState,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        if !posted.excess || !tx.only_adopted(record.id)? {
            return Ok(());
        }
        let mut over = self.over(record, &tx.billed_by(record.id)?)?;
        let mut others = BTreeSet::new();
        for (request, _) in &over {
            others.extend(tx.billed_together(account, *request)?);
        }
        let mut weight = 0_u64;
        for request in &others {
            weight += tx.tokens_of(*request)?.unwrap_or_default().classes().iter().sum::<u64>();
        }
        if !line.is_more(record.id, usize::try_from(weight).unwrap_or(usize::MAX)) {
            return Ok(());
        }
        self.make_way_at(&others)?;
        for request in others {
            let mut left = Tokens::default();
            over.iter().for_each(|(_, extra)| left.add(extra));
            let Some(missing) = tx.unbilled_of(account, request)? else { continue };
            let mut moved = least(&missing, &left);
            if !moved.is_zero() {
                let mut share = tx.billed_on(account, request, record.id)?;
                share.add(&moved);
                tx.bill(account, request, record.id, &share, Usd(0), "adopted")?;
                tx.recheck_owner(request)?;
                self.take_back(record, &mut over, &mut moved)?;
            }
        }
        Ok(())
    }

    /// Dissolves sealed expenses of these requests that never left.
    pub(super) fn make_way_at(&self, requests: &BTreeSet<RequestRef>) -> Result<(), Error> {
        let tx = self.tx;
        for write in tx.unfinished(self.scope.id)? {
            let sealed = write.kind == Kind::Expense && !write.patch && write.attempts == 0;
            if sealed && tx.billed_by(write.record)?.iter().any(|request| requests.contains(request)) {
                if let Some(record) = tx.record(write.record)? {
                    undo_tally(tx, self.scope, &record)?;
                }
                tx.dissolve(&write)?;
            }
        }
        Ok(())
    }

    /// What the record holds of requests beyond what these have.
    fn over(&self, record: &RecordRow, known: &[RequestRef]) -> Result<Vec<(RequestRef, Tokens)>, Error> {
        let mut over = Vec::new();
        for request in known {
            let on = self.tx.billed_on(self.scope.id, *request, record.id)?;
            let extra = least(&on, &self.tx.overbilled_of(self.scope.id, *request)?);
            if !extra.is_zero() {
                over.push((*request, extra));
            }
        }
        Ok(over)
    }

    /// What stood for `moved` on requests that do not have it.
    fn take_back(
        &self,
        record: &RecordRow,
        over: &mut [(RequestRef, Tokens)],
        moved: &mut Tokens,
    ) -> Result<(), Error> {
        for (request, extra) in over {
            let back = least(extra, moved);
            (*extra, *moved) = (extra.beyond(&back), moved.beyond(&back));
            let on = self.tx.billed_on(self.scope.id, *request, record.id)?.beyond(&back);
            self.tx.bill(self.scope.id, *request, record.id, &on, Usd(0), "adopted")?;
        }
        Ok(())
    }
}

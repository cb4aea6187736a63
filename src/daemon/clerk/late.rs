//! Logs that appear after the records over them were adopted: a disk that is mounted late, a copy of a log that is gone.

use super::LineState;
use super::adopting::least;
use super::listing::Work;
use crate::coverage::{Candidate, Listed, Posted};
use crate::ledger::spans::SpanKind;
use crate::model::{Agent, Kind, Usd};
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
        let found = match tx.find_session(&posted.agent, &posted.session)? {
            Some(home) if tx.spans(home)?.iter().any(|span| span.kind == SpanKind::Agent) => {
                usize::from(record.new.session != Some(home))
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
        let (mut left, mut over) = (posted.tokens, Vec::new());
        for request in &known {
            let on = tx.billed_on(account, *request, record.id)?;
            let own = on.beyond(&tx.overbilled_of(account, *request)?);
            if own != on {
                over.push((*request, on, own));
            }
            left = left.beyond(&own);
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
            // What stood for it on requests that do not have it.
            for (request, on, own) in &mut over {
                let back = least(&on.beyond(own), &moved);
                (*on, moved) = (on.beyond(&back), moved.beyond(&back));
                tx.bill(account, *request, record.id, on, Usd(0), "adopted")?;
            }
        }
        Ok(())
    }
}

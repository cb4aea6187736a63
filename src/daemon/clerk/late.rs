//! Logs that appear after the records over them were adopted: a disk that is mounted late, a copy of a log that is gone.

use super::LineState;
use super::listing::Work;
use crate::coverage::{Candidate, Listed, Posted};
use crate::ledger::spans::SpanKind;
use crate::model::{Agent, Kind};
use crate::store::{Error, RecordRow};

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

    /// Bills the requests that an adopted expense names and that were not here when it was adopted.
    pub(super) fn adopt_late_requests(
        &mut self,
        row: &Listed,
        posted: &Posted,
        record: &RecordRow,
        line: &mut LineState,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let Some(keys) = posted.keys.as_ref().filter(|_| !posted.excess) else { return Ok(()) };
        if !tx.only_adopted(record.id)? || !tx.billed_by(record.id)?.is_empty() {
            return Ok(());
        }
        let (agent, range) = (Agent::new(&posted.agent), (posted.first_at, posted.last_at));
        let mut here = tx.candidates(account, &agent, &posted.model, range)?;
        here.extend(tx.billed_candidates(account, &agent, &posted.model, range)?);
        let named =
            |found: &&Candidate| found.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok());
        if !line.is_more(record.id, here.iter().filter(named).count()) {
            return Ok(());
        }
        self.make_way(row, posted)?;
        let home = tx.find_session(&posted.agent, &posted.session)?;
        let taken = self.requests_of(posted, home)?;
        self.bill_taken(posted, home, record.id, taken)
    }
}

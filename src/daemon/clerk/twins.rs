//! Two machines that each listed before the other's POST was visible make two records under one id.

use super::adopting::least;
use super::listing::Work;
use super::{Clerk, LineState};
use crate::coverage::{Candidate, Listed, Posted, Taken};
use crate::model::{Agent, Kind, RecordRef, RequestRef, Tokens, Usd};
use crate::store::{Error, RecordRow, RecordState, WriteState};

impl Work<'_, '_> {
    /// Two or more records at Keito carry one id: shown, never repaired by us, never written to.
    pub(super) fn twins(
        &mut self,
        mut record: RecordRow,
        row: &Listed,
        ids: &[&str],
        line: &mut LineState,
    ) -> Result<(), Error> {
        let tx = self.tx;
        record.new.remote.get_or_insert_with(|| row.id.clone());
        record.listed_at = Some(self.now);
        record.answered_at = record.answered_at.or(Some(self.now));
        if let Some(write) = tx.unfinished_of(record.id)?
            && write.patch
            && write.attempts == 0
        {
            tx.dissolve(&write)?;
            record.new.seconds = tx.record(record.id)?.map_or(record.new.seconds, |of| of.new.seconds);
        }
        if self.whole.kind == Kind::Entry && record.state == RecordState::Live {
            record.state = RecordState::Closed;
        }
        if let Some(mut write) = tx.latest_write(record.id)?
            && !matches!(write.state, WriteState::Conflict | WriteState::Discarded | WriteState::Sending)
        {
            write.state = WriteState::Conflict;
            write.reason = Some(format!("{} records at Keito carry its id: {}", ids.len(), ids.join(", ")));
            write.ended_at = Some(self.now);
            tx.save_write(&write)?;
        }
        if let Some(posted) = &row.posted {
            match self.whole.kind {
                Kind::Entry if posted.seconds > record.new.seconds => self.lay_beyond(&mut record, posted)?,
                Kind::Expense if line.is_more(record.id, usize::try_from(posted.requests).unwrap_or(0)) => {
                    self.bill_twin(&record, posted)?;
                }
                _ => {}
            }
        }
        tx.save_record(&record)?;
        self.recheck(&record)
    }

    /// An entry holds more at Keito than we knew, by a twin or by the growth that another machine sent: that time is due
    /// no more.
    pub(super) fn lay_beyond(&mut self, record: &mut RecordRow, posted: &Posted) -> Result<(), Error> {
        let tx = self.tx;
        self.dissolve_unsent(posted)?;
        let beyond = posted.seconds.saturating_sub(tx.held_by(record.id)?);
        record.new.seconds = posted.seconds;
        record.new.first_at = record.new.first_at.min(posted.first_at);
        record.new.last_at = record.new.last_at.max(posted.last_at);
        let range = (posted.first_at.seconds(), posted.last_at.seconds());
        let named = self.named_sessions(posted)?;
        if !named.is_empty() {
            return self.lay_beyond_day(record, &named, beyond, range);
        }
        let Some(session) = record.new.session else { return Ok(()) };
        let Some(mut loaded) = Clerk::load(tx, self.policy, Some(self.scope), session, None, self.now)?
        else {
            return Ok(());
        };
        let (own, counted) = self.stretches(&loaded.session, &record.new, None);
        let laid = self.lay(&mut loaded, &record.new.link, (beyond, range), (&own, &counted))?;
        tx.cover(self.scope.id, session, record.id, None, &laid)
    }

    /// Requests of a record that we did not know that are on records of ours all the same, which raced with it, and the
    /// tokens it holds of them beyond what ours do: what they grew by is billed by it.
    pub(super) fn shared_with(
        &mut self,
        posted: &Posted,
        taken: &Taken,
    ) -> Result<(Vec<RequestRef>, Tokens), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let (Some(keys), range) = (&posted.keys, (posted.first_at, posted.last_at)) else {
            return Ok(Default::default());
        };
        let named =
            |found: &Candidate| found.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok());
        let all = tx.billed_candidates(account, &Agent::new(&posted.agent), &posted.model, range)?;
        let shared: Vec<RequestRef> = all.iter().filter(|found| named(found)).map(|found| found.id).collect();
        if shared.is_empty() {
            return Ok(Default::default());
        }
        // Growth that was sealed and did not leave makes way too.
        self.make_way_at(&shared.iter().copied().collect())?;
        let mut left = posted.tokens;
        if let Taken::Exactly(shares) | Taken::Assumed(shares) = taken {
            shares.iter().for_each(|(_, tokens)| left = left.beyond(tokens));
        }
        for request in &shared {
            left = left.beyond(&tx.billed_tokens(Some(account), *request)?);
        }
        Ok((shared, left))
    }

    pub(super) fn bill_shared(
        &self,
        id: RecordRef,
        (shared, mut left): (Vec<RequestRef>, Tokens),
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        for request in shared {
            let Some(missing) = tx.unbilled_of(account, request)? else { continue };
            let share = least(&missing, &left);
            if !share.is_zero() {
                tx.bill(account, request, id, &share, Usd(0), "adopted")?;
                left = left.beyond(&share);
                tx.recheck_owner(request)?;
            }
        }
        Ok(())
    }

    /// Requests that a twin names and ours does not are billed by it.
    fn bill_twin(&mut self, record: &RecordRow, posted: &Posted) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let Some(keys) = &posted.keys else { return Ok(()) };
        let (agent, range) = (Agent::new(&posted.agent), (posted.first_at, posted.last_at));
        let named =
            |found: &Candidate| found.keys.iter().any(|key| keys.binary_search(&key.prefix()).is_ok());
        let ours = tx.billed_by(record.id)?;
        let known = tx.billed_candidates(account, &agent, &posted.model, range)?;
        // What was sealed since on another record makes way, if it did not leave.
        if known.iter().any(|found| named(found) && !ours.contains(&found.id)) {
            self.dissolve_unsent(posted)?;
        }
        for found in tx.candidates(account, &agent, &posted.model, range)?.iter().filter(|found| named(found))
        {
            tx.bill(account, found.id, record.id, &found.tokens, Usd(0), "adopted")?;
            tx.recheck(found.session)?;
        }
        Ok(())
    }
}

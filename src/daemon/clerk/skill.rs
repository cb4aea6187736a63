//! The Keito skill's own entries: what they bill of a session's time, ours do not bill again (design section 7).

use std::collections::HashMap;

use super::Clerk;
use super::listing::Work;
use crate::coverage::Listed;
use crate::ledger::days::Calendar;
use crate::ledger::stretches;
use crate::model::{Instant, KeitodId, Kind, Link, ProjectId, SessionRef, TaskId};
use crate::store::{Error, NewRecord, RecordState, WriteState};

/// When the running daemon saw appends of a session.
type Appended = HashMap<SessionRef, (Instant, Instant)>;

impl Work<'_, '_> {
    /// Lays the skill's entries on the time of the sessions that they name. One that still runs covers all so far.
    pub(super) fn skill_entries(&mut self, calendar: &Calendar, appended: &Appended) -> Result<(), Error> {
        if self.whole.kind != Kind::Entry {
            return Ok(());
        }
        let whole = self.whole;
        for row in &whole.rows {
            let Some(native) = &row.skill_session else { continue };
            for session in self.tx.sessions_named(native)? {
                self.skill_entry(row, session, calendar, appended)?;
            }
        }
        Ok(())
    }

    fn skill_entry(
        &mut self,
        row: &Listed,
        session: SessionRef,
        calendar: &Calendar,
        appended: &Appended,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let id = KeitodId::new(format!("skill:{}:{}", session.0, row.id.as_str()));
        let theirs = row.hours.map(|hours| seconds_of(hours.pico()));
        let known = tx.record_by_id(account, &id)?;
        if known.as_ref().map_or(Some(0), |known| Some(known.new.seconds)) == theirs {
            return Ok(());
        }
        for write in tx.unfinished(account)? {
            let unsent = write.state == WriteState::Pending && write.attempts == 0;
            if write.kind == Kind::Entry && write.session == Some(session) && unsent {
                tx.dissolve(&write)?;
            }
        }
        if let Some(known) = &known {
            tx.uncover(known.id)?;
        }
        let day = |day| calendar.end_of(day);
        let first = row.day.yesterday().map_or(i64::MIN, day);
        let last = day(row.day).min(self.now.seconds());
        let mut record = NewRecord {
            keitod_id: id,
            kind: Kind::Entry,
            session: Some(session),
            day: row.day,
            link: Link { project: ProjectId::new(&row.project), task: TaskId::new(&row.task) },
            model: String::new(),
            part: 1,
            excess: false,
            first_at: Instant::from_seconds(first),
            last_at: Instant::from_seconds(last),
            seconds: 0,
            requests: 0,
            amount: None,
            usd: None,
            remote: Some(row.id.clone()),
            assumed: false,
        };
        let seen = appended.get(&session).copied();
        let loaded = Clerk::load(tx, self.policy, Some(self.scope), session, seen, self.now)?;
        let Some(mut loaded) = loaded else { return Ok(()) };
        let (own, counted) = self.stretches(&loaded.session, &record, None);
        let all = stretches::seconds(&stretches::union(counted.clone()));
        let posted = (theirs.unwrap_or(all), (first, last));
        let laid = self.lay(&mut loaded, &record.link, posted, (&own, &counted))?;
        record.seconds = theirs.unwrap_or_else(|| stretches::seconds(&laid));
        let seconds = record.seconds;
        let record = match known {
            None => tx.insert_record(account, &record, true)?,
            Some(known) => known.id,
        };
        tx.cover(account, session, record, None, &laid)?;
        if let Some(mut row) = tx.record(record)? {
            (row.state, row.new.seconds) = (RecordState::Closed, seconds);
            tx.save_record(&row)?;
        }
        tx.recheck(session)
    }
}

/// Seconds of so many pico-hours, rounded up: rather a second too few is billed than one twice.
fn seconds_of(pico_hours: i128) -> u64 {
    let hour = 1_000_000_000_000_i128;
    u64::try_from((pico_hours.max(0) * 3600 + hour - 1) / hour).unwrap_or(u64::MAX)
}

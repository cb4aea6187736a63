//! Adoption of an entry that holds time of several sessions: `keys` names them.

use super::Clerk;
use super::adopting::Appended;
use super::laying::{clip, free_of};
use super::listing::Work;
use super::session::Loaded;
use crate::coverage::{self, Listed, Posted, Room};
use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Agent, Covers, Link, RecordRef, SessionKey, SessionRef};
use crate::store::{Error, NewRecord, RecordState};

/// A session of a day's entry with its time.
struct Member {
    loaded: Loaded,
    own: Vec<Stretch>,
    counted: Vec<Stretch>,
    theirs: Vec<Stretch>,
    overlap: Overlap,
}

impl Work<'_, '_> {
    /// The sessions that a day's entry names and that are here; none of an entry of one session.
    pub(super) fn named_sessions(&self, posted: &Posted) -> Result<Vec<SessionRef>, Error> {
        match &posted.keys {
            Some(keys) if !keys.is_empty() => self.tx.sessions_keyed(&posted.agent, keys),
            _ => Ok(Vec::new()),
        }
    }

    /// Lays the entry on the time of its sessions. Which of them had how much of it nobody knows: all of it went to one
    /// day and link, so that what remains due is the same either way.
    pub(super) fn adopt_day(
        &mut self,
        row: &Listed,
        posted: &Posted,
        sessions: &[SessionRef],
        appended: &Appended,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let range = (posted.first_at.seconds(), posted.last_at.seconds());
        let home = tx.find_session(&posted.agent, &posted.session)?.filter(|home| sessions.contains(home));
        let record = self.record_of(row, posted, home.or(sessions.first().copied()));
        let mut members = self.members(sessions, &record, appended)?;
        let here: u64 = members.iter().map(|member| inside(&member.counted, range)).sum();
        let explained =
            here >= posted.seconds && posted.keys.as_ref().is_none_or(|keys| keys.len() <= sessions.len());
        if here < posted.seconds {
            // Copies of their logs may own what they did.
            let horizon = self.now.plus(crate::ledger::due::CLOCK_AHEAD);
            for session in sessions {
                tx.claim_activities(*session, range, self.settings.gaps, horizon)?;
            }
            members = self.members(sessions, &record, appended)?;
        }
        if self.make_room_among(&members, &record.link, (range, posted.seconds))? {
            members = self.members(sessions, &record, appended)?;
        }
        let laid = self.lay_members(posted.seconds, range, &record.link, &mut members)?;
        let id = tx.insert_record(account, &record, true)?;
        for (member, found) in members.iter().zip(&laid) {
            tx.cover(account, member.loaded.head.id, id, None, found)?;
            tx.recheck(member.loaded.head.id)?;
        }
        let free = |(member, found): (&Member, &Vec<Stretch>)| {
            stretches::seconds(&free_of(found, &member.loaded, &member.theirs))
        };
        if !explained || members.iter().zip(&laid).map(free).sum::<u64>() < posted.seconds {
            self.doubt(id, range)?;
        }
        let Some(mut record) = tx.record(id)? else { return Ok(()) };
        self.note_found(&mut record, row, posted);
        // A PATCH names the sessions whose time it holds: none that is on it may be missing from them.
        let keys = members.iter().map(|member| {
            let head = &member.loaded.head;
            SessionKey::new(head.agent.as_str(), head.native.as_str()).0
        });
        let whole = posted.covers == Some(Covers::of(keys)) && laid.iter().all(|found| !found.is_empty());
        if !whole || home.is_none() {
            record.state = RecordState::Closed;
        }
        tx.save_record(&record)
    }

    /// Seconds of a day's entry lie on time that another holds too, or were of sessions whose logs are not here any more:
    /// nobody knows which of the day's are not billed yet.
    pub(super) fn doubt(&self, id: RecordRef, range: Stretch) -> Result<(), Error> {
        self.tx.doubt(self.scope.id, id, range)?;
        self.tx.recheck_waiting()
    }

    /// Lays what a day's entry holds beyond what we knew.
    pub(super) fn lay_beyond_day(
        &mut self,
        record: &crate::store::RecordRow,
        sessions: &[SessionRef],
        seconds: u64,
        range: Stretch,
    ) -> Result<(), Error> {
        let (tx, account) = (self.tx, self.scope.id);
        let mut members = self.members(sessions, &record.new, &Appended::new())?;
        if self.make_room_among(&members, &record.new.link, (range, seconds))? {
            members = self.members(sessions, &record.new, &Appended::new())?;
        }
        let laid = self.lay_members(seconds, range, &record.new.link, &mut members)?;
        for (member, found) in members.iter().zip(&laid) {
            tx.cover(account, member.loaded.head.id, record.id, None, found)?;
            tx.recheck(member.loaded.head.id)?;
        }
        Ok(())
    }

    /// Entries that were found before may lie on time of these sessions though other time of their own is free.
    fn make_room_among(
        &mut self,
        members: &[Member],
        link: &Link,
        (range, seconds): (Stretch, u64),
    ) -> Result<bool, Error> {
        let overlap = members.iter().map(|member| member.overlap).find(|overlap| *overlap != Overlap::Sum);
        let (mut all, mut free) = (Vec::new(), Vec::new());
        for member in members {
            let (id, time) = (member.loaded.head.id, clip(&member.counted, range));
            let theirs = self.theirs(id, link, member.overlap)?;
            free.extend(free_of(&time, &member.loaded, &theirs));
            all.push((id, time));
        }
        // Parallel seconds are one, whoever shares them: rather look for room that is there than find none.
        if stretches::seconds(&stretches::union(free)) >= seconds {
            return Ok(false);
        }
        self.make_room((link, overlap.unwrap_or_default()), &all, seconds)
    }

    fn members(
        &mut self,
        sessions: &[SessionRef],
        record: &NewRecord,
        appended: &Appended,
    ) -> Result<Vec<Member>, Error> {
        let mut members = Vec::new();
        for session in sessions {
            let seen = appended.get(session).copied();
            let loaded = Clerk::load(self.tx, self.policy, Some(self.scope), *session, seen, self.now)?;
            let Some(loaded) = loaded else { continue };
            let (own, counted) = self.stretches(&loaded.session, record, None);
            let overlap = self.overlap_of(&loaded, &record.link);
            members.push(Member { loaded, own, counted, theirs: Vec::new(), overlap });
        }
        Ok(members)
    }

    fn lay_members(
        &mut self,
        seconds: u64,
        range: Stretch,
        link: &Link,
        members: &mut [Member],
    ) -> Result<Vec<Vec<Stretch>>, Error> {
        for member in members.iter_mut() {
            member.theirs = self.theirs(member.loaded.head.id, link, member.overlap)?;
        }
        let agent = members.first().map(|member| member.loaded.head.agent.clone());
        let floor = |agent: &Agent| self.settings.admitted(Some(self.scope), agent).floor();
        let since = agent.as_ref().map_or(i64::MIN, floor);
        let shared = members.iter().any(|member| member.overlap != Overlap::Sum);
        let rooms: Vec<Room<'_>> = members
            .iter()
            .map(|member| Room {
                own: &member.own,
                counted: &member.counted,
                covered: &member.loaded.session.covered,
                theirs: &member.theirs,
                since,
            })
            .collect();
        Ok(coverage::lay_jointly(seconds, range, &rooms, shared))
    }
}

fn inside(counted: &[Stretch], (from, to): Stretch) -> u64 {
    let parts = counted.iter().map(|(start, end)| (*start.max(&from), *end.min(&to)));
    stretches::seconds(&stretches::union(parts.filter(|(start, end)| start < end).collect()))
}

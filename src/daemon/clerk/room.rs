//! Found entries that move so that another finds room, from the store and back.

use std::collections::BTreeMap;

use super::Clerk;
use super::laying::clip;
use super::listing::Work;
use crate::coverage::{self, Slot, Tenant};
use crate::ledger::overlap::Overlap;
use crate::ledger::stretches::{self, Stretch, less};
use crate::model::{Link, ProjectId, RecordRef, SessionRef};
use crate::store::{Error, Laid, RecordState};

/// How far from what is looked at others may be in each other's way, in seconds: an entry is of one day.
const AROUND: i64 = 2 * 86_400;

impl Work<'_, '_> {
    /// Has found entries move until `need` seconds are free in the time of these sessions, as far as that goes. Returns
    /// whether one moved.
    pub(super) fn make_room(
        &mut self,
        (link, overlap): (&Link, Overlap),
        sessions: &[(SessionRef, Vec<Stretch>)],
        need: u64,
    ) -> Result<bool, Error> {
        let all = stretches::union(sessions.iter().flat_map(|(_, time)| time.clone()).collect());
        let (Some((first, _)), Some((_, last)), 1..) = (all.first(), all.last(), need) else {
            return Ok(false);
        };
        let around = self.tx.laid_around(self.scope.id, (first - AROUND, last + AROUND))?;
        let mut found: BTreeMap<RecordRef, BTreeMap<SessionRef, Vec<Stretch>>> = BTreeMap::new();
        for laid in around.iter().filter(|laid| laid.adopted) {
            found.entry(laid.record).or_default().entry(laid.session).or_default().push(laid.stretch);
        }
        let fixed: Vec<&Laid> = around.iter().filter(|laid| !laid.adopted).collect();
        let slots = sessions.iter().map(|(session, time)| Slot {
            session: *session,
            may: stretches::union(time.clone()),
            has: Vec::new(),
        });
        let mut tenants = vec![Tenant { project: link.project.clone(), overlap, slots: slots.collect() }];
        let ids: Vec<RecordRef> = found.keys().copied().collect();
        for of in &found {
            tenants.push(self.tenant(of)?);
        }
        for tenant in &mut tenants {
            for slot in &mut tenant.slots {
                let meets = |laid: &&&Laid| {
                    laid.session == slot.session || tenant.overlap.meets(&tenant.project, &laid.project)
                };
                let taken = stretches::union(fixed.iter().filter(meets).map(|laid| laid.stretch).collect());
                slot.may = less(&slot.may, &taken);
            }
        }
        let before = tenants.clone();
        coverage::make_room(&mut tenants, need);
        let mut moved = false;
        let after = before.iter().zip(&tenants).skip(1);
        for (id, (before, after)) in ids.into_iter().zip(after).filter(|(_, (before, after))| before != after)
        {
            self.lay_anew(id, before, after)?;
            moved = true;
        }
        Ok(moved)
    }

    /// A found entry with the time of its sessions where it may lie.
    fn tenant(
        &mut self,
        (id, sessions): (&RecordRef, &BTreeMap<SessionRef, Vec<Stretch>>),
    ) -> Result<Tenant, Error> {
        let mut tenant = Tenant { project: ProjectId::new(""), overlap: Overlap::Sum, slots: Vec::new() };
        let Some(record) = self.tx.record(*id)? else { return Ok(tenant) };
        tenant.project = record.new.link.project.clone();
        let range = (record.new.first_at.seconds(), record.new.last_at.seconds());
        let mut sessions = sessions.clone();
        // A day's entry may lie on sessions that it names and has nothing of.
        let mut listed = self.whole.rows.iter().filter_map(|row| row.posted.as_ref());
        if let Some(posted) = listed.find(|posted| posted.keitod_id == record.new.keitod_id) {
            for session in self.named_sessions(posted)? {
                sessions.entry(session).or_default();
            }
        }
        for (session, has) in &sessions {
            let loaded = Clerk::load(self.tx, self.policy, Some(self.scope), *session, None, self.now)?;
            let mut may = Vec::new();
            if let Some(loaded) = loaded {
                may = clip(&self.stretches(&loaded.session, &record.new, None).1, range);
                tenant.overlap = self.overlap_of(&loaded, &record.new.link);
            }
            tenant.slots.push(Slot {
                session: *session,
                may: stretches::union(may),
                has: stretches::union(has.clone()),
            });
        }
        Ok(tenant)
    }

    fn lay_anew(&mut self, id: RecordRef, before: &Tenant, after: &Tenant) -> Result<(), Error> {
        for (before, after) in before.slots.iter().zip(&after.slots).filter(|(before, after)| before != after)
        {
            self.tx.lay_anew(self.scope.id, (id, after.session), &after.has)?;
            self.tx.recheck(after.session)?;
            // It names this session: a PATCH would no longer do so.
            if let Some(mut record) =
                self.tx.record(id)?.filter(|_| after.has.is_empty() && !before.has.is_empty())
            {
                record.state = RecordState::Closed;
                self.tx.save_record(&record)?;
            }
        }
        Ok(())
    }
}

//! Which known records a whole listing shows, and what it means when it does not.

use std::collections::BTreeSet;

use super::listing::Work;
use crate::deliver::{Known, counts, deleted};
use crate::model::RecordRef;
use crate::store::{Error, KnownRow, RecordState, WriteState};

/// What a listing's absences amount to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Present {
    /// It counts as a reading.
    pub(super) reading: bool,
    /// It shows nothing at all where something was: `/users/me` must vouch for it.
    pub(super) ask_user: bool,
}

impl Work<'_, '_> {
    /// The records that this listing should show, as they were before it.
    pub(super) fn known(&self) -> Result<Vec<KnownRow>, Error> {
        let range = (self.whole.from, self.whole.to);
        let mut known = self.tx.known_records(self.scope.id, self.whole.kind, range)?;
        // What was answered while the listing was on its way may rightly be missing from it.
        known.retain(|of| of.answered_at <= self.whole.began);
        // What another user wrote may not be shown to this one.
        let user = self.scope.row.user.as_ref();
        known.retain(|of| of.owner.is_none() || user.is_none() || of.owner.as_ref() == user);
        Ok(known)
    }

    /// Notes what is shown and what is missing; what two readings lacked was deleted by a person.
    pub(super) fn presence(&self, rows: &[KnownRow]) -> Result<Present, Error> {
        let (began, grace, user_at) = (self.whole.began, self.settings.grace, self.scope.row.me_at);
        let ours = self.whole.rows.iter().filter_map(|row| Some((row, row.posted.as_ref()?)));
        let mut shown = BTreeSet::new();
        for (row, posted) in ours {
            shown.insert(posted.keitod_id.as_str());
            self.tx.set_shown(self.scope.id, &posted.keitod_id, row.user.as_ref())?;
        }
        let known: Vec<Known> = rows.iter().map(|row| known(row, &shown)).collect();
        let reading = counts(&known, began, grace);
        let others = !self.whole.rows.is_empty();
        let mut ask_user = false;
        for (row, known) in rows.iter().zip(&known).filter(|(_, known)| !known.shown) {
            if deleted(known, began, grace, others, user_at) {
                self.delete(row.id)?;
            } else {
                self.tx.set_missing(row.id, began)?;
                let again = known.missing_since.is_some_and(|since| since.plus(grace) <= began);
                ask_user |= again && !others;
            }
        }
        Ok(Present { reading, ask_user })
    }

    /// A person deleted it: what was on it stays billed; what an update would have added is due again.
    fn delete(&self, id: RecordRef) -> Result<(), Error> {
        let Some(mut record) = self.tx.record(id)? else { return Ok(()) };
        match self.tx.unfinished_of(id)? {
            // Its answer will tell.
            Some(write) if write.state == WriteState::Sending => return Ok(()),
            // A listing showed it and it was to be sent again: what became of it is still being found out.
            Some(write) if !write.patch => return Ok(()),
            unfinished => {
                record.state = RecordState::Deleted;
                self.tx.save_record(&record)?;
                unfinished.iter().try_for_each(|write| self.tx.dissolve(write))?;
            }
        }
        tracing::warn!(record = record.new.keitod_id.as_str(), "deleted in Keito: it is not sent again");
        self.recheck(&record)
    }
}

fn known(row: &KnownRow, shown: &BTreeSet<&str>) -> Known {
    let listed_before = row.listed_at.is_some();
    Known {
        answered_at: row.answered_at,
        listed_before,
        missing_since: row.missing_at,
        shown: shown.contains(row.keitod_id.as_str()),
    }
}

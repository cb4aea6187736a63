//! Records on which keitod itself fails: after three times they are left to a person, so that all others go on.

use super::Clerk;
use crate::model::{Day, Instant, SessionRef, WriteRef};
use crate::store::{Error, Tx, WriteState};

/// The reason of such a write, and of the held work of such a session.
const POISON: &str = "poison";
/// So often it may fail.
const TIMES: u32 = 3;
/// In `meta`: the writes that were leaving when the clerk panicked.
const DIED: &str = "died sending";
/// In `meta`: the one write that was leaving at the last such death.
const SUSPECT: &str = "suspect";

/// Takes a session aside on which the computing of what is due panicked three times.
pub(super) fn set_aside(tx: &Tx<'_>, session: SessionRef, today: Day) -> Result<(), Error> {
    let times = tx.count_event(&format!("panics of session {}", session.0))?;
    tracing::error!(session = session.0, times, "keitod failed on a session: please report it");
    if times < TIMES { Ok(()) } else { tx.set_session_aside(session, today, POISON) }
}

/// At a start: a write that was the only one on its way at two deaths in a row, both of them panics of ours, is dead.
/// Deaths from outside say nothing of what was on its way then.
pub(super) fn quarantine(tx: &Tx<'_>, now: Instant) -> Result<(), Error> {
    let died = tx.meta(DIED)?.filter(|ids| !ids.is_empty());
    let suspect = tx.meta(SUSPECT)?.filter(|id| !id.is_empty());
    let only = died.as_ref().filter(|ids| !ids.contains(' ')).cloned();
    let convicted = only.is_some() && only == suspect;
    if let Some(id) = only.as_ref().filter(|_| convicted).and_then(|id| id.parse().ok()) {
        bury(tx, WriteRef(id), "keitod failed twice while it was on its way", now)?;
    }
    if died.is_some() {
        tx.set_meta(DIED, "")?;
    }
    let next = only.filter(|_| !convicted);
    if next != suspect {
        tx.set_meta(SUSPECT, next.as_deref().unwrap_or(""))?;
    }
    Ok(())
}

fn bury(tx: &Tx<'_>, id: WriteRef, why: &str, now: Instant) -> Result<(), Error> {
    let Some((mut write, _, _)) = tx.write(id)? else { return Ok(()) };
    if write.state < WriteState::Done {
        (write.state, write.ended_at) = (WriteState::Dead, Some(now));
        write.reason = Some(format!("{POISON}: {why}"));
        tx.save_write(&write)?;
    }
    Ok(())
}

impl Clerk {
    /// Carrying out a write panicked: it may have left. After three times it is dead.
    pub(super) fn broken(&mut self, id: WriteRef, now: Instant) -> Result<(), Error> {
        self.store.transact(|tx| {
            let times = tx.count_event(&format!("panics of write {}", id.0))?;
            tracing::error!(write = id.0, times, "keitod failed while it sent a record: please report it");
            if times >= TIMES {
                return bury(tx, id, "keitod failed three times while it sent it", now);
            }
            let Some((mut write, _, _)) = tx.write(id)? else { return Ok(()) };
            if write.state == WriteState::Sending {
                (write.state, write.absent_at, write.ended_at) = (WriteState::Unknown, None, Some(now));
                tx.save_write(&write)?;
            }
            Ok(())
        })
    }

    /// The clerk panicked and its thread is about to end: the next start wants to know what was on its way.
    pub fn note_panic(&mut self) {
        let ids: Vec<String> = self.given.sends().map(|write| write.0.to_string()).collect();
        if let Err(error) = self.store.transact(|tx| tx.set_meta(DIED, &ids.join(" "))) {
            tracing::error!(%error, "what was being sent could not be noted");
        }
    }
}

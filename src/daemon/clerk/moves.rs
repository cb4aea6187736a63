//! Open entries that a person has moved to another project: one PATCH of project and task, in a round like any other
//! (list, compare, PATCH). Expenses cannot be moved: Keito has no way to change one.

use super::listing::Work;
use crate::coverage::{Listed, Posted};
use crate::keito::{Method, entry_move_body, idempotency_key, moved_to};
use crate::model::{Instant, Kind, Link, RecordRef};
use crate::store::{Error, NewWrite, RecordRow, Tx, WriteRow};

/// Where an entry is being moved, if it is.
pub(super) fn target_of(tx: &Tx<'_>, record: RecordRef) -> Result<Option<Link>, Error> {
    let write = tx.unfinished_of(record)?;
    write.map_or(Ok(None), |write| target(tx, &write))
}

/// Where a write moves its entry, if it does.
pub(super) fn target(tx: &Tx<'_>, write: &WriteRow) -> Result<Option<Link>, Error> {
    if !write.patch || write.kind != Kind::Entry {
        return Ok(None);
    }
    Ok(tx.write(write.id)?.and_then(|(_, body, _)| moved_to(&body)))
}

/// Has an entry moved with the next round.
pub(super) fn move_entry(tx: &Tx<'_>, record: &RecordRow, to: &Link, now: Instant) -> Result<(), Error> {
    let body = entry_move_body(to);
    let idempotency = idempotency_key(&record.new.keitod_id, Method::Patch, &body);
    let seconds = record.new.seconds;
    tx.insert_write(&NewWrite {
        record: record.id,
        patch: true,
        body,
        idempotency,
        seconds,
        sealed_at: now,
    })?;
    Ok(())
}

/// It is there now.
pub(super) fn moved(tx: &Tx<'_>, write: &WriteRow, record: &mut RecordRow) -> Result<(), Error> {
    if let Some(to) = target(tx, write)? {
        tx.set_link(record.id, &to)?;
        record.new.link = to;
    }
    Ok(())
}

impl Work<'_, '_> {
    /// Whether a listing shows that a PATCH arrived; an entry that was moved has its new link then.
    pub(super) fn arrived(
        &self,
        write: &WriteRow,
        record: &mut RecordRow,
        (row, posted): (&Listed, &Posted),
    ) -> Result<bool, Error> {
        let Some(to) = target(self.tx, write)? else { return Ok(posted.seconds == write.seconds) };
        let there = is_at(row, &to);
        if there {
            moved(self.tx, write, record)?;
        }
        Ok(there)
    }

    /// A move that nobody has tried yet, of an entry that a person has moved elsewhere since: he knows better.
    pub(super) fn is_overtaken(
        &self,
        write: &WriteRow,
        record: &RecordRow,
        row: &Listed,
    ) -> Result<bool, Error> {
        Ok(write.attempts == 0 && target(self.tx, write)?.is_some() && !is_at(row, &record.new.link))
    }
}

/// A listing that names no task says nothing of it.
fn is_at(row: &Listed, link: &Link) -> bool {
    row.project == link.project.as_str() && (row.task.is_empty() || row.task == link.task.as_str())
}

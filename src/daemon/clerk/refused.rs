//! What a definite refusal of a write means beyond the write itself.

use super::answers::described;
use super::{Scope, Settings};
use crate::deliver::{Like, Outcome, PARKED, Park, PauseReason, Reach, Refusal, Verdict, delay};
use crate::keito::{Method, idempotency_key, trimmed};
use crate::model::{AccountRef, Instant, Kind, ProjectId, TaskId};
use crate::store::{Error, Tx, WriteRow, WriteState};

/// Reason of writes that wait for their project.
const PROJECT_CLOSED: &str = "project_closed";
/// Reason of a write whose bytes were trimmed.
const TRIMMED: &str = "trimmed";
/// Reason of a write that was answered 409 once, and again after a listing.
const CONTRADICTED: &str = "contradicted";
/// Attempts of a write whose record is said to change in between, before it is dead.
pub(super) const CHANGING: u32 = 8;
const AGAIN: &str = "contradicted again";

/// What a pause for this reason is probed with: a write, where `/users/me` says nothing of it.
pub(super) fn probe_of(reason: PauseReason, kind: Kind) -> Option<Kind> {
    match reason {
        PauseReason::Plan | PauseReason::SchemaDrift | PauseReason::WrongUrl => Some(kind),
        PauseReason::Auth
        | PauseReason::CaptivePortal
        | PauseReason::Tls
        | PauseReason::AmountMismatch
        | PauseReason::User => None,
    }
}

/// A write was applied: its pause ends, and its project takes more.
pub(super) fn delivered(tx: &Tx<'_>, scope: &mut Scope, write: &WriteRow) -> Result<(), Error> {
    scope.desk.delivered(write.kind);
    let (project, task) = (&write.link.project, &write.link.task);
    let freed = scope.desk.refusals.delivered(write.kind, write.patch, project.as_str(), task.as_str());
    if freed.is_some() {
        tx.release_writes(scope.id, write.kind, project, PROJECT_CLOSED)?;
    }
    Ok(())
}

/// Refused for good: the write alone, its project, or everything.
pub(super) fn refuse(
    tx: &Tx<'_>,
    scope: &mut Scope,
    write: &mut WriteRow,
    verdict: &Verdict,
    refusal: &Refusal,
    now: Instant,
) -> Result<(), Error> {
    let (kind, patch) = (write.kind, write.patch);
    let like = Like { kind, patch, status: refusal.status, code: refusal.code.clone() };
    let said = |reason| described(reason, &Outcome::<()>::Refused(refusal.clone()));
    let reach = scope.desk.refusals.refused(&like, write.id, write.link.project.as_str());
    let before = match reach {
        // What a key may not do is told by `/users/me`; here it is a matter of projects.
        Reach::All(before) if refusal.status != 403 => {
            let reason = said("schema_drift");
            scope.desk.pause_for(PauseReason::SchemaDrift, Some(kind), now);
            tx.revive_writes(&before, &reason)?;
            (write.state, write.reason, write.next_at) = (WriteState::Pending, Some(reason), now);
            return Ok(());
        }
        Reach::Project(before) | Reach::All(before) => before,
        Reach::Write => match verdict {
            Verdict::ProjectClosed => Vec::new(),
            Verdict::Dead { reason } => {
                (write.state, write.reason) = (WriteState::Dead, Some(said(reason)));
                return Ok(());
            }
            _ => {
                (write.state, write.reason) = (WriteState::Dead, Some(said("too_large")));
                return Ok(());
            }
        },
    };
    // A task that is gone says nothing of its project's others; what was refused five times alike does.
    let task = write.link.task.as_str();
    let task =
        Some(task.to_owned()).filter(|_| before.is_empty() && kind == Kind::Entry && refusal.status != 403);
    let project = write.link.project.as_str().to_owned();
    let park = Park { kind, project, task, until: now.plus(PARKED) };
    let reason = said(PROJECT_CLOSED);
    tx.revive_writes(&before, &reason)?;
    (write.state, write.reason, write.next_at) = (WriteState::Pending, Some(reason), now);
    mark(tx, scope.id, &park)?;
    scope.desk.refusals.park(park);
    Ok(())
}

/// Gives the writes of a parked project their reason.
pub(super) fn mark(tx: &Tx<'_>, account: AccountRef, park: &Park) -> Result<(), Error> {
    let (project, task) = (ProjectId::new(&park.project), park.task.as_deref().map(TaskId::new));
    tx.hold_writes(account, park.kind, &project, task.as_ref(), PROJECT_CLOSED)?;
    Ok(())
}

/// 413: once more without what is optional. `false`: that was done already, or there is nothing to leave out.
pub(super) fn trim(tx: &Tx<'_>, write: &mut WriteRow, now: Instant) -> Result<bool, Error> {
    if write.reason.as_deref() == Some(TRIMMED) {
        return Ok(false);
    }
    let Some((_, body, _)) = tx.write(write.id)? else { return Ok(false) };
    let Some(body) = trimmed(&body) else { return Ok(false) };
    let method = if write.patch { Method::Patch } else { Method::Post };
    tx.replace_body(write.id, &body, &idempotency_key(&write.keitod_id, method, &body))?;
    (write.state, write.reason, write.next_at) = (WriteState::Pending, Some(TRIMMED.to_owned()), now);
    Ok(true)
}

/// 409: a POST is looked for in listings before it leaves once more; a PATCH of absolute values is listed anyway.
pub(super) fn contradicted<T>(
    write: &mut WriteRow,
    outcome: &Outcome<T>,
    settings: &Settings,
    now: Instant,
    random: u32,
) {
    let again = write.reason.as_deref().is_some_and(|reason| reason.starts_with(CONTRADICTED));
    let reason = Some(described(if again { AGAIN } else { CONTRADICTED }, outcome));
    write.reason = reason;
    if !write.patch {
        (write.state, write.absent_at) = (WriteState::Unknown, None);
    } else if again {
        write.state = WriteState::Dead;
    } else {
        write.state = WriteState::Pending;
        write.next_at = now.plus(delay(settings.backoff, write.attempts, random));
    }
}

/// A POST whose last attempt may have been applied is certainly not there: it may leave again, unless it was answered
/// 409 twice.
pub(super) fn after_absence(reason: Option<String>) -> (WriteState, Option<String>) {
    match reason {
        Some(reason) if reason.starts_with(AGAIN) => (WriteState::Dead, Some(reason)),
        Some(reason) if reason.starts_with(CONTRADICTED) => (WriteState::Pending, Some(reason)),
        _ => (WriteState::Pending, None),
    }
}

//! People's actions, over the socket or from a command while no daemon runs.

use super::assemble::Setup;
use super::clerk::{ActError, Clerk, Refused, ZoneChange};
use super::{Error, time};
use crate::model::{Agent, Instant};
use crate::server::{Act, Code, Failure};
use crate::store::{Account, Reader};

/// Does it and answers with the document.
///
/// # Errors
/// If it makes no sense as things stand, or of the database.
pub fn act(clerk: &mut Clerk, act: &Act, now: Instant) -> Result<Vec<u8>, Failure> {
    let done = match act {
        Act::Retry { id, reseal } => clerk.retry(id, *reseal, now),
        Act::Discard { id, reason } => clerk.discard(id, reason, now),
        Act::Approve { id } => clerk.approve(id, now),
        Act::SetZone { zone, from, sure } => {
            let from = match from.as_deref().map(|from| Instant::parse(from).ok_or(from)) {
                None => None,
                Some(Ok(from)) => Some(from),
                Some(Err(text)) => {
                    let message = format!("{text} is no instant: write 2026-05-05T00:00:00+02:00");
                    return Err(Failure::new(Code::InvalidInput, message));
                }
            };
            clerk.set_zone(zone, from, *sure, now)
        }
        Act::Assign(_) => {
            return Err(Failure::new(Code::Internal, "an assignment asks Keito for its projects"));
        }
        Act::ApproveAgent { agent } => clerk.approve_agent(&Agent::new(agent)),
        // It asks Keito first, which is for those who hold the line: `backfill` has both.
        Act::Backfill(_) => return Err(Failure::new(Code::Internal, "a backfill needs a line to Keito")),
        Act::Pause => clerk.pause(now),
        Act::Resume => clerk.resume(),
    };
    let done = done.map_err(failure)?;
    let mut document = serde_json::json!({
        "schema_version": 1,
        "act": act.word(),
        "id": done.id,
        "state": done.state,
        "records": done.records,
        "was": done.was,
    });
    if let Some(change) = &done.zone {
        document["zone"] = zone(change);
    }
    Ok(document.to_string().into_bytes())
}

fn zone(change: &ZoneChange) -> serde_json::Value {
    let days = change.days.iter().map(|(day, (before, after))| {
        serde_json::json!({"day": day.to_string(), "seconds_before": before, "seconds_after": after})
    });
    serde_json::json!({
        "before": change.before,
        "after": change.after,
        "from": change.from.to_string(),
        "days": days.collect::<Vec<_>>(),
    })
}

pub(super) fn failure(error: ActError) -> Failure {
    let code = match &error {
        ActError::Refused(
            Refused::NotFound { .. }
            | Refused::NotStopped { .. }
            | Refused::NoSession { .. }
            | Refused::NothingSelected
            | Refused::NothingLocked,
        ) => Code::NotFound,
        ActError::Refused(
            Refused::NoReason
            | Refused::NoZone { .. }
            | Refused::Range(_)
            | Refused::Ambiguous { .. }
            | Refused::DateAhead { .. },
        ) => Code::InvalidInput,
        ActError::Refused(_) => Code::Conflict,
        ActError::Store(_) => Code::Internal,
    };
    Failure::new(code, error.to_string())
}

/// Acts on the state itself, of which the caller holds the lock.
///
/// # Errors
/// If the state cannot be used; inside, why the action makes no sense.
pub fn alone(setup: &Setup, what: &Act) -> Result<Result<Vec<u8>, Failure>, Error> {
    let now = time::now();
    let mut clerk = setup.clerk_alone()?;
    // Credentials that cannot be used now are no reason to leave the outbox as it is.
    let account = match setup.credentials() {
        Ok(Some((account, _))) => Some(account),
        _ => last_account(setup)?,
    };
    clerk.set_account(account.as_ref(), now)?;
    Ok(act(&mut clerk, what, now))
}

/// The account that this database delivered to last.
pub(super) fn last_account(setup: &Setup) -> Result<Option<Account>, Error> {
    Ok(Reader::open(&setup.state_dir.join("keitod.db"))?.last_account()?)
}

//! Audits: lists both kinds over whole ranges, through the one limiter, and compares. Nothing is written to Keito, and
//! nothing that is billed changes.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::asking::ask;
use super::assemble::{Parts, Setup};
use super::clerk::{Answer, Asked, Effect};
use super::delivery::Courier;
use super::desk::ClerkHandle;
use super::run::Running;
use super::time;
use crate::coverage::Listed;
use crate::coverage::audit::{Finding, Found};
use crate::deliver::{Judged, Outcome, Reading, judge};
use crate::model::{Day, Kind};
use crate::server::{AuditQuery, Code, Failure};
use crate::status::Audit;

/// Listings that are begun before it is given up that one is whole.
const TRIES: u32 = 4;
/// How often it is looked whether an audit is due: one that comes a little late compares the same.
const LOOK: Duration = Duration::from_secs(15 * 60);

/// Compares both sides of what the daemon delivers to.
///
/// # Errors
/// If Keito cannot be asked now, or does not list whole.
pub async fn of_running(running: &Running, query: AuditQuery) -> Result<Vec<u8>, Failure> {
    let setup = running.setup();
    let found = tokio::task::spawn_blocking(move || setup.credentials()).await;
    let found = found.map_err(|_| internal("the credentials could not be read"))?.map_err(internal)?;
    let (_, courier) = found.ok_or_else(no_credentials)?;
    audit(&running.clerk, &courier, query).await
}

/// Compares both sides while no daemon runs; the caller holds the lock of the state.
///
/// # Errors
/// As [`of_running`], and of the state.
pub async fn of_state(setup: &Setup, query: AuditQuery) -> Result<Vec<u8>, Failure> {
    let (account, courier) = setup.credentials().map_err(internal)?.ok_or_else(no_credentials)?;
    let Parts { clerk, thread, intake, .. } = setup.assemble(false).map_err(internal)?;
    let set = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.set_account(Some(&account), now)
    });
    set.await.map_err(internal)?.map_err(internal)?;
    let document = audit(&clerk, &courier, query).await;
    drop((clerk, intake));
    // The thread ends with the last handle.
    let _ = thread.join();
    document
}

/// Audits once in the configured time, when nothing else is on its way.
pub async fn daily(running: Running, stop: CancellationToken) {
    loop {
        let every = running.setup().config.delivery.audit;
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every.map_or(LOOK, |every| LOOK.min(every))) => {}
        }
        let Some(every) = running.setup().config.delivery.audit else { continue };
        let looked = running.clerk.call(move |clerk| {
            let now = clerk.now(time::clocks())?;
            let due = clerk.audited_at()?.is_none_or(|at| now.since(at) >= every);
            Ok::<_, crate::store::Error>(due && clerk.is_idle() && clerk.line().is_some())
        });
        match looked.await {
            Ok(Ok(true)) => {}
            Ok(_) => continue,
            Err(_) => return,
        }
        if let Err(failure) = of_running(&running, AuditQuery::default()).await {
            tracing::info!(%failure, "the audit waits");
        }
    }
}

async fn audit(clerk: &ClerkHandle, courier: &Courier, query: AuditQuery) -> Result<Vec<u8>, Failure> {
    let ask = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        clerk.ask_audit(query.from(), query.to(), now)
    });
    let asked = ask.await.map_err(internal)?.map_err(internal)?.ok_or_else(no_credentials)?;
    let mut rows = whole(clerk, courier, &asked, Kind::Entry).await?;
    rows.extend(whole(clerk, courier, &asked, Kind::Expense).await?);
    let (from, to) = (asked.from, asked.to);
    let compare = clerk.call(move |clerk| {
        let now = clerk.now(time::clocks())?;
        let (found, records) = clerk.audit(&asked, &rows)?;
        let outcome = outcome(now.to_string(), &found);
        clerk.remember_audit(&outcome)?;
        Ok::<_, crate::store::Error>((found, records, outcome))
    });
    let (found, records, outcome) = compare.await.map_err(internal)?.map_err(internal)?;
    if found.iter().any(|line| line.finding.is_fault()) {
        tracing::warn!(
            missing = outcome.missing,
            extra = outcome.extra,
            duplicate = outcome.duplicate,
            drift = outcome.drift,
            "the audit found differences: keitod audit"
        );
    }
    Ok(document((from, to), &found, records, &outcome).to_string().into_bytes())
}

/// A whole listing of a kind; a server that shows more than it was asked for is asked for all of that.
pub(super) async fn whole(
    clerk: &ClerkHandle,
    courier: &Courier,
    asked: &Asked,
    kind: Kind,
) -> Result<Vec<Listed>, Failure> {
    let (mut from, mut to) = (asked.from, asked.to);
    for _ in 0..TRIES {
        let reading = read(clerk, courier, asked, (kind, from, to)).await?;
        match judge(&reading, from, to) {
            Judged::Whole(rows) => {
                return Ok(rows
                    .into_iter()
                    .filter(|row| row.day >= asked.from && row.day <= asked.to)
                    .collect());
            }
            Judged::Beyond(first, last) => (from, to) = (first, last),
            Judged::Nothing => {}
        }
    }
    Err(internal("Keito's listing was not whole: try again later"))
}

async fn read(
    clerk: &ClerkHandle,
    courier: &Courier,
    asked: &Asked,
    (kind, from, to): (Kind, Day, Day),
) -> Result<Reading, Failure> {
    let mut reading = Reading { rows: Vec::new(), totals: Vec::new(), unreadable: 0 };
    for page in 1.. {
        let effect = Effect::List { kind, from, to, user: asked.user.clone(), page };
        let of_list = |answer| match answer {
            Answer::List { outcome, .. } => Some(outcome),
            _ => None,
        };
        let outcome = ask(clerk, courier, effect, of_list).await?;
        let page = match outcome {
            Outcome::Applied(page) => page,
            Outcome::Refused(refusal) => {
                let why = format!("Keito refused the listing with {}: see `keitod status`", refusal.status);
                return Err(Failure::new(Code::Internal, why));
            }
            _ => return Err(internal("Keito does not answer: try again later")),
        };
        reading.rows.extend(page.rows);
        reading.totals.extend(page.total);
        reading.unreadable += page.unreadable;
        if !page.more {
            break;
        }
    }
    Ok(reading)
}

fn outcome(at: String, found: &[Found]) -> Audit {
    let count = |finding| found.iter().filter(|line| line.finding == finding).count() as u64;
    Audit {
        at,
        missing: count(Finding::Missing),
        extra: count(Finding::Extra),
        duplicate: count(Finding::Duplicate),
        drift: count(Finding::Drift),
    }
}

fn document((from, to): (Day, Day), found: &[Found], records: usize, outcome: &Audit) -> serde_json::Value {
    let lines: Vec<serde_json::Value> = found
        .iter()
        .map(|line| {
            let differs = line.differs.as_ref();
            serde_json::json!({
                "day": line.day.to_string(),
                "finding": line.finding.word(),
                "kind": if line.kind == Kind::Entry { "entry" } else { "expense" },
                "ids": line.ids.iter().map(crate::model::KeitodId::as_str).collect::<Vec<_>>(),
                "remote_ids": line.remotes.iter().map(crate::model::RemoteId::as_str).collect::<Vec<_>>(),
                "field": differs.map(|(field, ..)| *field),
                "ours": differs.map(|(_, ours, _)| ours),
                "keito": differs.map(|(.., theirs)| theirs),
            })
        })
        .collect();
    let counts: serde_json::Map<String, serde_json::Value> = Finding::ALL
        .iter()
        .map(|of| (of.word().to_owned(), found.iter().filter(|line| line.finding == *of).count().into()))
        .collect();
    let days = from.until(to).map_or(0, |span| span.get_days()).saturating_add(1);
    serde_json::json!({
        "schema_version": 1,
        "at": outcome.at,
        "from": from.to_string(),
        "to": to.to_string(),
        "days": days,
        "records": records,
        "clean": !found.iter().any(|line| line.finding.is_fault()),
        "counts": counts,
        "findings": lines,
    })
}

pub(super) fn no_credentials() -> Failure {
    Failure::new(Code::NotReady, "there are no credentials: set KEITO_API_KEY and KEITO_ACCOUNT_ID")
}

pub(super) fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Internal, error.to_string())
}

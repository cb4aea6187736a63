//! One pass: scan, seal what is due, send what is due, reconcile what is ambiguous at most once.

use std::sync::Arc;

use super::assemble::{Parts, Setup};
use super::clerk::Settled;
use super::delivery::Delivery;
use super::documents::Documents;
use super::{Error, time};
use crate::model::Instant;

/// What a pass left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Writes that were answered 2xx.
    pub sent: u64,
    /// Writes that ended dead or in conflict.
    pub failed: u64,
    /// Writes that are still to be sent.
    pub remaining: u64,
    /// Why nothing could be delivered, if so.
    pub blocked: Option<Blocked>,
}

/// Why a pass delivered nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blocked {
    /// There are no credentials: everything stays queued.
    NoCredentials,
    /// Delivery is paused.
    Paused(crate::deliver::PauseReason),
    /// The server or the network does not answer.
    Line,
    /// 429.
    RateLimited,
}

impl Blocked {
    /// The code of status.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::Paused(reason) => reason.code(),
            Self::Line => "breaker_open",
            Self::RateLimited => "rate_limited",
        }
    }
}

/// Runs one pass over `setup`, or as much of it as is done when its `stop` is cancelled. `settled`: what counts as settled
/// whatever its age.
///
/// # Errors
/// Of the state.
pub async fn once(setup: &Setup, parts: Parts, settled: Settled) -> Result<Pass, Error> {
    let Parts { clerk, thread, intake, stop, database, table, .. } = parts;
    let mut intake = intake.until(stop.clone());
    let reading = tokio::task::spawn_blocking(move || intake.read_all().map(|()| intake));
    let _intake = reading.await.map_err(|_| Error::ClerkGone)??;
    let credentials = setup.credentials()?;
    let courier = credentials.as_ref().map(|(_, courier)| courier.clone());
    let print = courier.as_ref().map(|courier| courier.print);
    let started = time::now();
    let account = credentials.map(|(account, _)| account);
    let known = account.is_some();
    clerk
        .call(move |clerk| {
            let now = clerk.now(time::clocks())?;
            clerk.set_account(account.as_ref(), now)?;
            print.map_or(Ok(()), |print| clerk.set_key(print))?;
            clerk.settle(settled)
        })
        .await??;
    let mut delivery = Delivery::new(clerk.clone(), courier).until(stop);
    delivery.until_idle().await?;
    delivery.finish().await?;
    let pass = clerk.call(move |clerk| pass_of(clerk, started, known)).await??;
    let (data_dir, config) = (setup.data_dir.clone(), Arc::clone(&setup.config));
    let documents = Documents { database, data_dir, config, table, setup: Arc::new(setup.clone()) };
    documents.keep_days(&clerk).await;
    drop((delivery, clerk));
    // The thread ends with the last handle; the intake holds one more.
    drop(_intake);
    let _ = thread.join();
    Ok(pass)
}

/// What a pass that began at `started` left.
///
/// # Errors
/// Of the database.
pub fn pass_of(
    clerk: &super::clerk::Clerk,
    started: Instant,
    credentials: bool,
) -> Result<Pass, crate::store::Error> {
    let Some((account, row, desk)) = clerk.line() else {
        let blocked = (!credentials).then_some(Blocked::NoCredentials);
        return Ok(Pass { sent: 0, failed: 0, remaining: 0, blocked });
    };
    let mut counts = clerk.store().view().pass_counts(account, started)?;
    if row.me_at.is_none() {
        // Nothing can be sealed before the account has answered once: what is open is still to come.
        let open = clerk.store().view().dues()?.into_iter().filter(|due| due.reason.is_empty()).count();
        counts.remaining += open as u64;
    }
    let now = time::now();
    let blocked = match desk.pause {
        Some(pause) => Some(Blocked::Paused(pause.reason)),
        None if desk.failures > 0 && (counts.remaining > 0 || clerk.store().view().has_open_work()?) => {
            Some(Blocked::Line)
        }
        None if desk.quiet_until.is_some_and(|until| until > now) => Some(Blocked::RateLimited),
        None => None,
    };
    Ok(Pass { sent: counts.sent, failed: counts.failed, remaining: counts.remaining, blocked })
}

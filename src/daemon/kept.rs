//! Days that are over are kept in sums, so that a report takes no longer for a long history than for a short one: made beside
//! the writer, day by day, when all that was there to be read is read, and written by the clerk.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::desk::ClerkHandle;
use super::documents::{Documents, internal};
use super::run::Running;
use super::time;
use crate::ledger::days::Calendar;
use crate::report::KeptDay;
use crate::server::Failure;
use crate::store::{Keep, Reader};

/// To be raised with every change of what a report counts.
const COUNTED: u32 = 1;

/// How long nothing should have been written for: what comes in bursts is kept once.
const QUIET: Duration = Duration::from_secs(5);

impl Documents {
    /// What the sums of a day depend on besides its facts; `None`: they cannot be kept, for the limits of a repository or a
    /// zone without a name are no part of this.
    pub(super) fn made_from(&self, reader: &Reader, calendar: &Calendar) -> Result<Option<String>, Failure> {
        if reader.has_own_limits().map_err(internal)? {
            return Ok(None);
        }
        let Some(zones) = calendar.text() else { return Ok(None) };
        let (program, limits) = (env!("CARGO_PKG_VERSION"), &self.config.time);
        let limits = format!("{} {:?}", limits.min_seconds, limits.max_seconds);
        Ok(Some(format!("{COUNTED} {program} {zones} {limits} {}", self.table.print())))
    }

    /// What is to be kept anew, if a day before today is.
    pub(super) fn to_keep(&self) -> Result<Option<Keep>, Failure> {
        let reader = self.reader()?;
        let calendar = self.calendar(&reader.account_view().map_err(internal)?);
        let Some(made_from) = self.made_from(&reader, &calendar)? else { return Ok(None) };
        let Some(stale) = reader.stale(&calendar, &made_from).map_err(internal)? else { return Ok(None) };
        let today = calendar.day_of(time::now());
        if stale.unsettled || (!stale.all && stale.days.first().is_none_or(|first| *first >= today)) {
            return Ok(None);
        }
        let mut days = Vec::new();
        let made: BTreeSet<_> = stale.days;
        for day in &made {
            let filter = crate::report::Filter::only(*day);
            let rows = reader.day_rows(*day, &calendar).map_err(internal)?;
            days.extend(self.with_plain_rules(&rows, &calendar, |rules| KeptDay::of(&rows, filter, rules)));
        }
        Ok(Some(Keep { made_from, all: stale.all, made, days, changes: stale.changes }))
    }

    /// Has days that are over kept. What fails is tried again after the next change: reports are right without it.
    pub(super) async fn keep_days(self, clerk: &ClerkHandle) {
        let made = tokio::task::spawn_blocking(move || self.to_keep()).await;
        let keep = match made {
            Ok(Ok(Some(keep))) => keep,
            Ok(Ok(None)) | Err(_) => return,
            Ok(Err(failure)) => {
                tracing::warn!("days could not be summed up for reports: {failure}");
                return;
            }
        };
        let days = keep.made.len();
        match clerk.call(move |clerk| clerk.keep_days(&keep)).await {
            Ok(Ok(())) => tracing::debug!(days, "summed up for reports"),
            Ok(Err(error)) => tracing::warn!(%error, "days could not be summed up for reports"),
            Err(_) => {}
        }
    }
}

/// Keeps days whenever something was written and it has been quiet since.
pub(super) async fn keep(running: Running, stop: CancellationToken) {
    let mut written = running.clerk.written();
    let mut seen = None;
    loop {
        let read = running.health.lock().unwrap_or_else(PoisonError::into_inner).caught_up;
        if read && seen != Some(running.clerk.ended()) {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(QUIET) => {}
            }
            running.documents().keep_days(&running.clerk).await;
            seen = Some(running.clerk.ended());
        }
        tokio::select! {
            () = stop.cancelled() => return,
            told = written.changed() => if told.is_err() { return },
        }
    }
}

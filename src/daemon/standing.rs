//! What the database says of the status, apart from what changes between two of its commits.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::documents::{Documents, catalogue, internal, name};
use super::time;
use crate::ledger::days::Calendar;
use crate::ledger::held::Held;
use crate::model::{AccountRef, Day, Instant};
use crate::prices::Request;
use crate::report::Filter;
use crate::server::Failure;
use crate::status::{Audit, Compared, Counts, Drift, Live, QueueFilter, QueueState, Status, Today, drift};
use crate::store::{ListedRow, Reader};

/// Requests whose log names a cost are compared with our list for so long.
const COMPARED: Duration = Duration::from_secs(30 * 86_400);

/// The database's part of the status.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) account: Option<AccountRef>,
    pub(super) counts: Counts,
    pub(super) calendar: Calendar,
    pub(super) day: Day,
    today: Today,
    last_audit: Option<Audit>,
    decimals: Option<u32>,
    prices_unused: Vec<String>,
    /// Which projects are closed and why, a sentence each.
    closed: BTreeSet<String>,
    /// It reads a month: those who ask often pass it on.
    pub(super) drift: Arc<Vec<Drift>>,
}

impl Standing {
    /// With what only the daemon knows.
    pub(super) fn status(&self, mut live: Live) -> Status {
        live.now = time::now();
        live.last_audit.clone_from(&self.last_audit);
        live.timezone = self.calendar.name().map(str::to_owned);
        live.keito.cost_decimals = self.decimals;
        live.prices_unused.clone_from(&self.prices_unused);
        live.price_drift = self.drift.to_vec();
        let mut status = Status::build(live, self.counts.clone(), self.today.clone());
        let closed = status.reasons.iter_mut().find(|reason| reason.code == Held::ProjectClosed.code());
        if let (Some(reason), false) = (closed, self.closed.is_empty())
            && let Some((head, _)) = reason.message.split_once(':')
        {
            let stake = reason.message.rfind(" (").map_or("", |at| &reason.message[at..]);
            let projects: Vec<&str> = self.closed.iter().map(String::as_str).collect();
            reason.message = format!("{head}: {}{stake}", projects.join("; "));
        }
        status
    }
}

impl Documents {
    /// Of now; `drift` is what was found lately, else it is looked for.
    pub(super) fn standing(&self, drift: Option<Arc<Vec<Drift>>>) -> Result<Standing, Failure> {
        let reader = self.reader()?;
        let account = reader.account_view().map_err(internal)?;
        let calendar = self.calendar(&account);
        let now = time::now();
        let day = calendar.day_of(now);
        let counts = reader.status_counts(account.id, now).map_err(internal)?;
        let rows = reader.report_rows(Filter::only(day).range(&calendar)).map_err(internal)?;
        let today = self.with_rules(&reader, &rows, &calendar, |rules| Today::build(&rows, day, rules))?;
        let held_closed = counts.held.iter().any(|held| held.reason == Held::ProjectClosed.code());
        let closed = if held_closed { closed(&reader, account.id, now)? } else { BTreeSet::new() };
        let drift = match drift {
            Some(drift) => drift,
            None => Arc::new(self.drift(&reader.listed_costs(now.minus(COMPARED)).map_err(internal)?)),
        };
        Ok(Standing {
            account: account.id,
            counts,
            day,
            today,
            last_audit: reader.last_audit(account.id).map_err(internal)?,
            decimals: account.decimals,
            prices_unused: self.table.unused().to_vec(),
            closed,
            drift,
            calendar,
        })
    }

    fn drift(&self, rows: &[ListedRow]) -> Vec<Drift> {
        let compared = rows.iter().filter_map(|row| {
            let (platform, model) = (row.provider.as_deref(), row.model.as_str());
            let of = Request { platform, model, at: row.at, tokens: &row.tokens, terms: &row.terms };
            let list = self.table.usd(&of).ok()?;
            Some(Compared { agent: &row.agent, model, list, reported: row.reported })
        });
        drift(compared)
    }
}

fn closed(reader: &Reader, account: Option<AccountRef>, now: Instant) -> Result<BTreeSet<String>, Failure> {
    let filter = QueueFilter { states: vec![QueueState::Held], limit: usize::MAX };
    let mut queue = reader.queue(account, &filter, now).map_err(internal)?;
    if let Some(catalogue) = catalogue(reader, account)? {
        queue.items.iter_mut().for_each(|item| name(item, &catalogue));
    }
    Ok(queue.items.into_iter().filter_map(|item| item.detail).collect())
}

//! What the clerk is set up with.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::Scope;
use crate::deliver::Backoff;
use crate::ledger::admitted::Admitted;
use crate::ledger::spans::Gaps;
use crate::model::{Agent, CategoryId, Instant};

/// What holds for the whole run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The cut-off.
    pub since: Option<Instant>,
    /// The configured zone.
    pub zone: Option<TimeZone>,
    /// The system's zone, the last resort for showing days.
    pub system_zone: TimeZone,
    /// Limits of the time rule.
    pub gaps: Gaps,
    /// See the config.
    pub min_seconds: u64,
    /// See the config.
    pub max_seconds: Option<u64>,
    /// One entry per local day, link and agent instead of one per session (`entry = "day"`).
    pub per_day: bool,
    /// Some link's parallel sessions share their time (`overlap` other than "sum").
    pub shares: bool,
    /// See the config.
    pub time_settle: Duration,
    /// See the config.
    pub time_update: Duration,
    /// See the config.
    pub expense_settle: Duration,
    /// See the config.
    pub grace: Duration,
    /// See the config.
    pub backoff: Backoff,
    /// See the config.
    pub per_minute: u32,
    /// See the config.
    pub in_flight: usize,
    /// See the config.
    pub review: bool,
    /// Decimals of amounts.
    pub decimals: u32,
    /// Configured category id.
    pub category: Option<CategoryId>,
    /// Links are checked against the projects that Keito lists, before anything is sealed for them.
    pub checks_links: bool,
    /// Hash of this machine.
    pub machine: String,
}

impl Settings {
    /// What of an agent's work becomes records, for this account.
    pub(super) fn admitted<'a>(&self, scope: Option<&'a Scope>, agent: &'a Agent) -> Admitted<'a> {
        let earlier = scope.map_or(&[][..], |scope| &scope.earlier);
        Admitted { since: self.since, earlier, agent }
    }
}

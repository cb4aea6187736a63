//! One row of the table: who bills which model at what rates, and when.

use super::{Class, Factor, Fee, Rates, Window};
use crate::model::{Instant, Speed, Tier};

/// A reason and an address: where a row's numbers come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Short name that rows refer to.
    pub id: String,
    /// Why the numbers are these.
    pub reason: String,
    /// Where they can be read.
    pub address: String,
}

/// Rates for the whole request if its prompt is at least this long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The smallest prompt of the tier; `above` N of the table is N + 1 here.
    pub least: u64,
    /// All rates of the tier.
    pub rates: Rates,
}

/// Rates of a (platform, model) in one variant over a range of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// `platform/model`, the variant and the start: stable as long as the row is.
    pub id: String,
    /// Who bills: a vendor (`anthropic`), a cloud (`aws-global`, `aws-regional`, `vertex`, `azure`) or a reseller.
    pub platform: String,
    /// Canonical model.
    pub model: String,
    /// Rates of their own for a speed.
    pub speed: Speed,
    /// Rates of their own for a service tier.
    pub service: Tier,
    /// First instant; `None` is open.
    pub from: Option<Instant>,
    /// First instant after it; `None` is open.
    pub to: Option<Instant>,
    /// Hours in which it holds; it then goes before a row without.
    pub window: Option<Window>,
    /// Rates of an ordinary prompt.
    pub rates: Rates,
    /// Tiers by prompt length, shortest first.
    pub context: Vec<Context>,
    /// Price of a web search.
    pub web_search: Option<Fee>,
    /// Factor for batch processing.
    pub batch: Option<Factor>,
    /// Factor for flexible processing.
    pub flex: Option<Factor>,
    /// Factor for priority processing.
    pub priority: Option<Factor>,
    /// Factor for inference in the United States.
    pub us: Option<Factor>,
    /// Factor for inference in another region that the customer chose.
    pub regional: Option<Factor>,
    /// Priority is a prepaid commitment: the standard rates are its equivalent.
    pub committed: bool,
    /// Searches have a free quota that no log shows: their fee is left out.
    pub searches_excluded: bool,
    /// Classes that the vendor lists no rate for and bills as input.
    pub assumed: Vec<Class>,
    /// Caches live 30 minutes and 12 hours here, where others have 5 minutes and an hour.
    pub half_hour: bool,
    /// Ids of [`Source`]s.
    pub source: Vec<String>,
}

impl Row {
    /// Whether the row holds at an instant.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at)
            && self.to.is_none_or(|to| at < to)
            && self.window.as_ref().is_none_or(|window| window.holds(at))
    }

    /// What the vendor calls a class: the lifetime of a cache differs.
    #[must_use]
    pub fn label(&self, class: Class) -> &'static str {
        match class {
            Class::CacheWrite5m if self.half_hour => "cache_write_30m",
            Class::CacheWrite1h if self.half_hour => "cache_write_12h",
            other => other.name(),
        }
    }

    /// The rates for a prompt of this length.
    #[must_use]
    pub fn rates_for(&self, prompt: u64) -> &Rates {
        let tier = self.context.iter().rev().find(|tier| prompt >= tier.least);
        tier.map_or(&self.rates, |tier| &tier.rates)
    }

    /// Whether both rows hold at some instant, in the same variant. A window may lie over a row that has none.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: &Self, b: &Self| match (a.from, b.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        self.speed == other.speed
            && self.service == other.service
            && self.window.is_some() == other.window.is_some()
            && starts_before_end(self, other)
            && starts_before_end(other, self)
    }
}

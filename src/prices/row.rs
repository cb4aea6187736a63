//! One row of the table: who bills which model at what rates, and when.

use super::{Factor, Fee, Rates};
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
    /// Who bills: `anthropic`, `aws-global`, `aws-regional`, `vertex`, `vertex-regional`.
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
    /// Priority is a prepaid commitment: the standard rates are its equivalent.
    pub committed: bool,
    /// Ids of [`Source`]s.
    pub source: Vec<String>,
}

impl Row {
    /// Whether the row holds at an instant.
    #[must_use]
    pub fn holds(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    /// The rates for a prompt of this length.
    #[must_use]
    pub fn rates_for(&self, prompt: u64) -> &Rates {
        let tier = self.context.iter().rev().find(|tier| prompt >= tier.least);
        tier.map_or(&self.rates, |tier| &tier.rates)
    }

    /// Whether both rows hold at some instant, in the same variant.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end = |a: &Self, b: &Self| match (a.from, b.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        self.speed == other.speed
            && self.service == other.service
            && starts_before_end(self, other)
            && starts_before_end(other, self)
    }
}

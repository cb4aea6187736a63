//! The numbers of a row.

use crate::model::{Quality, Tokens, Usd};

/// Requests by quality.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Qualities {
    /// Final counts.
    pub exact: u64,
    /// Never more than was used.
    pub lower_bound: u64,
    /// Estimates.
    pub estimated: u64,
}

/// The time of a row, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Time {
    /// Counted agent time, each session its own: without what `below_min` and `capped` hold.
    pub agent: u64,
    /// The same time as a union over the sessions of the row.
    pub wall: u64,
    /// Waiting for a person.
    pub human: u64,
    /// Gaps that nothing proves to be work.
    pub dropped: u64,
    /// Agent time of sessions that stay below `min_seconds` over all their days.
    pub below_min: u64,
    /// Agent time over `max_seconds` of a session's day.
    pub capped: u64,
}

/// All numbers of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Requests of every quality, priced or not.
    pub requests: u64,
    /// Their tokens.
    pub tokens: Tokens,
    /// Exact cost of the priced ones; `None`: none is priced.
    pub cost: Option<Usd>,
    /// Requests without a price, wholly or for what they grew by.
    pub unpriced: u64,
    /// Their tokens that have none.
    pub unpriced_tokens: u64,
    /// Requests by quality.
    pub quality: Qualities,
    /// Time; `None` in the rows of a report by model.
    pub time: Option<Time>,
}

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    /// Of what is priced.
    pub(super) usd: Option<Usd>,
    /// Tokens that have no price; `None`: all of it is priced.
    pub(super) unpriced: Option<u64>,
}

impl Sums {
    pub(super) fn request(&mut self, tokens: &Tokens, quality: Quality, cost: Cost) {
        self.requests += 1;
        self.tokens.add(tokens);
        if let Some(usd) = cost.usd {
            self.cost = Some(self.cost.unwrap_or_default().plus(usd));
        }
        self.unpriced += u64::from(cost.unpriced.is_some());
        self.unpriced_tokens += cost.unpriced.unwrap_or(0);
        match quality {
            Quality::Exact => self.quality.exact += 1,
            Quality::LowerBound => self.quality.lower_bound += 1,
            Quality::Estimated => self.quality.estimated += 1,
        }
    }

    /// Adds the requests of another row; time does not add up over rows.
    pub(super) fn add_requests(&mut self, other: &Self) {
        self.requests += other.requests;
        self.tokens.add(&other.tokens);
        if let Some(usd) = other.cost {
            self.cost = Some(self.cost.unwrap_or_default().plus(usd));
        }
        self.unpriced += other.unpriced;
        self.unpriced_tokens += other.unpriced_tokens;
        self.quality.exact += other.quality.exact;
        self.quality.lower_bound += other.quality.lower_bound;
        self.quality.estimated += other.quality.estimated;
    }
}

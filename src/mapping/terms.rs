//! What the expenses of a link are made of.

use rust_decimal::Decimal;

use super::LinkTo;
use crate::config::{Config, CostBasis};
use crate::model::Agent;

/// The terms of an agent's requests under a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoneyTerms {
    /// What the expenses are made of.
    pub cost: CostBasis,
    /// Whether the user wrote so. If nobody did, requests that a subscription paid for are held as `no_basis`.
    pub chosen: bool,
    /// Added to the cost.
    pub markup_percent: Decimal,
}

/// `[[project]]`, then the rule, then `[sources.<agent>]`, then `[money]`; cost and markup each on its own.
#[must_use]
pub fn money_terms(config: &Config, agent: &Agent, link: &LinkTo) -> MoneyTerms {
    let project = config.project(&link.link.project);
    let source = config.agent(agent);
    let cost = project.and_then(|project| project.cost).or(link.cost).or(source.cost);
    let markup =
        project.and_then(|project| project.markup_percent).or(link.markup_percent).or(source.markup_percent);
    MoneyTerms {
        cost: cost.unwrap_or(config.money.cost),
        chosen: cost.is_some() || config.money.cost_chosen,
        markup_percent: markup.unwrap_or(config.money.markup_percent),
    }
}

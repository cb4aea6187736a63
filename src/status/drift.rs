//! Our price list against the costs that agents reckon themselves: a list that is out of date shows here first.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Usd;

/// Requests of an agent and model whose own cost is more than 1 % off our list price. Neither is billed by this.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// The agent.
    pub agent: String,
    /// The model.
    pub model: String,
    /// Requests that were compared.
    pub compared: u64,
    /// Those that are off.
    pub requests: u64,
    /// What these cost by our list.
    pub list_usd: String,
    /// What the log says that they cost.
    pub reported_usd: String,
}

/// A request that has both prices.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// The agent.
    pub agent: &'a str,
    /// The model.
    pub model: &'a str,
    /// By our list.
    pub list: Usd,
    /// By the log.
    pub reported: Usd,
}

#[derive(Default)]
struct Sum {
    compared: u64,
    off: u64,
    list: Usd,
    reported: Usd,
}

/// The agents and models that have requests which are off, sorted. A reported cost of nothing says nothing of the list:
/// agents write it where a subscription pays.
pub fn drift<'a>(requests: impl Iterator<Item = Compared<'a>>) -> Vec<Drift> {
    let mut sums: BTreeMap<(&str, &str), Sum> = BTreeMap::new();
    for request in requests.filter(|request| request.reported.0 > 0) {
        let sum = sums.entry((request.agent, request.model)).or_default();
        sum.compared += 1;
        let apart = request.list.0.abs_diff(request.reported.0);
        if apart.saturating_mul(100) > request.list.0.unsigned_abs() {
            sum.off += 1;
            sum.list = sum.list.plus(request.list);
            sum.reported = sum.reported.plus(request.reported);
        }
    }
    let off = sums.into_iter().filter(|(_, sum)| sum.off > 0);
    off.map(|((agent, model), sum)| Drift {
        agent: agent.to_owned(),
        model: model.to_owned(),
        compared: sum.compared,
        requests: sum.off,
        list_usd: sum.list.to_string(),
        reported_usd: sum.reported.to_string(),
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_one_per_cent_is_off() {
        let of =
            |model, list, reported| Compared { agent: "pi", model, list: Usd(list), reported: Usd(reported) };
        let requests = [
            of("a", 1000, 1000),
            of("a", 1000, 1010),
            of("a", 1000, 1011),
            of("a", 1000, 989),
            of("a", 1000, 0),
            of("b", 1000, 990),
            of("c", 0, 1),
        ];
        let found = drift(requests.into_iter());
        let pico = |of: i128| Usd(of).to_string();
        let expected = |model: &str, compared, requests, list, reported| Drift {
            agent: "pi".to_owned(),
            model: model.to_owned(),
            compared,
            requests,
            list_usd: pico(list),
            reported_usd: pico(reported),
        };
        assert_eq!(found, [expected("a", 4, 2, 2000, 2000), expected("c", 1, 1, 0, 1)]);
    }
}

//! What of a request's cost is billed: the list price, what was charged for it, or nothing (design section 4).

use crate::model::{Meaning, Payer, Reported, Usd};

/// What the expenses of a link are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cost {
    /// List prices.
    List {
        /// The user wrote so. If nobody did, what a subscription paid for is held.
        chosen: bool,
    },
    /// Only what the log proves was charged.
    Metered,
    /// None.
    Off,
}

/// What the amount of an expense is. Expenses of one record share it, for it has one `cost_basis`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The vendor's list, whoever paid.
    List,
    /// What the log proves was charged.
    Metered,
}

impl Basis {
    /// `cost_basis` in metadata.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::List => "list_price",
            Self::Metered => "metered",
        }
    }
}

/// What becomes of a request's cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bill {
    /// It is no expense; reports show it all the same.
    Never,
    /// A subscription paid, and nobody chose how to treat that.
    NoBasis,
    /// Its tokens at the list's price.
    Tokens(Basis),
    /// The amount that the log says was charged: it is the bill, whatever the list says.
    Charged(Usd),
}

impl Cost {
    /// What becomes of a request for which `payer` paid, as far as its session's log proves it.
    #[must_use]
    pub fn bill(self, payer: Option<Payer>, reported: Option<Reported>) -> Bill {
        let charged = reported.filter(|reported| reported.meaning == Meaning::Charged);
        match (self, charged, payer) {
            (Self::Off, ..) => Bill::Never,
            (_, Some(charged), _) => Bill::Charged(charged.usd),
            (Self::Metered, None, Some(Payer::Metered)) => Bill::Tokens(Basis::Metered),
            (Self::Metered, None, _) => Bill::Never,
            (Self::List { chosen: false }, None, Some(Payer::Subscription)) => Bill::NoBasis,
            (Self::List { .. }, None, _) => Bill::Tokens(Basis::List),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_billed_by_choice_payer_and_report() {
        let unchosen = Cost::List { chosen: false };
        let chosen = Cost::List { chosen: true };
        let reported = |meaning| Some(Reported { usd: Usd(7), meaning });
        let (charged, listed) = (reported(Meaning::Charged), reported(Meaning::Listed));
        let (plan, key) = (Some(Payer::Subscription), Some(Payer::Metered));
        let (list, metered) = (Bill::Tokens(Basis::List), Bill::Tokens(Basis::Metered));
        let cases = [
            (unchosen, None, None, list),
            (unchosen, key, None, list),
            (unchosen, plan, None, Bill::NoBasis),
            (unchosen, plan, listed, Bill::NoBasis),
            (unchosen, plan, charged, Bill::Charged(Usd(7))),
            (chosen, plan, None, list),
            (chosen, None, listed, list),
            (chosen, key, charged, Bill::Charged(Usd(7))),
            (Cost::Metered, None, None, Bill::Never),
            (Cost::Metered, plan, listed, Bill::Never),
            (Cost::Metered, key, listed, metered),
            (Cost::Metered, None, charged, Bill::Charged(Usd(7))),
            (Cost::Off, key, charged, Bill::Never),
            (Cost::Off, None, None, Bill::Never),
        ];
        for (cost, payer, report, expected) in cases {
            assert_eq!(cost.bill(payer, report), expected, "{cost:?} {payer:?} {report:?}");
        }
    }
}

//! A record's sums against what was sent.

use serde_json::Value;

use super::document::{Check, Story};
use crate::model::{Amount, Hours, Usd};
use crate::status::QueueDetail;

/// What a record was sealed with, as the database has it.
#[derive(Debug, Clone, Default)]
pub struct Posted {
    /// It is an entry.
    pub entry: bool,
    /// Its `keitod_id`.
    pub id: String,
    /// Seconds of an entry.
    pub seconds: u64,
    /// Amount of an expense.
    pub amount: Option<Amount>,
    /// Exact cost of an expense, where it was sealed here.
    pub usd: Option<Usd>,
    /// It was found at Keito: what each of its requests cost there is not known.
    pub adopted: bool,
    /// Its exact amount in pico units of the currency.
    pub exact: i128,
    /// Units of the currency per USD.
    pub rate: Option<String>,
    /// Markup in percent.
    pub markup: Option<String>,
    /// The currency; empty: unknown.
    pub currency: String,
    /// Exact sum of the expenses before it, of the same link, day and model.
    pub earlier_exact: i128,
    /// What was sent with them.
    pub earlier_sent: i128,
}

/// Adds up what a record holds and compares. `converted`: pico-USD by the record's rate and markup.
#[must_use]
pub fn check(
    of: &Posted,
    stories: &[Story],
    queue: Option<&QueueDetail>,
    converted: &dyn Fn(i128) -> Option<i128>,
) -> Check {
    let body = queue.and_then(|queue| queue.writes.last()).and_then(|write| write.body.as_ref());
    let body: Value = body.and_then(|body| serde_json::from_str(body.get()).ok()).unwrap_or_default();
    let sent = |key: &str| body.get(key).map(ToString::to_string);
    let own = stories.iter().flat_map(|story| &story.totals.stands);
    let own: Vec<_> = own.filter(|sum| sum.status == "billed" && sum.id.as_deref() == Some(&of.id)).collect();
    if of.entry {
        let seconds: u64 = own.iter().map(|sum| sum.seconds).sum();
        let (hours, sent_hours) = (Hours::from_seconds(seconds).to_string(), sent("hours"));
        let same =
            |sent: &String| Amount::parse(sent).map(|a| a.pico()) == Amount::parse(&hours).map(|a| a.pico());
        let equal = seconds == of.seconds && sent_hours.as_ref().is_none_or(same);
        return Check::Time { seconds, record_seconds: of.seconds, hours, sent_hours, equal };
    }
    let usd = own.iter().filter_map(|sum| sum.cost_usd.as_deref()).filter_map(Amount::parse);
    let summed = Usd(usd.map(|amount| amount.pico()).sum());
    let (usd, exact) = match of.usd {
        Some(usd) if of.adopted => (usd, Some(of.exact)),
        _ => (summed, converted(summed.0)),
    };
    let sums_up = exact == Some(of.exact) && of.usd.is_none_or(|of| of == usd);
    let sent_amount = sent("total_cost").or_else(|| of.amount.map(|amount| amount.to_string()));
    let sent_value = sent_amount.as_deref().and_then(Amount::parse);
    let decimals = sent_value.map_or(4, |amount| amount.decimals).max(of.amount.map_or(0, |of| of.decimals));
    let made = |decimals| Amount::next(of.earlier_exact + of.exact, of.earlier_sent, decimals);
    // Trailing zeros are not printed: of the numbers of decimals that give what was sent the usual one counts.
    let same = |amount: &Amount| sent_value.is_some_and(|sent| sent.pico() == amount.pico());
    let amount = [4, decimals, 2, 3, 1, 0].into_iter().map(made).find(same).unwrap_or_else(|| made(decimals));
    Check::Cost {
        requests: own.iter().map(|sum| sum.requests).sum(),
        cost_usd: usd.to_string(),
        rate: of.rate.clone(),
        markup_percent: of.markup.clone(),
        exact: Usd(of.exact).to_string(),
        carried: Usd(of.earlier_exact - of.earlier_sent).to_string(),
        amount: amount.to_string(),
        equal: sums_up && same(&amount),
        sent_amount,
        currency: Some(of.currency.clone()).filter(|currency| !currency.is_empty()),
    }
}

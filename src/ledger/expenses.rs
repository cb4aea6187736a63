//! The money half of what is due: requests → expenses.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::basis::{Basis, Bill, Cost};
use super::due::{
    CLOCK_AHEAD, DueExpense, Item, Place, Price, REQUESTS_PER_EXPENSE, Request, Rules, Session, Sheet,
    Waiting, Waits, not_yet, quiet_at,
};
use super::held::Held;
use crate::model::{Day, Instant, Kind, Quality, Tokens, Usd};

/// The price row of a request whose log names what was charged.
const REPORTED: &str = "reported";

/// What shares an expense: day, place, model, whether it is excess, and what the amount is.
type Group = (Day, usize, Arc<str>, bool, Basis);

/// Adds what of the session's requests is on no record yet.
pub(super) fn due_expenses(session: &Session, rules: &Rules<'_>, sheet: &mut Sheet) {
    let quiet = quiet_at(session, rules.expense_settle);
    let mut groups: BTreeMap<Group, Vec<Item>> = BTreeMap::new();
    for request in &session.requests {
        let place = &session.places[request.place];
        if !rules.admitted.admits(request.at, place) || request.at > rules.now.plus(CLOCK_AHEAD) {
            continue;
        }
        let (excess, tokens) = match &request.billed {
            None => (false, request.tokens),
            Some(billed) => (true, request.tokens.beyond(&billed.tokens)),
        };
        if excess && tokens.is_zero() {
            continue;
        }
        let day = session.date(request.place, rules.calendar.day_of(request.at));
        let (link, bill) = match place {
            Place::To { link, cost, .. } => (Some(link.clone()), cost.bill(request.payer, request.reported)),
            _ => (None, Cost::List { chosen: true }.bill(request.payer, request.reported)),
        };
        let basis = match bill {
            Bill::Never => continue,
            Bill::NoBasis => Basis::List,
            Bill::Tokens(basis) => basis,
            Bill::Charged(_) => Basis::Metered,
        };
        let price = priced(request, &tokens, bill, rules);
        let no_basis = (bill == Bill::NoBasis).then_some(Held::NoBasis);
        let why = held_expense(session, request, place, day, rules)
            .or_else(|| price.as_ref().err().copied())
            .or(no_basis);
        let waiting = match (place, why) {
            (Place::Excluded, _) => Waiting::Excluded,
            (_, Some(held)) => Waiting::Held(held),
            (_, None) => Waiting::Open,
        };
        let sum = sheet.wait((true, day, link, Arc::clone(&request.model), waiting.clone()));
        sum.requests += 1;
        sum.items.push(Waits { key: request.key, at: request.at, tokens, excess });
        if let Ok(price) = &price {
            sum.usd = Some(sum.usd.unwrap_or_default().plus(price.usd));
        }
        if let (Waiting::Open, Ok(price)) = (waiting, price) {
            let item = Item {
                id: request.id,
                key: request.key,
                at: request.at,
                tokens,
                total: request.tokens,
                price,
                quality: request.quality,
                provider: request.provider.clone(),
            };
            let group = (day, request.place, Arc::clone(&request.model), excess, basis);
            groups.entry(group).or_default().push(item);
        }
    }
    for ((day, place, model, excess, basis), mut items) in groups {
        let day_over = Instant::from_seconds(rules.calendar.end_of(day)).plus(rules.expense_settle);
        let day_over = session.appended.map_or(day_over, |(_, at)| {
            // A fact of that day may just have been read: then the day waits as long again.
            let same_day = rules.calendar.day_of(at) == day || at > day_over;
            if same_day { day_over.max(at.plus(rules.expense_settle)) } else { day_over }
        });
        let ready = quiet.min(day_over);
        let Place::To { link, .. } = &session.places[place] else { continue };
        if let Some(wait) = not_yet(ready, day, rules) {
            sheet.later(wait);
            continue;
        }
        items.sort_by_key(|item| (item.at, item.key));
        for part in items.chunks(REQUESTS_PER_EXPENSE) {
            let (model, link) = (Arc::clone(&model), link.clone());
            sheet.expenses.push(DueExpense { day, place, link, model, excess, basis, items: part.to_vec() });
        }
    }
}

/// The price of all of a new request; of one that grew, the difference to what its billed tokens cost today, or to what
/// they were billed at where the log names the whole amount.
fn priced(request: &Request, tokens: &Tokens, bill: Bill, rules: &Rules<'_>) -> Result<Price, Held> {
    if let Bill::Charged(usd) = bill {
        let before = request.billed.map_or(Ok(Usd(0)), |billed| billed.usd.ok_or(Held::Unproven))?;
        let rest = usd.0.saturating_sub(before.0).max(0);
        // Less than nothing is no charge that anybody made.
        let known = (usd.0 >= 0).then_some(rest).ok_or(Held::BadUsage)?;
        return Ok(Price { usd: Usd(known), source: REPORTED.to_owned() });
    }
    let Some(billed) = &request.billed else { return (rules.price)(request, tokens) };
    let (whole, before) = ((rules.price)(request, &request.tokens)?, (rules.price)(request, &billed.tokens)?);
    Ok(Price { usd: Usd((whole.usd.0 - before.usd.0).max(0)), source: whole.source })
}

fn held_expense(
    session: &Session,
    request: &Request,
    place: &Place,
    day: Day,
    rules: &Rules<'_>,
) -> Option<Held> {
    if let Place::Held(held) = place {
        return Some(*held);
    }
    if request.quality == Quality::Estimated && !rules.bill_estimates {
        return Some(Held::Estimated);
    }
    if request.terms.bad_usage {
        return Some(Held::BadUsage);
    }
    if session.unproven.contains(&request.model) {
        return Some(Held::Unproven);
    }
    if let Place::To { link, .. } = place
        && (rules.closed)(link, Kind::Expense)
    {
        return Some(Held::ProjectClosed);
    }
    let review = || (rules.review && !(rules.approved)(request)).then_some(Held::Review);
    (rules.expenses_held)(day).or_else(review)
}

//! Requests → lines.

use super::document::{OnRecord, RequestLine, Waits};
use super::evidence::{Bill, Evidence, Only};
use super::stands::{Queued, Stand};
use crate::ledger::due::{Place, Request};
use crate::model::{Meaning, Payer, Quality, Tokens, Usd};

/// A request of the explanation with what of it is where.
pub(super) struct Told {
    pub(super) line: RequestLine,
    pub(super) tokens: Tokens,
    pub(super) cost: Option<Usd>,
    pub(super) unpriced: bool,
    pub(super) stands: Vec<(Stand, Option<Usd>)>,
}

/// The requests that an explanation is about.
pub(super) fn requests(of: &Evidence<'_>, only: &Only) -> Vec<Told> {
    let queued = Queued::new(of);
    let all = of.ledger.requests.iter().enumerate();
    all.filter_map(|(index, request)| told(of, only, (index, request), &queued)).collect()
}

fn told(
    of: &Evidence<'_>,
    only: &Only,
    (index, request): (usize, &Request),
    queued: &Queued<'_>,
) -> Option<Told> {
    let day = of.calendar.day_of(request.at);
    let bills = of.bills.get(&request.id).map_or(&[][..], Vec::as_slice);
    let waits = queued.of(of, request);
    let meant = match only {
        Only::All => true,
        Only::Day(wanted) => day == *wanted,
        Only::Record { entry: Some((wanted, link)), .. } => {
            let place = of.ledger.places.get(request.place);
            day == *wanted && matches!(place, Some(Place::To { link: to, .. }) if to == link)
        }
        Only::Record { id, entry: None } => bills.iter().any(|bill| bill.id == *id),
        Only::Group { id, .. } => waits.as_ref().is_some_and(|(stand, _)| stand.id.as_deref() == Some(id)),
    };
    if !meant {
        return None;
    }
    let (cost, unpriced) = (of.cost)(request);
    let mut stands: Vec<(Stand, Option<Usd>)> =
        bills.iter().map(|bill| (Stand::billed(&bill.id), bill.usd)).collect();
    let frozen = bills.iter().filter_map(|bill| bill.usd).fold(Usd(0), Usd::plus);
    let rest = cost.filter(|_| !unpriced).map(|cost| Usd(cost.0.saturating_sub(frozen.0)));
    stands.extend(waits.iter().map(|(stand, _)| (stand.clone(), rest)));
    let charged = request.reported.filter(|reported| reported.meaning == Meaning::Charged);
    let line = RequestLine {
        at: request.at.to_string(),
        day: day.to_string(),
        model: request.model.to_string(),
        provider: request.provider.as_deref().map(str::to_owned),
        tokens: request.tokens.into(),
        quality: quality(request.quality),
        payer: request.payer.map(|payer| match payer {
            Payer::Subscription => "subscription",
            Payer::Metered => "by_request",
        }),
        charged_usd: charged.map(|charged| charged.usd.to_string()),
        place: of.request_places.get(index).copied().flatten(),
        source: of.origins.requests.get(&request.id).cloned(),
        cost_usd: cost.map(|cost| cost.to_string()),
        on: bills.iter().map(|bill| on(of, request, bill)).collect(),
        price: waits.as_ref().map(|_| (of.price)(request, &request.tokens)),
        waits: waits.map(|(stand, tokens)| Waits {
            status: stand.status,
            id: stand.id.map(|id| id.to_string()),
            reason: stand.reason,
            tokens: tokens.into(),
            cost_usd: rest.map(|usd| usd.to_string()),
        }),
    };
    Some(Told { line, tokens: request.tokens, cost, unpriced, stands })
}

fn on(of: &Evidence<'_>, request: &Request, bill: &Bill) -> OnRecord {
    let now = (of.price)(request, &bill.tokens);
    let same = bill.usd.is_some_and(|usd| now["usd"] == usd.to_string()) && now["provenance"] == bill.price;
    OnRecord {
        id: bill.id.to_string(),
        tokens: bill.tokens.into(),
        cost_usd: bill.usd.map(|usd| usd.to_string()),
        price: bill.price.clone(),
        sum: same.then_some(now),
    }
}

const fn quality(quality: Quality) -> &'static str {
    match quality {
        Quality::Exact => "exact",
        Quality::LowerBound => "lower_bound",
        Quality::Estimated => "estimated",
    }
}

//! The arithmetic: one row, one tier of it, one rounding.

use super::row::Row;
use super::table::Found;
use super::{
    Class, Factor, Fee, Line, Notes, Origin, Override, Priced, Provenance, Rates, Request, Table, Unpriced,
};
use crate::model::{Geo, Speed, Terms, Tier, Tokens, Usd};

/// Everything that decides a price, before the sum.
struct Quote<'t> {
    rates: Rates,
    factor: Factor,
    web_search: Option<Fee>,
    row: Option<&'t Row>,
    over: Option<&'t (Override, String)>,
    notes: Notes,
}

impl Table {
    /// The price of a request with all that explains it.
    ///
    /// # Errors
    /// Why it has none.
    pub fn price<'t>(&'t self, request: &Request<'_>) -> Result<Priced<'t>, Unpriced> {
        let quote = self.quote(request)?;
        let usd = quote.usd(request)?;
        let fees = quote.fees(request.terms)?;
        let lines = quote.rates.lines(request.tokens).filter_map(Result::ok);
        let lines = lines.map(|(class, tokens, rate)| Line { class, tokens, rate }).collect();
        let user = quote.over.map(|(price, id)| (price, id.as_str()));
        let origin = if user.is_some() { Origin::Override } else { self.origin() };
        Ok(Priced {
            usd,
            platform: quote
                .row
                .map(|row| row.platform.as_str())
                .or_else(|| user.and_then(|(price, _)| price.platform.as_deref()))
                .unwrap_or("user"),
            model: quote
                .row
                .map(|row| row.model.as_str())
                .or_else(|| user.map(|(price, _)| price.model.as_str()))
                .unwrap_or_default(),
            provenance: Provenance {
                origin,
                version: self.version(),
                row: quote.row.map(|row| row.id.as_str()),
                user: user.map(|(_, id)| id),
            },
            lines,
            factor: quote.factor,
            fees,
            notes: quote.notes,
        })
    }

    /// The price alone, for reports over many requests.
    ///
    /// # Errors
    /// Why it has none.
    pub fn usd(&self, request: &Request<'_>) -> Result<Usd, Unpriced> {
        self.quote(request)?.usd(request)
    }

    fn quote<'t>(&'t self, request: &Request<'_>) -> Result<Quote<'t>, Unpriced> {
        check(request.tokens, request.terms)?;
        let found = self.find(request.platform, request.model, request.at);
        let first = found.rows.first();
        let platform = first.map(|row| row.platform.as_str()).or(request.platform);
        let over = self.over(platform, request.model, first.map(|row| row.model.as_str()), request.at);
        let (speed, tier, from_name) = terms(&found, platform, request.terms);
        let (row, service) = match (pick(&found, request, speed, tier), over) {
            (Ok(picked), _) => (Some(picked.0), picked.1),
            // A model or a time that only the user knows: standard terms alone.
            (
                Err(Unpriced::UnknownModel | Unpriced::Unresolved | Unpriced::NoRowAtInstant),
                Some((price, _)),
            ) if !price.rates.is_empty() => {
                standard(speed, tier, request.terms.geo)?;
                (None, Factor::ONE)
            }
            (Err(why), _) => return Err(why),
        };
        let geo = match (request.terms.geo, row) {
            (Geo::Global, _) => Factor::ONE,
            (Geo::Us, Some(row)) => row.us.ok_or(Unpriced::UnknownGeo)?,
            (Geo::Regional, Some(row)) => row.regional.ok_or(Unpriced::UnknownGeo)?,
            _ => return Err(Unpriced::UnknownGeo),
        };
        let prompt = request.tokens.prompt();
        let listed = row.map(|row| *row.rates_for(prompt)).unwrap_or_default();
        // Rates of an override are those of the standard variant; a discount is on everything.
        let ordinary = row.is_none_or(|row| row.speed == Speed::Standard && row.service == Tier::Standard);
        let over = over.filter(|(price, _)| {
            price.discount.is_some() || price.web_search.is_some() || (ordinary && !price.rates.is_empty())
        });
        let rates = over.filter(|_| ordinary).map_or(listed, |(price, _)| price.rates.or(listed));
        let discount = over.and_then(|(price, _)| price.discount).unwrap_or(Factor::ONE);
        Ok(Quote {
            rates,
            factor: service.times(geo).times(discount),
            web_search: over.and_then(|(price, _)| price.web_search).or_else(|| row.and_then(listed_fee)),
            row,
            over,
            notes: Notes {
                committed: tier == Tier::Priority && row.is_some_and(|row| row.committed),
                long_context: row.is_some_and(|row| *row.rates_for(prompt) != row.rates),
                terms_from_name: from_name,
                endpoint_assumed: found.endpoint_assumed,
                cache_rate_assumed: row.is_some_and(|row| assumed(row, &rates, request.tokens)),
                search_fee_excluded: request.terms.web_searches > 0
                    && row.is_some_and(|row| row.searches_excluded)
                    && over.is_none_or(|(price, _)| price.web_search.is_none()),
                model_estimated: found.estimated,
            },
        })
    }
}

impl Quote<'_> {
    fn usd(&self, request: &Request<'_>) -> Result<Usd, Unpriced> {
        let mut sum = 0_i128;
        for line in self.rates.lines(request.tokens) {
            let (_, tokens, rate) = line.map_err(|class| Unpriced::NoRate { class })?;
            sum += i128::from(tokens) * rate.pico();
        }
        Ok(Usd(self.factor.apply(sum)).plus(self.fees(request.terms)?))
    }

    fn fees(&self, terms: &Terms) -> Result<Usd, Unpriced> {
        if terms.web_searches == 0 {
            return Ok(Usd(0));
        }
        let fee = self.web_search.ok_or(Unpriced::NoRate { class: Class::WebSearch })?;
        Ok(Usd(i128::from(terms.web_searches) * fee.pico()))
    }
}

fn check(tokens: &Tokens, terms: &Terms) -> Result<(), Unpriced> {
    let absurd = tokens.classes().iter().any(|count| *count > Tokens::MAX_PER_CLASS);
    if terms.bad_usage || absurd { Err(Unpriced::BadUsage) } else { Ok(()) }
}

/// The fee of a search as the row has it. A quota that no log shows goes first where `searches_excluded`.
fn listed_fee(row: &Row) -> Option<Fee> {
    if row.searches_excluded { Some(Fee::FREE) } else { row.web_search }
}

/// Whether tokens fall into a class that the vendor lists no rate for, and the user neither.
fn assumed(row: &Row, rates: &Rates, tokens: &Tokens) -> bool {
    let listed = row.rates_for(tokens.prompt());
    rates
        .lines(tokens)
        .filter_map(Result::ok)
        .any(|(class, _, rate)| row.assumed.contains(&class) && listed.get(class) == Some(rate))
}

/// Speed and tier: what the response reports, else what the name says.
fn terms(found: &Found<'_>, platform: Option<&str>, terms: &Terms) -> (Speed, Tier, bool) {
    let fast = found.fast && terms.speed == Speed::Standard;
    let batch = found.batch && terms.tier == Tier::Standard;
    let speed = if fast { Speed::Fast } else { terms.speed };
    let tier = if batch { Tier::Batch } else { terms.tier };
    // OpenAI calls its priority tier fast since 2026-07-30.
    let renamed = speed == Speed::Fast && matches!(platform, Some("openai" | "azure"));
    match tier {
        Tier::Standard | Tier::Priority if renamed => (Speed::Standard, Tier::Priority, fast || batch),
        _ => (speed, tier, fast || batch),
    }
}

/// The row of the variant at the instant, and the factor of the service tier on it.
fn pick<'t>(
    found: &Found<'t>,
    request: &Request<'_>,
    speed: Speed,
    tier: Tier,
) -> Result<(&'t Row, Factor), Unpriced> {
    if found.rows.is_empty() {
        return Err(if found.unresolved.is_some() { Unpriced::Unresolved } else { Unpriced::UnknownModel });
    }
    let row = |speed, service| {
        let rows = found.rows.iter().filter(|row| row.speed == speed && row.service == service);
        rows.filter(|row| row.holds(request.at)).max_by_key(|row| row.window.is_some())
    };
    if tier != Tier::Standard
        && let Some(own) = row(speed, tier)
    {
        return Ok((own, Factor::ONE));
    }
    let Some(base) = row(speed, Tier::Standard) else {
        let any = row(Speed::Standard, Tier::Standard).is_some();
        return Err(if any { Unpriced::UnknownSpeed } else { Unpriced::NoRowAtInstant });
    };
    let factor = match tier {
        Tier::Standard => Some(Factor::ONE),
        Tier::Batch => base.batch,
        Tier::Flex => base.flex,
        Tier::Priority => base.priority.or_else(|| base.committed.then_some(Factor::ONE)),
        Tier::Other => None,
    };
    factor.map(|factor| (base, factor)).ok_or(Unpriced::UnknownTier)
}

fn standard(speed: Speed, tier: Tier, geo: Geo) -> Result<(), Unpriced> {
    match (speed, tier, geo) {
        (Speed::Standard, Tier::Standard, Geo::Global) => Ok(()),
        (Speed::Standard, Tier::Standard, _) => Err(Unpriced::UnknownGeo),
        (Speed::Standard, _, _) => Err(Unpriced::UnknownTier),
        _ => Err(Unpriced::UnknownSpeed),
    }
}

//! `[money]`, `[[money.rate]]`, `[[price]]`, `[[project]]`.

use secrecy::SecretString;
use url::Url;

use super::document::Value;
use super::error::Trouble;
use super::scalar::{self, amount, range, text, word};
use super::section::Section;
use super::settings::{CostBasis, Money, PriceOverride, ProjectTerms, Rate};
use crate::model::ProjectId;

pub(super) fn cost(value: &Value<'_>) -> Result<CostBasis, Trouble> {
    let words = &[("list", CostBasis::List), ("metered", CostBasis::Metered), ("off", CostBasis::Off)];
    word(words, "\"list\", \"metered\" or \"off\"")(value)
}

/// `[money]` with its rates; `prices` are the elements of `[[price]]`.
pub(super) fn money(mut s: Section<'_>, prices: Vec<Section<'_>>) -> Money {
    let cost_chosen = s.written("cost");
    let money = Money {
        cost: s.value("cost", cost),
        cost_chosen,
        markup_percent: s.get("markup_percent", scalar::markup).unwrap_or_default(),
        cost_decimals: s.value("cost_decimals", range(0, 12, "a whole number from 0 to 12")),
        rates: rates(s.tables("rate")),
        prices: prices.into_iter().filter_map(price).collect(),
    };
    s.end();
    money
}

fn rates(sections: Vec<Section<'_>>) -> Vec<Rate> {
    let mut rates: Vec<Rate> = Vec::new();
    for mut s in sections {
        let from = s.need("from", scalar::day);
        let currency = s.need("currency", scalar::currency);
        let per_usd = s.need("per_usd", scalar::factor);
        if let (Some(from), Some(currency), Some(per_usd)) = (from, currency, per_usd) {
            if rates.iter().any(|rate| rate.from == from && rate.currency == currency) {
                s.problem("from", Trouble::Twice);
            }
            rates.push(Rate { from, currency, per_usd });
        }
        s.end();
    }
    rates.sort_by(|a, b| (&a.currency, a.from).cmp(&(&b.currency, b.from)));
    rates
}

fn price(mut s: Section<'_>) -> Option<PriceOverride> {
    let model = s.need("model", text);
    let row = PriceOverride {
        platform: s.get("platform", text),
        model: model.clone().unwrap_or_default(),
        from: s.get("from", scalar::instant),
        input: s.get("input", amount),
        cache_read: s.get("cache_read", amount),
        cache_write_5m: s.get("cache_write_5m", amount),
        cache_write_1h: s.get("cache_write_1h", amount),
        output: s.get("output", amount),
        discount_percent: s.get("discount_percent", scalar::discount),
    };
    let says = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "discount_percent"];
    if !says.iter().any(|key| s.written(key)) {
        s.problem_here(Trouble::Expected("given a price of some class or a discount_percent"));
    }
    s.end();
    model.map(|_| row)
}

pub(super) fn projects(sections: Vec<Section<'_>>) -> Vec<ProjectTerms> {
    let mut projects: Vec<ProjectTerms> = Vec::new();
    for mut s in sections {
        let id = s.need("id", text).map(ProjectId::new);
        let (cost, markup_percent) = (s.get("cost", cost), s.get("markup_percent", scalar::markup));
        if let Some(id) = id {
            if projects.iter().any(|project| project.id == id) {
                s.problem("id", Trouble::Twice);
            }
            projects.push(ProjectTerms { id, cost, markup_percent });
        }
        s.end();
    }
    projects
}

/// A proxy; http, since the TLS to Keito runs inside it.
pub(super) fn proxy(value: &Value<'_>) -> Result<SecretString, Trouble> {
    let url = text(value)?;
    match Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => Ok(url.into()),
        _ => Err(Trouble::Expected("a proxy URL, such as \"http://proxy.example:3128\"")),
    }
}

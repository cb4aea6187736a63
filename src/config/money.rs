//! `[money]`, `[[money.rate]]`, `[[price]]`, `[[project]]`.

use rust_decimal::Decimal;
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

/// `[money]` with its rates; `overrides` are the elements of `[[price]]`.
pub(super) fn money(mut s: Section<'_>, overrides: Vec<Section<'_>>) -> Money {
    let cost_chosen = s.written("cost");
    let money = Money {
        cost: s.value("cost", cost),
        cost_chosen,
        markup_percent: s.get("markup_percent", scalar::markup).unwrap_or_default(),
        cost_decimals: s.value("cost_decimals", range(0, 12, "a whole number from 0 to 12")),
        rates: rates(s.tables("rate")),
        prices: prices(overrides),
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

fn prices(sections: Vec<Section<'_>>) -> Vec<PriceOverride> {
    let mut prices: Vec<PriceOverride> = Vec::new();
    for mut s in sections {
        let model = s.need("model", text);
        let row = PriceOverride {
            platform: s.get("platform", text),
            model: model.clone().unwrap_or_default(),
            from: s.get("from", scalar::instant),
            to: s.get("to", scalar::instant),
            input: s.get("input", rate),
            cache_read: s.get("cache_read", rate),
            cache_write_5m: s.get("cache_write_5m", rate),
            cache_write_1h: s.get("cache_write_1h", rate),
            output: s.get("output", rate),
            web_search: s.get("web_search", rate),
            discount_percent: s.get("discount_percent", discount),
        };
        if let (Some(from), Some(to)) = (row.from, row.to)
            && to <= from
        {
            s.problem("to", Trouble::Expected("later than from"));
        }
        if !SAYS.iter().any(|key| s.written(key)) {
            s.problem_here(Trouble::Expected("given a price of some class or a discount_percent"));
        }
        let same = |other: &PriceOverride| {
            (&other.platform, &other.model, other.from, other.to)
                == (&row.platform, &row.model, row.from, row.to)
        };
        if model.is_some() && prices.iter().any(same) {
            s.problem("model", Trouble::Twice);
        }
        s.end();
        if model.is_some() {
            prices.push(row);
        }
    }
    prices
}

const SAYS: [&str; 7] =
    ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "web_search", "discount_percent"];

/// USD per million tokens, or per thousand calls. Finer than money is counted would be cut without a word.
fn rate(value: &Value<'_>) -> Result<Decimal, Trouble> {
    let expected = Trouble::Expected("a price from 0 to 1000000 with at most six decimals");
    amount(value).and_then(|rate| {
        let fits = rate.normalize().scale() <= 6 && rate <= Decimal::from(1_000_000);
        if fits { Ok(rate) } else { Err(expected) }
    })
}

fn discount(value: &Value<'_>) -> Result<Decimal, Trouble> {
    let percent = scalar::discount(value)?;
    let fits = percent.normalize().scale() <= 4;
    if fits { Ok(percent) } else { Err(Trouble::Expected("a percentage with at most four decimals")) }
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

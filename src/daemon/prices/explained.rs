//! What `keitod prices explain` says: each class × rate × factor of one request, with the row and its source.

use serde_json::{Value, json};

use super::documents::{Wanted, document};
use crate::model::{Geo, Speed, Terms, Tier, Tokens, Usd};
use crate::prices::{Notes, Request, Table};

/// What a request used, as somebody tells it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Its tokens.
    pub tokens: Tokens,
    /// `fast` or the ordinary speed.
    pub fast: bool,
    /// Its service tier.
    pub tier: Tier,
    /// Where it was served.
    pub geo: Geo,
    /// Web searches that the vendor ran.
    pub web_searches: u32,
}

/// The price of one request, or why it has none.
#[must_use]
pub fn explain(table: &Table, wanted: &Wanted, usage: &Usage) -> Value {
    let speed = if usage.fast { Speed::Fast } else { Speed::Standard };
    let (tier, geo, web_searches) = (usage.tier, usage.geo, usage.web_searches);
    let terms = Terms { speed, geo, tier, web_searches, bad_usage: false };
    let (platform, tokens) = (wanted.platform.as_deref(), &usage.tokens);
    let request = Request { platform, model: &wanted.model, at: wanted.at, tokens, terms: &terms };
    let mut said = quoted(table, &request);
    let row = said["row"].as_str().and_then(|id| table.rows().find(|row| row.id == id));
    said["row"] = json!(row.map(|row| document(table, row)));
    said["schema_version"] = json!(1);
    said["name"] = json!(wanted.model);
    said["at"] = json!(wanted.at.to_string());
    (said["version"], said["origin"]) = (json!(table.version()), json!(table.origin().name()));
    if said["priced"] == false {
        said["unresolved"] = json!(table.why_unresolved(platform, &wanted.model, wanted.at));
    }
    said
}

/// The price of a request: `{priced, platform, model, lines: [{class, tokens, rate, usd}], factor, fees, web_searches, usd,
/// provenance, override, notes, row}` with the row's id, or `{priced: false, reason}`.
#[must_use]
pub fn quoted(table: &Table, request: &Request<'_>) -> Value {
    let priced = match table.price(request) {
        Ok(priced) => priced,
        Err(why) => return json!({"priced": false, "reason": why.to_string()}),
    };
    let row = priced.provenance.row.and_then(|id| table.rows().find(|row| row.id == id));
    let line = |line: &crate::prices::Line| {
        let label = row.map_or(line.class.name(), |row| row.label(line.class));
        let usd = Usd(i128::from(line.tokens) * line.rate.pico());
        json!({"class": label, "tokens": line.tokens, "rate": line.rate.to_string(), "usd": usd.to_string()})
    };
    json!({
        "priced": true,
        "platform": priced.platform,
        "model": priced.model,
        "lines": priced.lines.iter().map(line).collect::<Vec<_>>(),
        "factor": priced.factor.to_string(),
        "fees": priced.fees.to_string(),
        "web_searches": request.terms.web_searches,
        "usd": priced.usd.to_string(),
        "provenance": priced.provenance.to_string(),
        "override": priced.provenance.user,
        "notes": notes(priced.notes),
        "row": priced.provenance.row,
    })
}

fn notes(notes: Notes) -> Vec<&'static str> {
    let said = [
        (notes.committed, "priority is a prepaid commitment: this is the equivalent at standard rates"),
        (notes.long_context, "the prompt is long: its tier holds for the whole request"),
        (notes.terms_from_name, "fast or batch was read from the name"),
        (notes.endpoint_assumed, "the name shows no endpoint: the global one was assumed"),
        (notes.cache_rate_assumed, "the vendor lists no rate for its cache: billed as input"),
        (notes.search_fee_excluded, "searches have a free quota that no log shows: their fee is left out"),
        (notes.model_estimated, "the vendor does not say which model is behind the name"),
    ];
    said.into_iter().filter(|(holds, _)| *holds).map(|(_, text)| text).collect()
}

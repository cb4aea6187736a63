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
    let mut said = json!({"schema_version": 1, "name": wanted.model, "at": wanted.at.to_string(),
                          "version": table.version(), "origin": table.origin().name()});
    let priced = match table.price(&request) {
        Ok(priced) => priced,
        Err(why) => {
            said["priced"] = json!(false);
            said["reason"] = json!(why.to_string());
            said["unresolved"] = json!(table.why_unresolved(platform, &wanted.model, wanted.at));
            return said;
        }
    };
    let row = priced.provenance.row.and_then(|id| table.rows().find(|row| row.id == id));
    let line = |line: &crate::prices::Line| {
        let label = row.map_or(line.class.name(), |row| row.label(line.class));
        let usd = Usd(i128::from(line.tokens) * line.rate.pico());
        json!({"class": label, "tokens": line.tokens, "rate": line.rate.to_string(), "usd": usd.to_string()})
    };
    said["priced"] = json!(true);
    said["platform"] = json!(priced.platform);
    said["model"] = json!(priced.model);
    said["lines"] = priced.lines.iter().map(line).collect();
    said["factor"] = json!(priced.factor.to_string());
    said["fees"] = json!(priced.fees.to_string());
    said["web_searches"] = json!(web_searches);
    said["usd"] = json!(priced.usd.to_string());
    said["provenance"] = json!(priced.provenance.to_string());
    said["override"] = json!(priced.provenance.user);
    said["notes"] = json!(notes(priced.notes));
    said["row"] = json!(row.map(|row| document(table, row)));
    said
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

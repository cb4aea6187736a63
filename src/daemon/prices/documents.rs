//! What `keitod prices list`, `show` and `check` say, as documents.

use serde_json::{Map, Value, json};

use super::kept::Trouble;
use crate::model::{Instant, Speed, Tier};
use crate::prices::{Class, Override, Rates, Row, Table};

/// A model, as somebody asks for it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose list, if not that of the model's own vendor.
    pub platform: Option<String>,
    /// The model as a log names it.
    pub model: String,
    /// The instant.
    pub at: Instant,
}

/// All rows in force at an instant; of one platform if it is named.
#[must_use]
pub fn list(table: &Table, platform: Option<&str>, at: Instant) -> Value {
    let platform = platform.map(crate::prices::platform::of);
    let on = |row: &&Row| platform.is_none_or(|platform| row.platform == platform);
    let rows: Vec<Value> =
        table.rows().filter(on).filter(|row| row.holds(at)).map(|row| document(table, row)).collect();
    json!({"schema_version": 1, "version": table.version(), "origin": table.origin().name(),
           "at": at.to_string(), "rows": rows, "overrides": overrides(table, |_| true)})
}

/// All rows of a model, of any time, and the user's own prices of it.
#[must_use]
pub fn show(table: &Table, wanted: &Wanted) -> Value {
    let (hint, raw) = (wanted.platform.as_deref(), wanted.model.as_str());
    let rows = table.known(hint, raw, wanted.at);
    let model = rows.first().map(|row| row.model.as_str());
    let shown = |row: &Row| {
        let mut document = document(table, row);
        document["in_force"] = json!(row.holds(wanted.at));
        document
    };
    let named = |price: &Override| {
        price.model.eq_ignore_ascii_case(raw.trim()) || model.is_some_and(|model| price.model == model)
    };
    json!({"schema_version": 1, "version": table.version(), "origin": table.origin().name(), "name": raw,
           "at": wanted.at.to_string(), "platform": rows.first().map(|row| &row.platform), "model": model,
           "unresolved": table.why_unresolved(hint, raw, wanted.at),
           "rows": rows.iter().map(shown).collect::<Vec<_>>(), "overrides": overrides(table, named)})
}

/// Whether fetched tables can be used, and whether each `[[price]]` can price a request.
#[must_use]
pub fn check(table: &Table, troubles: &[Trouble], at: Instant) -> Value {
    let mut problems: Vec<String> = troubles.iter().map(ToString::to_string).collect();
    for (price, _) in table.overrides() {
        let known = !table.known(price.platform.as_deref(), &price.model, at).is_empty();
        for class in
            [Class::Input, Class::Output].into_iter().filter(|class| price.rates.get(*class).is_none())
        {
            if !known {
                problems.push(format!(
                    "[[price]] {}: the table does not know this model, so it needs {}",
                    price.model,
                    class.name()
                ));
            }
        }
    }
    json!({"schema_version": 1, "ok": problems.is_empty(), "version": table.version(),
           "origin": table.origin().name(), "rows": table.rows().count(),
           "overrides": table.overrides().len(), "problems": problems})
}

/// A row with its sources in words.
pub(super) fn document(table: &Table, row: &Row) -> Value {
    let tiers =
        row.context.iter().map(|tier| json!({"from_tokens": tier.least, "rates": rates(row, &tier.rates)}));
    let factors = [
        ("batch", row.batch),
        ("flex", row.flex),
        ("priority", row.priority),
        ("us", row.us),
        ("regional", row.regional),
    ];
    let factors =
        factors.into_iter().filter_map(|(term, factor)| Some((term.to_owned(), json!(factor?.to_string()))));
    let sources = row.source.iter().map(|id| {
        let source = table.source(id);
        json!({"id": id, "reason": source.map(|s| &s.reason), "address": source.map(|s| &s.address)})
    });
    json!({
        "id": row.id, "platform": row.platform, "model": row.model,
        "speed": if row.speed == Speed::Fast { "fast" } else { "standard" }, "service": service(row.service),
        "from": row.from.map(|at| at.to_string()), "to": row.to.map(|at| at.to_string()),
        "hours": row.window.as_ref().map(ToString::to_string),
        "rates": rates(row, &row.rates), "context": tiers.collect::<Vec<_>>(),
        "web_search": row.web_search.map(|fee| fee.to_string()), "searches_excluded": row.searches_excluded,
        "multiply": factors.collect::<Map<_, _>>(), "committed": row.committed,
        "assumed": row.assumed.iter().map(|class| row.label(*class)).collect::<Vec<_>>(),
        "sources": sources.collect::<Vec<_>>(),
    })
}

fn rates(row: &Row, rates: &Rates) -> Value {
    Value::Object(
        rates.iter().map(|(class, rate)| (row.label(class).to_owned(), json!(rate.to_string()))).collect(),
    )
}

fn service(tier: Tier) -> &'static str {
    match tier {
        Tier::Standard => "standard",
        Tier::Batch => "batch",
        Tier::Flex => "flex",
        Tier::Priority => "priority",
        Tier::Other => "other",
    }
}

fn overrides(table: &Table, wanted: impl Fn(&Override) -> bool) -> Vec<Value> {
    let known = table.overrides().iter().filter(|(price, _)| wanted(price));
    known
        .map(|(price, id)| {
            let rates =
                price.rates.iter().map(|(class, rate)| (class.name().to_owned(), json!(rate.to_string())));
            json!({"id": id, "platform": price.platform, "model": price.model,
                   "from": price.from.map(|at| at.to_string()), "to": price.to.map(|at| at.to_string()),
                   "rates": rates.collect::<Map<_, _>>(),
                   "web_search": price.web_search.map(|fee| fee.to_string()),
                   "factor": price.discount.map(|factor| factor.to_string())})
        })
        .collect()
}

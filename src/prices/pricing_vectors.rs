//! Every worked example of `tests/fixtures/pricing-vectors.json`, to the last digit.

use serde::Deserialize;

use super::{Error, Request, Table};
use crate::model::{Amount, Geo, Instant, Speed, Terms, Tier, Tokens};

const VECTORS: &str = include_str!("../../tests/fixtures/pricing-vectors.json");

/// Vendors whose rows the table does not have yet, by the first letter of the id. Empty when it has them all.
const NOT_YET: [char; 10] = ['O', 'G', 'X', 'M', 'Q', 'S', 'D', 'Z', 'C', 'K'];
/// A placeholder, no request: it never reaches pricing.
const SYNTHETIC: &str = "<synthetic>";

#[derive(Deserialize)]
struct Vector {
    id: String,
    model: String,
    date: String,
    flags: Flags,
    billable: Billable,
    usd: Option<String>,
}

#[derive(Deserialize)]
struct Flags {
    speed: Option<String>,
    service_tier: Option<String>,
    inference_geo: Option<String>,
    data_residency: Option<String>,
    batch: Option<bool>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Billable {
    input: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    /// A vendor with one kind of cache write: its decoder counts it as the short-lived one.
    cache_write: u64,
    output: u64,
    web_search: u32,
}

impl Vector {
    fn tokens(&self) -> Tokens {
        Tokens {
            input: self.billable.input,
            cache_read: self.billable.cache_read,
            cache_write_5m: self.billable.cache_write_5m + self.billable.cache_write,
            cache_write_1h: self.billable.cache_write_1h,
            output: self.billable.output,
            reasoning: 0,
        }
    }

    fn terms(&self) -> Terms {
        Terms {
            speed: match self.flags.speed.as_deref() {
                Some("fast") => Speed::Fast,
                None | Some("standard") => Speed::Standard,
                Some(_) => Speed::Other,
            },
            geo: match self.flags.inference_geo.as_deref().or(self.flags.data_residency.as_deref()) {
                Some("us") => Geo::Us,
                None => Geo::Global,
                Some(_) => Geo::Other,
            },
            tier: match (self.flags.service_tier.as_deref(), self.flags.batch) {
                (_, Some(true)) => Tier::Batch,
                (Some("priority"), _) => Tier::Priority,
                (Some("flex"), _) => Tier::Flex,
                (None | Some("default" | "standard"), _) => Tier::Standard,
                (Some(_), _) => Tier::Other,
            },
            web_searches: self.billable.web_search,
            bad_usage: false,
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was skipped must be seen")]
fn pricing_vectors() -> Result<(), Error> {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS)?;
    let table = Table::embedded()?;
    let (mut checked, mut skipped) = (0, 0);
    for vector in &vectors {
        if vector.id.starts_with(NOT_YET) {
            skipped += 1;
            continue;
        }
        if vector.model == SYNTHETIC {
            continue;
        }
        let (tokens, terms) = (vector.tokens(), vector.terms());
        let at = Instant::parse(&vector.date).unwrap();
        let request = Request { platform: None, model: &vector.model, at, tokens: &tokens, terms: &terms };
        let usd = table.usd(&request).ok();
        let expected = vector.usd.as_deref().map(|usd| Amount::parse(usd).unwrap().pico());
        assert_eq!(usd.map(|usd| usd.0), expected, "{}", vector.id);
        assert_eq!(table.price(&request).ok().map(|priced| priced.usd), usd, "{}", vector.id);
        checked += 1;
    }
    println!("{checked} checked, {skipped} of vendors without rows skipped");
    assert!(checked >= 20);
    assert_eq!(checked + skipped + 1, vectors.len());
    Ok(())
}

//! Every worked example of `tests/fixtures/pricing-vectors*.json`, to the last digit.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Error, Request, Table};
use crate::model::{Amount, Geo, Instant, Speed, Terms, Tier, Tokens};

/// Worked examples of others.
const VECTORS: &str = include_str!("../../tests/fixtures/pricing-vectors.json");
/// Our own, from the vendors' published rules, summed without the table.
const MORE: &str = include_str!("../../tests/fixtures/pricing-vectors-more.json");

/// A placeholder, no request: it never reaches pricing.
const SYNTHETIC: &str = "<synthetic>";

#[derive(Deserialize)]
struct Vector {
    id: String,
    agent: String,
    model: String,
    date: String,
    flags: Flags,
    /// Absent where the usage cannot be right.
    billable: Option<Billable>,
    usd: Option<String>,
}

#[derive(Deserialize)]
struct Flags {
    speed: Option<String>,
    service_tier: Option<String>,
    inference_geo: Option<String>,
    data_residency: Option<String>,
    batch: Option<bool>,
    platform: Option<String>,
    provider: Option<String>,
    region_profile: Option<String>,
    region: Option<String>,
}

/// Counts as a decoder makes them. Two kinds of kept caches: the short-lived one (5 or 30 minutes, or the only one) and
/// the long-lived one (an hour or twelve).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Billable {
    input: i64,
    cache_read: i64,
    cache_write_5m: i64,
    cache_write_30m: i64,
    cache_write: i64,
    cache_write_1h: i64,
    cache_write_12h: i64,
    output: i64,
    reasoning: i64,
    web_search: u32,
    /// Classes that no request has: such a vector can only be unpriced.
    #[serde(flatten)]
    others: HashMap<String, serde_json::Value>,
}

impl Vector {
    /// `None` where a count is negative: no request has that.
    fn tokens(&self) -> Option<Tokens> {
        let counts = self.billable.as_ref()?;
        if !counts.others.is_empty() {
            return None;
        }
        let count = |value: i64| u64::try_from(value).ok();
        Some(Tokens {
            input: count(counts.input)?,
            cache_read: count(counts.cache_read)?,
            cache_write_5m: count(counts.cache_write_5m)?
                + count(counts.cache_write_30m)?
                + count(counts.cache_write)?,
            cache_write_1h: count(counts.cache_write_1h)? + count(counts.cache_write_12h)?,
            output: count(counts.output)?,
            reasoning: count(counts.reasoning)?,
        })
    }

    /// What the logs of this agent say about whose list applies.
    fn platform(&self) -> Option<&str> {
        let flags = &self.flags;
        let told = flags.provider.as_deref().or(flags.platform.as_deref());
        // An endpoint that the name does not show.
        let place = flags.region_profile.as_deref().or(flags.region.as_deref());
        let told = match (told, place) {
            (Some("bedrock"), Some("global")) => Some("aws-global"),
            (Some("vertex"), Some(place)) if place != "global" => Some("vertex-regional"),
            _ => told,
        };
        told.or_else(|| {
            let own = [("cursor", "cursor"), ("copilot", "github-copilot"), ("openrouter", "openrouter")];
            own.into_iter().find(|(agent, _)| self.agent.contains(agent)).map(|(_, platform)| platform)
        })
    }

    fn terms(&self, bad_usage: bool) -> Terms {
        Terms {
            speed: match self.flags.speed.as_deref() {
                Some("fast") => Speed::Fast,
                None | Some("standard") => Speed::Standard,
                Some(_) => Speed::Other,
            },
            geo: match (self.flags.inference_geo.as_deref(), self.flags.data_residency.as_deref()) {
                (Some("us"), _) | (None, Some("us")) => Geo::Us,
                (None | Some("global" | "not_available"), None) | (None, Some("global")) => Geo::Global,
                (None, Some(_)) => Geo::Regional,
                (Some(_), _) => Geo::Other,
            },
            tier: match (self.flags.service_tier.as_deref(), self.flags.batch) {
                (_, Some(true)) | (Some("batch"), _) => Tier::Batch,
                (Some("priority" | "fast"), _) => Tier::Priority,
                (Some("flex"), _) => Tier::Flex,
                (None | Some("default" | "standard" | "auto"), _) => Tier::Standard,
                (Some(_), _) => Tier::Other,
            },
            web_searches: self.billable.as_ref().map_or(0, |counts| counts.web_search),
            bad_usage,
        }
    }
}

/// Those that come out otherwise, and how many there are.
fn wrong(text: &str) -> Result<(Vec<String>, usize), Error> {
    let vectors: Vec<Vector> = serde_json::from_str(text)?;
    let table = Table::embedded()?;
    let mut wrong = Vec::new();
    for vector in vectors.iter().filter(|vector| vector.model != SYNTHETIC) {
        let tokens = vector.tokens();
        let terms = vector.terms(tokens.is_none());
        let tokens = tokens.unwrap_or_default();
        let at = Instant::parse(&vector.date).unwrap();
        let platform = vector.platform();
        let request = Request { platform, model: &vector.model, at, tokens: &tokens, terms: &terms };
        let usd = table.usd(&request).ok();
        let expected = vector.usd.as_deref().map(|usd| Amount::parse(usd).unwrap().pico());
        let priced = table.price(&request).map(|priced| (priced.usd, priced.provenance.to_string()));
        if usd.map(|usd| usd.0) != expected {
            let (id, model, date) = (&vector.id, &vector.model, &vector.date);
            wrong.push(format!("{id} {model} {date}: {priced:?}, expected {:?}", vector.usd));
        }
        assert_eq!(priced.ok().map(|(usd, _)| usd), usd, "{}", vector.id);
    }
    Ok((wrong, vectors.len()))
}

#[test]
#[expect(clippy::print_stdout, reason = "how many there are is worth seeing")]
fn pricing_vectors() -> Result<(), Error> {
    let (wrong, count) = wrong(VECTORS)?;
    println!("{count} vectors");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 20);
    Ok(())
}

#[test]
#[expect(clippy::print_stdout, reason = "how many there are is worth seeing")]
fn more_pricing_vectors() -> Result<(), Error> {
    let (wrong, count) = wrong(MORE)?;
    println!("{count} vectors");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 200);
    Ok(())
}

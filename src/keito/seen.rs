//! `metadata` as it comes back in listings and answers: ours, the Keito skill's, or anybody's.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::fields::Fields;
use crate::model::{Agent, Amount, Covers, Instant, KeitodId, ModelName, RemoteId, SessionId, Tokens, Usd};

/// Typed view of `metadata`. A field that is missing or of another type is `None`; numbers may come as strings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Our id of the record; its presence marks the record as ours.
    pub keitod_id: Option<KeitodId>,
    /// The agent's own session id; the Keito skill writes it too.
    pub session_id: Option<SessionId>,
    /// The agent.
    pub agent_type: Option<Agent>,
    /// The model; of an entry, that with most output.
    pub model: Option<ModelName>,
    /// Instant of the first fact covered.
    pub first_at: Option<Instant>,
    /// Instant of the last fact covered.
    pub last_at: Option<Instant>,
    /// Sum of the keys covered.
    pub covers: Option<Covers>,
    /// First three bytes of each key covered, sorted.
    pub keys: Option<Vec<[u8; 3]>>,
    /// Requests covered by an expense.
    pub requests: Option<u64>,
    /// Hash of the machine that wrote the record.
    pub machine: Option<String>,
    /// Number among like records, from 1; information.
    pub part: Option<u64>,
    /// Seconds of an entry, before Keito's rounding.
    pub duration_seconds: Option<u64>,
    /// Sessions of an entry that covers a whole day.
    pub sessions: Option<u64>,
    /// Prompt tokens that were not cached.
    pub input_tokens: Option<u64>,
    /// Tokens of the answer.
    pub output_tokens: Option<u64>,
    /// Prompt tokens read from a cache.
    pub cached_input_tokens: Option<u64>,
    /// Prompt tokens written to a cache, both lifetimes.
    pub cache_write_tokens: Option<u64>,
    /// The part of `cache_write_tokens` that lives an hour.
    pub cache_write_1h_tokens: Option<u64>,
    /// Unrounded cost in USD.
    pub cost_usd: Option<Usd>,
    /// Units of the workspace's currency per USD.
    pub rate: Option<Amount>,
    /// Markup in percent.
    pub markup_percent: Option<Amount>,
    /// An excess part: holds only what grew beyond what was billed.
    pub excess: Option<bool>,
    /// The repository's file asked for drafts.
    pub draft: Option<bool>,
}

impl Metadata {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        let money = |name| fields.amount(name);
        Self {
            keitod_id: fields.id("keitod_id").map(KeitodId::new),
            session_id: fields.id("session_id").map(SessionId::new),
            agent_type: fields.id("agent_type").map(Agent::new),
            model: fields.id("model").map(ModelName::new),
            first_at: fields.instant("first_at"),
            last_at: fields.instant("last_at"),
            covers: fields.text("covers").and_then(|text| Covers::parse(&text)),
            keys: fields.text("keys").and_then(|text| prefixes(&text)),
            requests: fields.count("requests"),
            machine: fields.id("machine"),
            part: fields.count("part"),
            duration_seconds: fields.count("duration_seconds"),
            sessions: fields.count("sessions"),
            input_tokens: fields.count("input_tokens"),
            output_tokens: fields.count("output_tokens"),
            cached_input_tokens: fields.count("cached_input_tokens"),
            cache_write_tokens: fields.count("cache_write_tokens"),
            cache_write_1h_tokens: fields.count("cache_write_1h_tokens"),
            cost_usd: money("cost_usd").map(|amount| Usd(amount.pico())),
            rate: money("rate"),
            markup_percent: money("markup_percent"),
            excess: fields.flag("excess"),
            draft: fields.flag("draft"),
        }
    }

    /// The posted counts by class, if each is known. Cache writes without their split count as unknown, unless there
    /// are none: the classes have different prices, and a guess would hide an excess.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens> {
        let written = self.cache_write_tokens?;
        let long = self.cache_write_1h_tokens.or((written == 0).then_some(0))?;
        Some(Tokens {
            input: self.input_tokens?,
            cache_read: self.cached_input_tokens?,
            cache_write_5m: written.checked_sub(long)?,
            cache_write_1h: long,
            output: self.output_tokens?,
            reasoning: 0,
        })
    }
}

/// The answer to a write: what Keito made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echo {
    /// Keito's id of the record.
    pub id: RemoteId,
    /// Hours as saved, after the workspace's rounding.
    pub hours: Option<Amount>,
    /// Amount as saved, in the workspace's currency.
    pub total_cost: Option<Amount>,
    /// `metadata.duration_seconds` as saved.
    pub duration_seconds: Option<u64>,
    /// `metadata.keitod_id` as saved; `None` means that Keito did not keep our metadata.
    pub keitod_id: Option<KeitodId>,
    /// Locked against edits.
    pub is_locked: bool,
    /// In a closed period or approval.
    pub is_closed: bool,
    /// On an invoice.
    pub is_billed: bool,
}

impl Echo {
    /// `None` without an id: then only a listing can tell it.
    pub(super) fn parse(json: &str) -> Option<Self> {
        let record = Fields::parse_single(json, &["time_entry", "expense", "data"])?;
        let metadata = record.object("metadata").unwrap_or_default();
        let set = |name| record.flag(name).unwrap_or_default();
        Some(Self {
            id: RemoteId::new(record.id("id")?),
            hours: record.amount("hours"),
            total_cost: record.amount("total_cost"),
            duration_seconds: metadata.count("duration_seconds"),
            keitod_id: metadata.id("keitod_id").map(KeitodId::new),
            is_locked: set("is_locked"),
            is_closed: set("is_closed"),
            is_billed: set("is_billed"),
        })
    }
}

fn prefixes(text: &str) -> Option<Vec<[u8; 3]>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (each, rest) = bytes.as_chunks::<3>();
    rest.is_empty().then(|| each.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_of_any_shape_is_read_as_far_as_it_goes() {
        let json = r#"{"keitod_id":"k1ab","session_id":"s","input_tokens":"12500","output_tokens":4800.0,
            "cached_input_tokens":0,"cache_write_tokens":10,"cost_usd":"0.135","rate":0.79,"excess":"true",
            "covers":"zz","keys":"AAEC/w==","part":{},"first_at":"2026-03-04T10:00:00Z","last_at":12,"draft":true}"#;
        let seen = Metadata::read(&Fields::parse(json).unwrap());
        assert_eq!(seen.keitod_id, Some(KeitodId::new("k1ab")));
        assert_eq!((seen.input_tokens, seen.output_tokens), (Some(12500), Some(4800)));
        assert_eq!(
            (seen.cost_usd, seen.excess, seen.draft),
            (Some(Usd(135_000_000_000)), Some(true), Some(true))
        );
        assert_eq!((seen.covers, seen.keys.clone(), seen.part, seen.last_at), (None, None, None, None));
        assert!(seen.first_at.is_some());
        assert_eq!(seen.tokens(), None, "cache writes of unknown lifetime");
        assert_eq!(Metadata { cache_write_1h_tokens: Some(11), ..seen.clone() }.tokens(), None);
        let split = Metadata { cache_write_1h_tokens: Some(4), ..seen }.tokens().unwrap();
        assert_eq!(split.classes(), [12500, 0, 6, 4, 4800]);
    }

    #[test]
    fn an_echo_is_read_wrapped_and_bare() {
        let bare = r#"{"id":"te_1","hours":0.10,"is_locked":true,"metadata":{"keitod_id":"k1","duration_seconds":"360"}}"#;
        let echo = Echo::parse(bare).unwrap();
        assert_eq!(
            (echo.hours.unwrap().to_string().as_str(), echo.is_locked, echo.is_billed),
            ("0.1", true, false)
        );
        assert_eq!((echo.duration_seconds, echo.keitod_id.as_ref().unwrap().as_str()), (Some(360), "k1"));
        for key in ["time_entry", "data"] {
            assert_eq!(Echo::parse(&format!(r#"{{"{key}":{bare}}}"#)), Some(echo.clone()));
        }
        for none in [r#"{"hours":1}"#, r#"{"id":""}"#, r#"{"id":null}"#, "[]", "", r#"{"id":"te_1""#] {
            assert_eq!(Echo::parse(none), None, "{none}");
        }
    }
}

//! Members of the metadata object: written one by one, bounded, then joined.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Extra, MAX_METADATA};
use crate::keito::text::{clean, cut, escaped_len, json_string};

/// The longest string value or key, in bytes of UTF-8.
const MAX_STRING: usize = 120;

/// Names that a repository's own keys cannot take.
const RESERVED: [&str; 36] = [
    "keitod_id",
    "session_id",
    "agent_type",
    "model",
    "first_at",
    "last_at",
    "covers",
    "machine",
    "part",
    "duration_seconds",
    "sessions",
    "keys",
    "requests",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "cache_write_1h_tokens",
    "cost_usd",
    "rate",
    "markup_percent",
    "excess",
    "draft",
    "agent_id",
    "provider",
    "reasoning_tokens",
    "quality",
    "wall_seconds",
    "time_method",
    "cost_basis",
    "price_version",
    "git_branch",
    "repo",
    "keitod_version",
    "source",
    "metadata",
];

/// A finished object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataJson {
    json: String,
    ignored: Vec<String>,
    dropped: Vec<String>,
}

/// The required keys alone are too long: more than [`super::MAX_KEYS`] prefixes. The record must be cut into parts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the metadata would need {bytes} bytes of at most {MAX_METADATA}: cut the record into smaller parts")]
pub struct TooLong {
    /// Bytes of the required keys.
    pub bytes: usize,
}

impl MetadataJson {
    /// The object's JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.json
    }

    /// Keys of the repository's file that were ignored: names of our own, empty or double ones.
    #[must_use]
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Optional keys that did not fit.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }
}

/// Names and written members, in order.
#[derive(Default)]
pub(super) struct Members(Vec<(String, String)>);

impl Members {
    pub(super) fn json(&mut self, name: &str, json: &str) {
        self.0.push((name.to_owned(), format!("{}:{json}", json_string(name))));
    }

    pub(super) fn text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.json(name, &json_string(&bounded(text)));
        }
    }

    pub(super) fn number(&mut self, name: &str, number: impl std::fmt::Display) {
        self.json(name, &number.to_string());
    }

    pub(super) fn only_if(&mut self, name: &str, set: bool) {
        if set {
            self.json(name, "true");
        }
    }

    /// First three bytes of each key, sorted, base64.
    pub(super) fn prefixes(&mut self, name: &str, keys: &[[u8; 3]]) {
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        self.json(name, &json_string(&STANDARD.encode(keys.as_flattened())));
    }

    /// Adds the repository's keys, drops optional members from the end until the object fits, and writes it.
    pub(super) fn finish(
        self,
        mut optional: Members,
        extra: &[(String, Extra)],
    ) -> Result<MetadataJson, TooLong> {
        let mut ignored = Vec::new();
        for (key, value) in extra {
            let name = bounded(key);
            if name.is_empty() || RESERVED.contains(&name.as_str()) || optional.has(&name) {
                ignored.push(name);
                continue;
            }
            match value {
                Extra::Text(text) => optional.text(&name, Some(text)),
                Extra::Integer(number) => optional.number(&name, number),
                Extra::Flag(flag) => optional.json(&name, &flag.to_string()),
            }
        }
        // Two braces; each member brings its comma, the first one's is not written.
        let mut bytes = 1 + self.0.iter().map(|(_, json)| escaped_len(json) + 1).sum::<usize>();
        if bytes > MAX_METADATA {
            return Err(TooLong { bytes });
        }
        let mut members = self.0;
        let mut rest = optional.0.into_iter();
        let mut dropped = Vec::new();
        for (name, json) in rest.by_ref() {
            let length = escaped_len(&json) + 1;
            if bytes + length > MAX_METADATA {
                dropped.push(name);
                break;
            }
            bytes += length;
            members.push((name, json));
        }
        dropped.extend(rest.map(|(name, _)| name));
        let all: Vec<String> = members.into_iter().map(|(_, json)| json).collect();
        Ok(MetadataJson { json: format!("{{{}}}", all.join(",")), ignored, dropped })
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

fn bounded(text: &str) -> String {
    let mut text = clean(text);
    text.truncate(cut(&text, MAX_STRING).len());
    text
}

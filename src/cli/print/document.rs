//! A JSON document by its keys. What is absent, null or of another type is nothing: an older or newer daemon may answer.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::number::{duration, grouped, money};
use super::plain;
use crate::cli::{Exit, Failure};

/// Reads a document.
pub(super) fn read(json: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(json)
        .map_err(|error| Failure::new(Exit::Server, format!("the answer is no JSON document: {error}")))
}

/// A place in a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doc<'a>(pub(super) &'a Value);

/// What stands where nothing is.
pub(super) const NOTHING: &str = "-";

impl<'a> Doc<'a> {
    pub(super) fn at(self, key: &str) -> Self {
        Self(self.0.get(key).unwrap_or(&Value::Null))
    }

    pub(super) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Items of an array; none of anything else.
    pub(super) fn items(self) -> impl Iterator<Item = Doc<'a>> {
        self.0.as_array().map_or(&[][..], Vec::as_slice).iter().map(Doc)
    }

    /// Keys and values of an object; none of anything else.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'a str, Doc<'a>)> {
        self.0.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), Doc(value)))
    }

    /// A count; 0 if there is none.
    pub(super) fn count(self) -> u64 {
        self.0.as_u64().unwrap_or(0)
    }

    /// The text, exactly; for comparisons.
    pub(super) fn str(self) -> Option<&'a str> {
        self.0.as_str()
    }

    /// Text or number to be shown.
    pub(super) fn text(self) -> String {
        match self.0 {
            Value::Null => NOTHING.to_owned(),
            Value::String(text) => plain(text),
            Value::Array(_) if self.items().all(|item| item.0.is_string()) => {
                self.items().map(Doc::text).collect::<Vec<_>>().join(", ")
            }
            other => plain(&other.to_string()),
        }
    }

    pub(super) fn number(self) -> String {
        self.0.as_u64().map_or_else(|| self.text(), grouped)
    }

    pub(super) fn duration(self) -> String {
        self.0.as_u64().map_or_else(|| self.text(), duration)
    }

    pub(super) fn money(self) -> String {
        self.str().and_then(money).unwrap_or_else(|| self.text())
    }

    /// The first 13 characters of an id, which in a UUID of version 7 are its whole time: fewer would be the same for
    /// all that began within a minute.
    pub(super) fn short(self) -> String {
        match self.str().and_then(|text| text.char_indices().nth(13).map(|(end, _)| &text[..end])) {
            Some(start) => format!("{}…", plain(start)),
            None => self.text(),
        }
    }

    /// An instant in a zone, to the minute; UTC, the zone of documents that name none, is marked.
    pub(super) fn instant(self, zone: &TimeZone) -> String {
        let form = if *zone == TimeZone::UTC { "%Y-%m-%d %H:%MZ" } else { "%Y-%m-%d %H:%M" };
        let at = self.str().and_then(|text| text.parse::<Timestamp>().ok());
        at.map_or_else(|| self.text(), |at| at.to_zoned(zone.clone()).strftime(form).to_string())
    }

    /// The zone that a document's days are in; UTC if it names none.
    pub(super) fn zone(self) -> TimeZone {
        self.at("timezone").str().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
    }
}

/// What these sums hold without a price, if there is anything.
pub(super) fn unpriced(sums: Doc<'_>) -> Option<String> {
    let (requests, tokens) = (sums.at("unpriced_requests"), sums.at("unpriced_tokens"));
    let noun = if requests.count() == 1 { "request" } else { "requests" };
    match (requests.count(), tokens.is_null()) {
        (0, _) => None,
        (_, true) => Some(format!("{} {noun} without a price", requests.number())),
        (_, false) => {
            Some(format!("{} {noun}, {} tokens without a price", requests.number(), tokens.number()))
        }
    }
}

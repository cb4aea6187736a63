//! A JSON object of the server, read field by field and tolerantly: a wrong type is a missing field, never an error
//! for the whole row. Values stay raw text until they are asked for, so no number passes through a float.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::digits;
use super::text::clean;
use crate::model::{Amount, Day, Instant};

#[derive(Debug, Default)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// `None` if `json` is not an object.
    pub(super) fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok().map(Self)
    }

    /// The object of a single-object answer, bare or under one of `wrappers` (live servers send it bare, newer
    /// documentation shows it wrapped).
    pub(super) fn parse_single(json: &'a str, wrappers: &[&str]) -> Option<Self> {
        let bare = Self::parse(json)?;
        if bare.has("id") {
            return Some(bare);
        }
        Some(wrappers.iter().find_map(|name| bare.object(name)).unwrap_or(bare))
    }

    /// The raw JSON text; null counts as missing.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|raw| raw.get()).filter(|raw| *raw != "null")
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// A string as it came.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// A string to be shown: cleaned.
    pub(super) fn label(&self, name: &str) -> Option<String> {
        self.text(name).map(|text| clean(&text))
    }

    /// A non-empty id; ids are strings, but a bare whole number is taken as its digits.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        match self.text(name) {
            Some(text) => Some(text).filter(|text| !text.is_empty()),
            None => raw.bytes().all(|b| b.is_ascii_digit()).then(|| raw.to_owned()),
        }
    }

    /// The id under `flat`, else that of the object under `nested`.
    pub(super) fn id_or_nested(&self, flat: &str, nested: &str) -> Option<String> {
        self.id(flat).or_else(|| self.object(nested)?.id("id"))
    }

    /// A number, or a string of digits.
    pub(super) fn amount(&self, name: &str) -> Option<Amount> {
        digits::amount(&self.scalar(name)?)
    }

    /// A whole number, or a string of one.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        digits::count(&self.scalar(name)?)
    }

    /// A boolean, also as a string.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.scalar(name)?.parse().ok()
    }

    pub(super) fn instant(&self, name: &str) -> Option<Instant> {
        Instant::parse(&self.text(name)?)
    }

    /// `2026-03-04`, also with a midnight behind it. Any other time of day could mean another day in the workspace.
    pub(super) fn day(&self, name: &str) -> Option<Day> {
        let text = self.text(name)?;
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        time.bytes().all(|b| matches!(b, b'0' | b':' | b'.' | b'Z')).then(|| date.parse().ok()).flatten()
    }

    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::parse(self.raw(name)?)
    }

    pub(super) fn array(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// A number's digits or a string's content.
    fn scalar(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        if raw.starts_with('"') { self.text(name) } else { Some(raw.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_type_is_a_missing_field() {
        let row = r#"{"id":7,"name":["x"],"hours":"1.5","n":"12","flag":"true","day":"2026-03-04T00:00:00.000Z",
            "late":"2026-03-03T23:00:00Z","empty":"","nothing":null,"bad":"\ud800","o":{"id":"i"}}"#;
        let row = Fields::parse(row).unwrap();
        assert_eq!((row.id("id").as_deref(), row.id("empty"), row.id("o")), (Some("7"), None, None));
        assert_eq!(row.id_or_nested("missing", "o").as_deref(), Some("i"));
        assert_eq!((row.text("name"), row.text("bad"), row.text("id")), (None, None, None));
        assert_eq!(row.amount("hours").unwrap().to_string(), "1.5");
        assert_eq!((row.count("n"), row.count("hours"), row.count("name")), (Some(12), None, None));
        assert_eq!((row.flag("flag"), row.flag("n")), (Some(true), None));
        assert_eq!((row.day("day").is_some(), row.day("late"), row.day("name")), (true, None, None));
        assert!(!row.has("nothing"));
        assert!(Fields::parse("[1]").is_none());
    }
}

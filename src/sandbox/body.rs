//! Reading a request body field by field, numbers kept as digits.

use super::number::Number;
use super::refusal::Refusal;
use super::rows::Metadata;
use crate::model::Day;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The fields of a JSON object. `null` reads as absent; [`Fields::has`] tells them apart where a PATCH needs it.
pub(super) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| Refusal::new(400, "Request body must be a JSON object"))
    }

    /// Refuses a field that is not in `known`.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Refusal> {
        match self.0.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Refusal::new(400, format!("Unrecognized field: {key}"))),
            None => Ok(()),
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    fn raw(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|raw| raw.get()).filter(|raw| *raw != "null")
    }

    fn typed<T: DeserializeOwned>(&self, key: &str, kind: &str) -> Result<Option<T>, Refusal> {
        self.raw(key)
            .map(|raw| serde_json::from_str(raw))
            .transpose()
            .map_err(|_| Refusal::invalid(format!("{key} must be {kind}")))
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, Refusal> {
        self.typed(key, "a string")
    }

    pub(super) fn required(&self, key: &str) -> Result<String, Refusal> {
        let text = self.text(key)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Refusal::invalid(format!("{key} is required")))
    }

    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Refusal> {
        self.typed(key, "a boolean")
    }

    pub(super) fn number(&self, key: &str) -> Result<Option<Number>, Refusal> {
        let parse =
            |raw| Number::parse(raw).ok_or_else(|| Refusal::invalid(format!("{key} must be a number")));
        self.raw(key).map(parse).transpose()
    }

    /// An integer ≥ 1 in any spelling that JSON gives a whole number (`3`, `3.0`).
    pub(super) fn units(&self, key: &str) -> Result<Option<u64>, Refusal> {
        let whole = |number: Number| {
            let value = number.value().normalize();
            let units = (value.scale() == 0).then(|| u64::try_from(value.mantissa()).ok()).flatten();
            units
                .filter(|n| *n >= 1)
                .ok_or_else(|| Refusal::invalid(format!("{key} must be an integer of at least 1")))
        };
        self.number(key)?.map(whole).transpose()
    }

    pub(super) fn day(&self, key: &str) -> Result<Option<Day>, Refusal> {
        let parse = |text: String| {
            day(&text).ok_or_else(|| Refusal::invalid(format!("{key} must be a date, YYYY-MM-DD")))
        };
        self.text(key)?.map(parse).transpose()
    }

    pub(super) fn required_day(&self, key: &str) -> Result<Day, Refusal> {
        self.day(key)?.ok_or_else(|| Refusal::invalid(format!("{key} is required")))
    }

    /// `HH:mm`, as text.
    pub(super) fn clock_time(&self, key: &str) -> Result<Option<String>, Refusal> {
        let check = |text: String| match jiff::civil::Time::strptime("%H:%M", &text) {
            Ok(_) if text.len() == 5 => Ok(text),
            _ => Err(Refusal::invalid(format!("{key} must be a time, HH:mm"))),
        };
        self.text(key)?.map(check).transpose()
    }

    pub(super) fn metadata(&self) -> Result<Option<Metadata>, Refusal> {
        let parse = |raw| {
            let object: BTreeMap<String, Box<RawValue>> =
                serde_json::from_str(raw).map_err(|_| Refusal::invalid("metadata must be an object"))?;
            Ok(Metadata(object))
        };
        self.raw("metadata").map(parse).transpose()
    }
}

/// Bytes of the object without white space between its tokens, as `JSON.stringify` would write it.
pub(super) fn serialized_len(metadata: &Metadata) -> usize {
    let compact = |raw: &RawValue| {
        serde_json::from_str::<serde_json::Value>(raw.get())
            .map_or(raw.get().len(), |value| value.to_string().len())
    };
    let key = |key: &str| serde_json::to_string(key).map_or(key.len() + 2, |text| text.len());
    let fields: usize = metadata.0.iter().map(|(name, raw)| key(name) + 1 + compact(raw)).sum();
    2 + fields + metadata.0.len().saturating_sub(1)
}

/// `YYYY-MM-DD` and nothing else.
pub(super) fn day(text: &str) -> Option<Day> {
    (text.len() == 10).then(|| Day::strptime("%Y-%m-%d", text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_measured_as_json_stringify_writes_it() {
        for text in ["{}", r#"{"a":1}"#, r#"{"a":"é\"","b":[1,2,{"c":null}]}"#] {
            let spaced = format!("{{\"metadata\":{}}}", text.replace(',', " , ").replace("\":", "\" : "));
            let metadata = Fields::parse(spaced.as_bytes()).ok().unwrap().metadata().ok().unwrap().unwrap();
            assert_eq!(serialized_len(&metadata), text.len(), "{text}");
        }
    }
}

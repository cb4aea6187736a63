//! The smallest form of a sealed body, for a server that finds it too large.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::text::{cut, json_string};

/// Metadata that is never left out (design section 7): without it a record cannot be found again.
const REQUIRED: [&str; 20] = [
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
    "draft",
];
/// These change how the amount is read.
const MONEY: [&str; 3] = ["rate", "markup_percent", "excess"];
/// Bytes of notes that are kept.
const NOTES: usize = 120;

/// The body without optional metadata and with short notes; `None` if there was nothing to leave out.
#[must_use]
pub fn trimmed(body: &[u8]) -> Option<Vec<u8>> {
    let whole: BTreeMap<String, &RawValue> = serde_json::from_slice(body).ok()?;
    let mut fields: Vec<String> = Vec::new();
    let mut shorter = false;
    for (name, value) in &whole {
        let value = match name.as_str() {
            "metadata" => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
                let wanted = |name: &str| REQUIRED.contains(&name) || MONEY.contains(&name);
                let kept: Vec<String> = members
                    .iter()
                    .filter(|(name, _)| wanted(name))
                    .map(|(name, value)| member(name, value.get()))
                    .collect();
                shorter |= kept.len() < members.len();
                format!("{{{}}}", kept.join(","))
            }
            "notes" => {
                let notes: String = serde_json::from_str(value.get()).ok()?;
                shorter |= notes.len() > NOTES;
                json_string(cut(&notes, NOTES))
            }
            _ => value.get().to_owned(),
        };
        fields.push(member(name, &value));
    }
    shorter.then(|| format!("{{{}}}", fields.join(",")).into_bytes())
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", json_string(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_optional_goes_and_digits_stay() {
        let notes = "n".repeat(500);
        let body = format!(
            r#"{{"project_id":"p","total_cost":0.1350,"notes":"{notes}","metadata":{{"keitod_id":"k1","repo":"r","rate":"0.79","extra":1}}}}"#
        );
        let short = String::from_utf8(trimmed(body.as_bytes()).unwrap()).unwrap();
        assert!(
            short.contains(r#""total_cost":0.1350"#) && short.contains(r#"{"keitod_id":"k1","rate":"0.79"}"#)
        );
        assert!(!short.contains("repo") && !short.contains("extra") && short.len() < 300, "{short}");
        assert_eq!(trimmed(short.as_bytes()), None, "nothing more can go");
        assert_eq!(trimmed(b"[]"), None);
    }
}

//! A line or a document as JSON, read as JavaScript would have: agents of that world write what strict parsers refuse.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Line;
use super::loose::List;
use crate::model::{Facts, Reject, RejectReason};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The bytes without what may stand around the value.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).trim_ascii()
}

/// Counts a line, and its failure if it is one.
pub(super) fn settle(line: &Line<'_>, result: Result<(), RejectReason>, facts: &mut Facts) {
    facts.lines += 1;
    if let Err(reason) = result {
        facts.rejects.push(Reject { offset: line.offset, length: line.bytes.len() as u64, reason });
    }
}

/// Reads an object. Duplicate keys and unpaired surrogates, which JavaScript writes without complaint where it cuts a
/// text in the middle of a character, are mended in `spare` and read again; that costs a copy and is rare.
pub(super) fn parse<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    spare: &'a mut String,
) -> Result<T, RejectReason> {
    // A list would be taken for a record's fields in their order.
    read(bytes, b'{', spare)
}

/// Reads a list of objects in the same way.
pub(super) fn parse_list<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    spare: &'a mut String,
) -> Result<List<T>, RejectReason> {
    read(bytes, b'[', spare)
}

fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    first: u8,
    spare: &'a mut String,
) -> Result<T, RejectReason> {
    let has_nul = || memchr::memchr(0, bytes).is_some();
    let text = std::str::from_utf8(bytes)
        .map_err(|_| if has_nul() { RejectReason::Nul } else { RejectReason::NotUtf8 })?;
    let value = serde_json::from_str(text).or_else(|error| match mended(text) {
        Some(text) => {
            *spare = text;
            serde_json::from_str(spare)
        }
        None => Err(error),
    });
    let value = value.map_err(|error| match error.classify() {
        _ if has_nul() => RejectReason::Nul,
        serde_json::error::Category::Data => RejectReason::Shape,
        _ => RejectReason::NotJson,
    })?;
    if bytes.first() == Some(&first) { Ok(value) } else { Err(RejectReason::Shape) }
}

/// A decoder's state from the stored bytes. Bytes that are not ours (of another version) are an empty one.
pub(super) fn recalled<T: DeserializeOwned + Default>(bytes: &[u8]) -> T {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// A decoder's state, to be stored.
pub(super) fn kept<T: Serialize + Default + PartialEq>(state: &T) -> Vec<u8> {
    if *state == T::default() { Vec::new() } else { serde_json::to_vec(state).unwrap_or_default() }
}

/// The line as one JSON value in which the last of equal keys stands, as in JavaScript.
fn mended(line: &str) -> Option<String> {
    let paired = without_lone_surrogates(line);
    serde_json::from_str::<serde_json::Value>(&paired).ok().map(|value| value.to_string())
}

fn without_lone_surrogates(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            (None, _) => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(length);
        out.push_str(kept);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The code unit of a `\uXXXX` at the start of `text`.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_become_replacement_characters_and_nothing_else_changes() {
        let cases = [
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#),
            (r#"{"a":"cut \ud83d"}"#, r#"{"a":"cut \ufffd"}"#),
            (r#"{"a":"\ude00 x"}"#, r#"{"a":"\ufffd x"}"#),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00"}"#),
            (r#"{"a":"\\ud83d"}"#, r#"{"a":"\\ud83d"}"#),
            (r#"{"a":"é\né"}"#, r#"{"a":"é\né"}"#),
            ("\\", "\\"),
            ("\\é", "\\é"),
            ("\\u12", "\\u12"),
        ];
        for (line, expected) in cases {
            assert_eq!(without_lone_surrogates(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct Any {}
        let cases: [(&[u8], RejectReason); 5] = [
            (b"[]", RejectReason::Shape),
            (b"7", RejectReason::Shape),
            (b"{", RejectReason::NotJson),
            (b"{\0", RejectReason::Nul),
            (b"\xff", RejectReason::NotUtf8),
        ];
        for (bytes, reason) in cases {
            assert_eq!(parse::<Any>(bytes, &mut String::new()).unwrap_err(), reason);
        }
        assert!(parse::<Any>(b"{}", &mut String::new()).is_ok());
    }
}

//! What a message's content and a tool's report say about who acted, without keeping any of their text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::super::loose::{Loose, Raw};
use super::super::skim::{Skim, Skimmed};
use super::wire::Block;

/// How a text of a user record begins: whose words it holds. Ordered: of several blocks the greatest decides.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Opening {
    /// No text.
    #[default]
    Empty,
    /// Written by the program: command records, IDE state, reminders.
    Machine,
    /// Output of a person's `!` command.
    BashOutput,
    /// News of background work.
    Notification,
    /// A person's `!` command.
    BashInput,
    /// Words of a person, or of a program that speaks in a person's place.
    Words,
    /// The trace of Esc.
    Interrupted,
}

/// Tags whose whole element the program puts before, or in place of, a person's words.
const ELEMENTS: [&str; 5] =
    ["ide_opened_file", "ide_selection", "ide_diagnostics", "system-reminder", "user-prompt-submit-hook"];

impl Opening {
    /// Of one text.
    pub(super) fn of(text: &str) -> Self {
        let mut rest = text.trim_start();
        if rest.is_empty() {
            return Self::Empty;
        }
        while let Some(after) = ELEMENTS.iter().find_map(|name| element(rest, name)) {
            rest = after.trim_start();
        }
        let begins = |tags: &[&str]| tags.iter().any(|tag| rest.starts_with(tag));
        if rest.is_empty() {
            Self::Machine
        } else if begins(&["[Request interrupted by user"]) {
            Self::Interrupted
        } else if begins(&["<task-notification>"]) {
            Self::Notification
        } else if begins(&["<bash-input>"]) {
            Self::BashInput
        } else if begins(&["<bash-stdout>", "<bash-stderr>"]) {
            Self::BashOutput
        } else if begins(&[
            "<command-name>",
            "<command-message>",
            "<command-args>",
            "<local-command-",
            "Caveat: The messages below",
        ]) {
            Self::Machine
        } else {
            Self::Words
        }
    }

    /// Of a text as it stands in the line, with its quotes. One that cannot be decoded is still one that somebody wrote.
    fn of_raw(raw: &str) -> Self {
        Self::decoded(raw).unwrap_or(Self::Words)
    }

    fn decoded(raw: &str) -> Option<Self> {
        // What the program writes begins with a bracket or a `C`: to see that a text does not, it need not be decoded.
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() && *byte != b'C';
        match raw.as_bytes() {
            [b'"', first, ..] if is_plain(first) => Some(Self::Words),
            _ => serde_json::from_str(raw).ok(),
        }
    }
}

/// What follows the element `name` at the start of `text`; an element without an end takes all of it.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let inner = text.strip_prefix('<')?.strip_prefix(name)?.strip_prefix('>')?;
    let end = format!("</{name}>");
    Some(inner.find(&end).map_or("", |at| &inner[at + end.len()..]))
}

impl<'de> Deserialize<'de> for Opening {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Look;
        impl Visitor<'_> for Look {
            type Value = Opening;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Opening, E> {
                Ok(Opening::of(text))
            }
        }
        from.deserialize_str(Look)
    }
}

/// A message's content: a text, of which only the opening is kept, or blocks.
#[derive(Debug, Default)]
pub(super) struct Content<'a> {
    text: Opening,
    /// The blocks; those that are no objects are left out.
    pub(super) blocks: Vec<Block<'a>>,
}

impl<'a> Content<'a> {
    /// Blocks of tool results.
    pub(super) fn results(&self) -> impl Iterator<Item = &Block<'a>> {
        self.blocks.iter().filter(|block| block.kind.is("tool_result"))
    }

    /// Whose words it holds.
    pub(super) fn opening(&self) -> Opening {
        let of_block = |block: &Block<'_>| match block.kind.get() {
            Some("text") => block.text.map_or(Opening::Empty, |text| Opening::of_raw(text.get())),
            Some("tool_result") | None => Opening::Empty,
            // A pasted picture or document.
            Some(_) => Opening::Words,
        };
        self.blocks.iter().map(of_block).max().unwrap_or_default().max(self.text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ContentVisitor(PhantomData))
    }
}

impl<'a> Skimmed<'a> for Content<'a> {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        match skim.peek()? {
            b'"' => {
                let raw = skim.raw_string()?;
                Some(Self { text: Opening::decoded(raw.get())?, blocks: Vec::new() })
            }
            b'[' => {
                let mut blocks = Vec::new();
                skim.elements(|skim| {
                    if let Loose::Is(block) = Loose::skimmed(skim)? {
                        blocks.push(block);
                    }
                    Some(())
                })?;
                Some(Self { text: Opening::Empty, blocks })
            }
            _ => skim.pass().map(|()| Self::default()),
        }
    }
}

struct ContentVisitor<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for ContentVisitor<'a> {
    type Value = Content<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content { text: Opening::of(text), blocks: Vec::new() })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut blocks = Vec::new();
        while let Some(element) = list.next_element::<Loose<Block<'a>>>()? {
            if let Loose::Is(block) = element {
                blocks.push(block);
            }
        }
        Ok(Content { text: Opening::Empty, blocks })
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        IgnoredAny::deserialize(MapAccessDeserializer::new(map)).map(|_| Content::default())
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Content::default())
    }
}

/// What a person's refusal of a call looks like: as `toolUseResult` ("User rejected tool use") and as the result that
/// the model gets (1.0 to 2.1.329).
fn is_refusal(text: &str) -> bool {
    let text = text.strip_prefix("Error: ").unwrap_or(text);
    ["User rejected tool use", "The user doesn't want to", "[Request interrupted by user"]
        .iter()
        .any(|words| text.starts_with(words))
}

impl Block<'_> {
    /// Whether this result says that a person refused or stopped the call.
    pub(super) fn is_refused(&self) -> bool {
        let Some(raw) = self.content.filter(|_| self.is_error.0).map(Raw::get) else { return false };
        match raw.strip_prefix('"') {
            Some(text) => is_refusal(text),
            None => serde_json::from_str::<Vec<Loose<Block<'_>>>>(raw).is_ok_and(|blocks| {
                let texts = blocks.iter().filter_map(|block| block.get()?.text);
                texts.filter_map(|text| text.get().strip_prefix('"')).any(is_refusal)
            }),
        }
    }
}

/// `toolUseResult`: what the tool logged of itself. Its `usage` repeats a subagent's last request and is never read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct ToolReport {
    /// The longest duration that it logged, in milliseconds.
    pub(super) duration_ms: Option<u32>,
    /// A person refused the call.
    pub(super) is_refused: bool,
}

impl<'de> Deserialize<'de> for ToolReport {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ReportVisitor)
    }
}

impl<'a> Skimmed<'a> for ToolReport {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        let mut report = Self::default();
        match skim.peek()? {
            // A refusal begins with a letter or a bracket.
            b'"' => report.is_refused = is_refusal(skim.raw_string()?.get().get(1..)?),
            b'{' => skim.members(|skim, key| {
                let Some(scale) = Key::of(key).0 else { return skim.pass() };
                report.duration_ms = report.duration_ms.max(millis(skim.raw()?.get(), scale));
                Some(())
            })?,
            _ => skim.pass()?,
        }
        Some(report)
    }
}

struct ReportVisitor;

impl<'de> Visitor<'de> for ReportVisitor {
    type Value = ToolReport;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(ToolReport { is_refused: is_refusal(text), ..ToolReport::default() })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut report = ToolReport::default();
        while let Some(key) = map.next_key::<Key>()? {
            let Some(scale) = key.0 else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &'de RawValue = map.next_value()?;
            report.duration_ms = report.duration_ms.max(millis(value.get(), scale));
        }
        Ok(report)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(ToolReport::default())
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(ToolReport::default())
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(ToolReport::default())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(ToolReport::default())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(ToolReport::default())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(ToolReport::default())
    }
}

/// A key of `toolUseResult`: for a duration, how many decimal places its unit is from milliseconds.
struct Key(Option<usize>);

impl Key {
    fn of(key: &[u8]) -> Self {
        Self(match key {
            // Glob, WebFetch; Agent.
            b"durationMs" | b"totalDurationMs" => Some(0),
            // WebSearch, with a fraction.
            b"durationSeconds" => Some(3),
            _ => None,
        })
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Look;
        impl Visitor<'_> for Look {
            type Value = Key;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_str<E: Error>(self, key: &str) -> Result<Key, E> {
                Ok(Key::of(key.as_bytes()))
            }
        }
        from.deserialize_identifier(Look)
    }
}

/// A decimal number moved by `scale` places, rounded down, from its digits; `None` if it is negative, has an exponent
/// or is no number. More than a `u32` holds is its end (49 days).
fn millis(digits: &str, scale: usize) -> Option<u32> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let moved = part.bytes().chain(std::iter::repeat(b'0')).take(scale);
    let value = whole
        .bytes()
        .chain(moved)
        .fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
    Some(u32::try_from(value).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_from_their_digits() {
        let cases = [
            ("210", 0, Some(210)),
            ("0.09427969299999996", 3, Some(94)),
            ("1.5", 3, Some(1_500)),
            ("12", 3, Some(12_000)),
            ("7.9", 0, Some(7)),
            ("99999999999999999999999", 0, Some(u32::MAX)),
            ("-1", 0, None),
            ("1e3", 0, None),
            ("\"3\"", 0, None),
            ("null", 0, None),
        ];
        for (digits, scale, expected) in cases {
            assert_eq!(millis(digits, scale), expected, "{digits}");
        }
        let report: ToolReport =
            serde_json::from_str(r#"{"usage":{"output_tokens":9},"totalDurationMs":81234,"durationMs":3}"#)
                .unwrap();
        assert_eq!(report, ToolReport { duration_ms: Some(81_234), is_refused: false });
    }

    #[test]
    fn openings_tell_whose_words_a_text_holds() {
        let cases = [
            ("fix the build", Opening::Words),
            ("<div> is not closed, why?", Opening::Words),
            ("<system-reminder>x</system-reminder>\n fix it", Opening::Words),
            ("<ide_opened_file>a.rs</ide_opened_file><ide_selection>b</ide_selection>go", Opening::Words),
            ("<ide_opened_file>a.rs</ide_opened_file>", Opening::Machine),
            ("<system-reminder>never closed", Opening::Machine),
            ("<command-message>init is analyzing…</command-message>", Opening::Machine),
            ("\n<command-name>/clear</command-name>", Opening::Machine),
            ("<local-command-stdout></local-command-stdout>", Opening::Machine),
            ("Caveat: The messages below were generated by the user", Opening::Machine),
            ("<bash-input> ls</bash-input>", Opening::BashInput),
            ("<bash-stdout></bash-stdout><bash-stderr></bash-stderr>", Opening::BashOutput),
            ("<task-notification>\n<task-id>", Opening::Notification),
            ("[Request interrupted by user for tool use]", Opening::Interrupted),
            (" \n", Opening::Empty),
        ];
        for (text, expected) in cases {
            assert_eq!(Opening::of(text), expected, "{text}");
        }
    }

    #[test]
    fn of_several_blocks_words_decide() {
        let cases = [
            (
                r#"[{"type":"text","text":"<ide_selection>x</ide_selection>"},{"type":"text","text":"go"}]"#,
                Opening::Words,
            ),
            (r#"[{"type":"image","source":{}}]"#, Opening::Words),
            (r#"[{"type":"tool_result","content":"text"}]"#, Opening::Empty),
            (r#"[{"type":"text","text":"<system-reminder>a</system-reminder>"}, 7]"#, Opening::Machine),
            (r#""go on""#, Opening::Words),
            ("[]", Opening::Empty),
            ("null", Opening::Empty),
            (r#"{"a":1}"#, Opening::Empty),
        ];
        for (json, expected) in cases {
            assert_eq!(serde_json::from_str::<Content<'_>>(json).unwrap().opening(), expected, "{json}");
        }
    }
}

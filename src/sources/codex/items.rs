//! Who acts in a `response_item`, and what a tool says of its time, without keeping any of the text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use super::memory::Memory;
use super::wire::{Payload, is_plain};
use crate::model::Who;

/// How a text of a user message begins. Ordered: of several blocks the greatest decides.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Opening {
    /// No text.
    #[default]
    Empty,
    /// Written by the program: instructions, context, the trace of an interruption.
    Machine,
    /// News of a subagent.
    Notification,
    /// Words of a person, or of a program in a person's place.
    Words,
}

/// How texts begin that the program puts in a user's place.
const MACHINE: [&str; 6] = [
    "<environment_context>",
    "<user_instructions>",
    "<turn_aborted>",
    "<skill>",
    "<model_switch>",
    "# AGENTS.md instructions",
];

impl Opening {
    fn of(text: &str) -> Self {
        let text = text.trim_start();
        if text.is_empty() {
            Self::Empty
        } else if text.starts_with("<subagent_notification>") {
            Self::Notification
        } else if MACHINE.iter().any(|opening| text.starts_with(opening)) {
            Self::Machine
        } else {
            Self::Words
        }
    }

    /// Of a text as it stands in the line, with its quotes; `None` if it cannot be decoded.
    pub(super) fn of_raw(raw: &str) -> Option<Self> {
        match raw.as_bytes() {
            // No opening of the program's begins with a letter or a digit.
            [b'"', first, ..] if first.is_ascii_alphanumeric() && is_plain(raw.as_bytes()) => {
                Some(Self::Words)
            }
            _ => serde_json::from_str(raw).ok(),
        }
    }
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

/// Who closes the gap before a message; `None` if it is no activity.
pub(super) fn speaker(payload: &Payload<'_>, memory: &Memory) -> Option<Who> {
    match payload.role.get()? {
        "assistant" => return Some(Who::Agent),
        "user" => {}
        _ => return None,
    }
    let blocks = payload.content.0.iter().flatten();
    let opening = blocks.map(super::wire::Block::opening).max().unwrap_or_default();
    if opening == Opening::Notification {
        return Some(Who::Tool);
    }
    let is_word = match payload.marks.get().and_then(super::wire::Marks::has_user) {
        Some(is_word) => is_word,
        None => opening == Opening::Words,
    };
    // A subagent's prompt is its parent's doing.
    if !is_word || memory.is_subagent {
        return None;
    }
    Some(if memory.is_program() { Who::Script } else { Who::Prompt })
}

/// The time that a call says it took, in milliseconds: `Wall time: 2.8578 seconds` before its output, or in the JSON
/// that older versions put around it. What stands in the output itself is not the tool's word.
pub(super) fn took(text: &str) -> Option<u32> {
    if let Some(head) = text.split("\nOutput:").next().filter(|head| head.len() < text.len()) {
        let (_, after) = head.split_once("Wall time: ")?;
        return millis(after.split_once(" second")?.0);
    }
    if !text.starts_with("{\"output\":") {
        return None;
    }
    let (_, after) = text.rsplit_once("\"duration_seconds\":")?;
    millis(after.split(['}', ',']).next()?.trim())
}

fn millis(seconds: &str) -> Option<u32> {
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    if whole.is_empty() || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = part.bytes().chain(std::iter::repeat(b'0')).take(3);
    let digits = part.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'));
    whole.parse::<u32>().ok()?.checked_mul(1000)?.checked_add(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_says_what_it_took_before_its_output() {
        let cases = [
            ("Chunk ID: 1\nWall time: 2.8578 seconds\nProcess exited\nOutput:\nx", Some(2857)),
            ("Wall time: 0 seconds\nOutput:\nWall time: 99 seconds", Some(0)),
            ("Output:\nWall time: 99 seconds", None),
            ("\nOutput:\nWall time: 99 seconds", None),
            (r#"{"output":"a","metadata":{"exit_code":0,"duration_seconds":0.5}}"#, Some(500)),
            ("Wall time: 1e9 seconds\nOutput:\n", None),
            ("plain", None),
        ];
        for (text, expected) in cases {
            assert_eq!(took(text), expected, "{text}");
        }
    }

    #[test]
    fn openings_tell_the_program_from_a_person() {
        let cases = [
            ("fix it", Opening::Words),
            ("<div> is not closed", Opening::Words),
            ("<environment_context>\n", Opening::Machine),
            ("# AGENTS.md instructions for /home", Opening::Machine),
            ("<subagent_notification>\n{}", Opening::Notification),
            (" \n", Opening::Empty),
        ];
        for (text, expected) in cases {
            assert_eq!(Opening::of(text), expected, "{text}");
        }
    }
}

//! What of a line is read. One shape serves all types of lines: their members do not contradict each other.

use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use super::super::loose::{Count, List, Loose, Raw, Text};
use super::super::skim::{Skim, Skimmed};
use super::items::Opening;

/// A line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Record<'a> {
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// The line's number in its thread, in paginated files; a fork by reference goes on from its parent's.
    pub(super) ordinal: Count,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) payload: Loose<Payload<'a>>,
}

/// What the line is about.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Payload<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,

    // session_meta
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    /// The thread that started the tree (0.142).
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) forked_from_id: Text<'a>,
    /// The thread that started this one (0.140).
    #[serde(borrow)]
    pub(super) parent_thread_id: Text<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    /// A word, or an object for a subagent.
    #[serde(borrow)]
    pub(super) source: Option<Raw<'a>>,
    #[serde(borrow)]
    pub(super) thread_source: Text<'a>,
    #[serde(borrow)]
    pub(super) model_provider: Text<'a>,
    pub(super) subagent_history_start_ordinal: Count,
    /// Where the parent's lines end that this thread continues: it copies none.
    pub(super) history_base: Loose<Any>,
    #[serde(borrow)]
    pub(super) git: Loose<Git<'a>>,

    // turn_context, and session_meta
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) turn_id: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) approval_policy: Text<'a>,

    // token_usage_record; the thread also in thread_settings_applied and item_completed
    #[serde(borrow)]
    pub(super) thread_id: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    pub(super) usage: Loose<Usage>,

    // event_msg
    #[serde(borrow)]
    pub(super) info: Loose<Info<'a>>,
    #[serde(borrow)]
    pub(super) rate_limits: Loose<Limits<'a>>,
    #[serde(borrow)]
    pub(super) turn_attribution: Loose<Attribution<'a>>,
    pub(super) duration_ms: Count,
    #[serde(borrow)]
    pub(super) thread_settings: Loose<Settings<'a>>,
    #[serde(borrow)]
    pub(super) item: Loose<Item<'a>>,
    /// Of the end of a call, in older versions.
    pub(super) duration: Loose<Duration>,

    // response_item
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) content: List<Block<'a>>,
    pub(super) output: Output,
    #[serde(borrow, rename = "internal_chat_message_metadata_passthrough")]
    pub(super) marks: Loose<Marks<'a>>,
}

/// An object of which only the presence counts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Any {}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Git<'a> {
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
}

/// Counts. Cached and written tokens are a part of the input, reasoning is a part of the output.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) input_tokens: Count,
    pub(super) cached_input_tokens: Count,
    pub(super) cache_write_input_tokens: Count,
    pub(super) output_tokens: Count,
    pub(super) reasoning_output_tokens: Count,
}

/// Running totals.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info<'a> {
    pub(super) total_token_usage: Loose<Usage>,
    pub(super) last_token_usage: Loose<Usage>,
    /// Some writers of this format name the model here.
    #[serde(borrow)]
    pub(super) model: Text<'a>,
}

/// Who pays.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Limits<'a> {
    #[serde(borrow)]
    pub(super) plan_type: Text<'a>,
    pub(super) credits: Loose<Credits>,
    #[serde(borrow)]
    pub(super) rate_limit_reached_type: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Credits {
    pub(super) has_credits: super::super::loose::Flag,
    pub(super) unlimited: super::super::loose::Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attribution<'a> {
    /// `user` or `exec`.
    #[serde(borrow)]
    pub(super) turn_trigger: Text<'a>,
}

/// All settings of a thread from here on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings<'a> {
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) model_provider_id: Text<'a>,
    #[serde(borrow)]
    pub(super) service_tier: Text<'a>,
    #[serde(borrow)]
    pub(super) approval_policy: Text<'a>,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
}

/// Something that was completed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    pub(super) duration: Loose<Duration>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Duration {
    pub(super) secs: Count,
    pub(super) nanos: Count,
}

impl Duration {
    /// In milliseconds; absurd is none.
    pub(super) fn millis(&self) -> Option<u32> {
        let Count::Is(secs) = self.secs else { return None };
        let nanos = if let Count::Is(nanos) = self.nanos { nanos } else { 0 };
        u32::try_from(secs.saturating_mul(1000).saturating_add(nanos / 1_000_000)).ok()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Option<Raw<'a>>,
}

impl Block<'_> {
    /// Whose words it holds.
    pub(super) fn opening(&self) -> Opening {
        match self.kind.get() {
            Some("input_text" | "text") | None => {
                self.text.and_then(|text| Opening::of_raw(text.get())).unwrap_or(Opening::Empty)
            }
            // A pasted picture.
            Some(_) => Opening::Words,
        }
    }
}

/// 0.169 marks where each block of a message is from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Marks<'a> {
    #[serde(borrow)]
    pub(super) content_item_kinds: Option<Raw<'a>>,
}

impl Marks<'_> {
    /// Whether any block is a person's, or of a program in a person's place.
    pub(super) fn has_user(&self) -> Option<bool> {
        let kinds: Vec<Text<'_>> = serde_json::from_str(self.content_item_kinds?.get()).ok()?;
        Some(kinds.iter().any(|kind| kind.get().is_some_and(|kind| kind.starts_with("user."))))
    }
}

/// What stands before the output of a command, as an escape writes it.
static OUTPUT: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\\nOutput:"));

/// An escape that may stand for any character.
static ESCAPE: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"\\u"));

/// Whether a text as it stands in the line is without those.
pub(super) fn is_plain(raw: &[u8]) -> bool {
    ESCAPE.find(raw).is_none()
}

/// What a call gave: only the time that it says it took.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Output {
    /// In milliseconds.
    pub(super) took: Option<u32>,
}

impl Output {
    /// Of a value as it stands in the line.
    fn of(raw: &[u8]) -> Self {
        let Some(text) = raw.strip_prefix(b"\"") else { return Self::default() };
        // The time stands before the output, which may be long and need not be decoded.
        let head = match OUTPUT.find(text) {
            Some(at) if !text[..at].ends_with(b"\\") => &raw[..at + 1 + OUTPUT.needle().len()],
            None if !text.starts_with(b"{\\\"output\\\"") && is_plain(text) => {
                return Self::default();
            }
            _ => raw,
        };
        let cut;
        let whole = if head.len() == raw.len() {
            raw
        } else {
            cut = [head, b"\""].concat();
            &cut
        };
        serde_json::from_slice::<Said>(whole).map_or_else(|_| Self::default(), |said| said.0)
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw: &'de RawValue = Deserialize::deserialize(from)?;
        Ok(Self::of(raw.get().as_bytes()))
    }
}

impl<'a> Skimmed<'a> for Output {
    fn skimmed(skim: &mut Skim<'a>) -> Option<Self> {
        skim.raw().map(|raw| Self::of(raw.0))
    }
}

struct Said(Output);

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Look;
        impl Visitor<'_> for Look {
            type Value = Said;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Said, E> {
                Ok(Said(Output { took: super::items::took(text) }))
            }
        }
        from.deserialize_str(Look)
    }
}

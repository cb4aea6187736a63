//! Which of two lines that tell of one response is read.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::loose::Count;
use super::super::usage::Gross;
use crate::model::hash64;

/// Answers beyond this wait no longer for their telemetry, oldest first.
const WAITING: usize = 32;

/// The state of one file.
///
/// The telemetry line of a response comes before the assistant's, and alone for background agents. Where a version writes
/// telemetry at all it is complete, so no other line of that version counts. An answer that came before the first one of
/// them keeps its ids, and telemetry that says the same later tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// The version whose telemetry was seen last.
    #[serde(rename = "v", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(rename = "w", skip_serializing_if = "VecDeque::is_empty")]
    waiting: VecDeque<Answer>,
}

/// An assistant's line that was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    #[serde(rename = "c")]
    counts: u64,
    #[serde(rename = "i")]
    id: String,
}

impl Memory {
    /// Whether telemetry counts what an assistant's line of this version holds.
    pub(super) fn has_telemetry(&self, version: Option<&str>) -> bool {
        self.version.as_deref() == Some(version.unwrap_or_default())
    }

    /// An assistant's line was counted under `id`.
    pub(super) fn counted(&mut self, id: &str, gross: &Gross) {
        if self.waiting.iter().any(|answer| answer.id == id) {
            return;
        }
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Answer { counts: counts(gross), id: id.to_owned() });
    }

    /// Telemetry of this version: the id under which what it tells of was counted, if it was.
    pub(super) fn telemetry(&mut self, version: Option<&str>, gross: &Gross) -> Option<String> {
        self.version = Some(version.unwrap_or_default().to_owned());
        let counts = counts(gross);
        let index = self.waiting.iter().position(|answer| answer.counts == counts)?;
        self.waiting.remove(index).map(|answer| answer.id)
    }
}

fn counts(gross: &Gross) -> u64 {
    let number = |count: Count| match count {
        Count::Is(count) => count.to_be_bytes(),
        Count::Absent | Count::Bad => u64::MAX.to_be_bytes(),
    };
    let all = [gross.prompt, gross.cached, gross.output, gross.thoughts, gross.total].map(number);
    hash64(&all.each_ref().map(|bytes| &bytes[..]))
}

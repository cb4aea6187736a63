//! What of a file's past decides how a later line is read; stored with the cursor.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::model::{Tokens, hash64};

/// Questions beyond this are forgotten, oldest first: their turn was cut.
const QUESTIONS: usize = 16;

/// Tools whose result is a person's answer.
const ASK: [&str; 2] = ["ask_user", "exit_plan_mode"];

/// The state of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<String>,
    /// Each request has a record of its own from here on.
    #[serde(rename = "r", skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_records: bool,
    /// By model: the classes of the newest total.
    #[serde(rename = "t", skip_serializing_if = "BTreeMap::is_empty")]
    totals: BTreeMap<String, [u64; 5]>,
    /// By model: output of answers since.
    #[serde(rename = "o", skip_serializing_if = "BTreeMap::is_empty")]
    outputs: BTreeMap<String, u64>,
    #[serde(rename = "q", skip_serializing_if = "VecDeque::is_empty")]
    questions: VecDeque<u64>,
}

impl Memory {
    /// An answer with this output was counted.
    pub(super) fn answered(&mut self, model: &str, output: u64) {
        let sum = self.outputs.entry(model.to_owned()).or_default();
        *sum = sum.saturating_add(output);
    }

    /// What a total has beyond the one before it and the answers since. A total that is smaller in some class began anew.
    pub(super) fn beyond(&mut self, model: &str, total: &Tokens) -> Tokens {
        let classes = total.classes();
        let before = self.totals.insert(model.to_owned(), classes).unwrap_or_default();
        let goes_on = classes.iter().zip(before).all(|(now, before)| *now >= before);
        let before = if goes_on { before } else { [0; 5] };
        let [input, cache_read, cache_write_5m, cache_write_1h, output] =
            std::array::from_fn(|class| classes[class] - before[class]);
        let answered = self.outputs.remove(model).unwrap_or_default();
        let output = output.saturating_sub(answered);
        Tokens { input, cache_read, cache_write_5m, cache_write_1h, output, reasoning: 0 }
    }

    /// A tool is called.
    pub(super) fn call(&mut self, id: &str, tool: &str) {
        if ASK.contains(&tool) {
            if self.questions.len() == QUESTIONS {
                self.questions.pop_front();
            }
            self.questions.push_back(hash64(&[id.as_bytes()]));
        }
    }

    /// Whether the call that ended was a question.
    pub(super) fn was_question(&mut self, id: &str) -> bool {
        let id = hash64(&[id.as_bytes()]);
        let before = self.questions.len();
        self.questions.retain(|open| *open != id);
        self.questions.len() < before
    }
}

//! What of a file's past decides how a later line is read; stored with the cursor.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::model::hash64;

/// Questions beyond this are forgotten, oldest first: their turn was cut.
const QUESTIONS: usize = 16;

/// The state of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// Where the session works.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    /// The newest request's alias, and the model behind it.
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    asked: Option<(String, String)>,
    #[serde(rename = "f", skip_serializing_if = "std::ops::Not::not")]
    is_free: bool,
    #[serde(rename = "t", skip_serializing_if = "std::ops::Not::not")]
    turn_is_free: bool,
    #[serde(rename = "q", skip_serializing_if = "VecDeque::is_empty")]
    questions: VecDeque<u64>,
}

impl Memory {
    /// A model is asked under an alias.
    pub(super) fn ask(&mut self, alias: &str, model: &str) {
        self.asked = Some((alias.to_owned(), model.to_owned()));
    }

    /// The model behind an alias, as far as the file told; else the alias.
    pub(super) fn model<'a>(&'a self, alias: Option<&'a str>) -> Option<&'a str> {
        match &self.asked {
            Some((known, model)) if alias.is_none_or(|alias| alias == known) => Some(model),
            _ => alias,
        }
    }

    /// The permission mode from here on. Two never ask.
    pub(super) fn set_mode(&mut self, mode: &str) {
        self.is_free = matches!(mode, "auto" | "yolo");
        self.turn_is_free &= self.is_free;
    }

    /// Whether the mode in force never asks.
    pub(super) fn is_free(&self) -> bool {
        self.is_free
    }

    /// A turn begins.
    pub(super) fn begin_turn(&mut self) {
        self.turn_is_free = self.is_free;
    }

    /// Whether nothing in this turn can have waited for a person.
    pub(super) fn turn_is_free(&self) -> bool {
        self.turn_is_free
    }

    /// Remembers a call whose result is a person's answer.
    pub(super) fn open(&mut self, call: &str, tool: &str) {
        if !matches!(tool, "AskUserQuestion" | "ExitPlanMode") {
            return;
        }
        if self.questions.len() >= QUESTIONS {
            self.questions.pop_front();
        }
        self.questions.push_back(id(call));
    }

    /// Whether a result is a person's answer.
    pub(super) fn is_answer(&mut self, call: &str) -> bool {
        let id = id(call);
        let found = self.questions.iter().rposition(|question| *question == id);
        let answer = found.and_then(|index| self.questions.remove(index)).is_some() && !self.is_free;
        self.turn_is_free &= !answer;
        answer
    }
}

fn id(call: &str) -> u64 {
    hash64(&[b"call", call.as_bytes()])
}

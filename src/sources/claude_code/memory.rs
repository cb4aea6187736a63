//! What of a file's past decides how a later line is read; stored with the cursor.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::AGENT;
use crate::model::{Instant, LineKey, MessageKey, hash64};

/// Tools that never ask and whose call stays open while the agent's own background work runs.
///
/// `Read`, `Glob` and `Grep` are left out on purpose: they ask for paths outside the working directories (the dialog
/// is there at least from 1.0.105 to 2.1.329) and take milliseconds inside, so a long call of theirs is a wait.
const NEVER_ASK: [&str; 4] = ["TaskOutput", "AgentOutputTool", "BashOutput", "TodoWrite"];

/// Tools whose result is a person's answer.
const QUESTIONS: [&str; 2] = ["AskUserQuestion", "ExitPlanMode"];

/// Open calls beyond this are forgotten, oldest first: a call that stays open was cut, and its result never comes.
const OPEN_CALLS: usize = 256;

/// What a tool's call may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Asks {
    /// Permission, if the mode asks for it.
    #[serde(rename = "m")]
    Maybe,
    /// Nothing but its own work.
    #[serde(rename = "n")]
    Never,
    /// A person.
    #[serde(rename = "p")]
    Person,
}

/// A tool call without a result yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Call {
    #[serde(rename = "i")]
    id: u64,
    #[serde(rename = "t")]
    at: i64,
    #[serde(rename = "a")]
    pub(super) asks: Asks,
    /// Whether the mode never asked when the call was made.
    #[serde(rename = "f")]
    pub(super) is_free: bool,
}

impl Call {
    /// Milliseconds from the call to `end`.
    pub(super) fn open_ms(&self, end: Instant) -> u32 {
        let open = end.since(Instant::from_millis(self.at)).as_millis();
        u32::try_from(open).unwrap_or(u32::MAX)
    }
}

/// The newest assistant line of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Newest {
    #[serde(rename = "l")]
    line: Option<u64>,
    #[serde(rename = "m")]
    message: u64,
    #[serde(rename = "o")]
    first_output: u64,
}

/// The state of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(rename = "f")]
    is_free: bool,
    #[serde(rename = "t")]
    turn_is_free: bool,
    #[serde(rename = "c")]
    calls: VecDeque<Call>,
    #[serde(rename = "n")]
    newest: Option<Newest>,
}

impl Memory {
    /// From the stored bytes. Bytes that are not ours (of another version) are an empty memory: it knows less, so it
    /// proves less.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// To be stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The permission mode from here on. Only two modes never ask; `auto` and `acceptEdits` still do.
    pub(super) fn set_mode(&mut self, mode: &str) {
        self.is_free = matches!(mode, "bypassPermissions" | "dontAsk");
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

    /// A person was asked in this turn: its duration holds a wait.
    pub(super) fn wait_in_turn(&mut self) {
        self.turn_is_free = false;
    }

    /// Whether nothing in this turn can have waited for a person.
    pub(super) fn turn_is_free(&self) -> bool {
        self.turn_is_free
    }

    /// Remembers a tool call.
    pub(super) fn open(&mut self, id: &str, tool: &str, at: Instant) {
        let asks = if QUESTIONS.contains(&tool) {
            Asks::Person
        } else if NEVER_ASK.contains(&tool) {
            Asks::Never
        } else {
            Asks::Maybe
        };
        if self.calls.len() >= OPEN_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(Call { id: call_hash(id), at: at.millis(), asks, is_free: self.is_free });
    }

    /// The call that a result closes.
    pub(super) fn close(&mut self, id: &str) -> Option<Call> {
        let id = call_hash(id);
        let index = self.calls.iter().rposition(|call| call.id == id)?;
        self.calls.remove(index)
    }

    /// Notes an assistant line and says whether its output is beyond that of the message's first line here, which
    /// proves that the vendor's closing count arrived.
    pub(super) fn note(&mut self, line: Option<LineKey>, message: MessageKey, output: u64) -> bool {
        let first_output = match &self.newest {
            Some(newest) if newest.message == message.0 => newest.first_output,
            _ => output,
        };
        self.newest = Some(Newest { line: line.map(|line| line.0), message: message.0, first_output });
        output > first_output
    }

    /// The message of the newest assistant line, if that line is `line`.
    pub(super) fn message_of(&self, line: &str) -> Option<MessageKey> {
        let newest = self.newest.as_ref()?;
        (newest.line == Some(LineKey::new(AGENT, line).0)).then_some(MessageKey(newest.message))
    }
}

fn call_hash(id: &str) -> u64 {
    hash64(&[b"call", id.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_survives_its_bytes_and_forgets_the_oldest_call() {
        let mut memory = Memory::default();
        assert!(memory.to_bytes().is_empty());
        memory.set_mode("dontAsk");
        memory.begin_turn();
        memory.note(Some(LineKey(3)), MessageKey(u64::MAX), 4);
        for call in 0..=OPEN_CALLS {
            memory.open(&call.to_string(), "Bash", Instant::from_millis(-5));
        }
        let mut again = Memory::from_bytes(&memory.to_bytes());
        assert_eq!(again, memory);
        assert_eq!(again.close("0"), None);
        let call = again.close("1").unwrap();
        assert_eq!(
            (call.asks, call.is_free, call.open_ms(Instant::from_millis(20))),
            (Asks::Maybe, true, 25)
        );
        assert_eq!(again.close("1"), None);
        assert_eq!(Memory::from_bytes(b"{\"f\":7}"), Memory::default());
    }

    #[test]
    fn output_beyond_the_first_line_is_the_closing_count() {
        let mut memory = Memory::default();
        assert!(!memory.note(None, MessageKey(1), 30));
        assert!(!memory.note(None, MessageKey(1), 30));
        assert!(memory.note(None, MessageKey(1), 285));
        assert!(!memory.note(None, MessageKey(2), 900));
    }
}

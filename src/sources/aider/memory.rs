//! What lines say of those that follow.

use serde::{Deserialize, Serialize};

use crate::model::hash64;

/// The start that is under way, and the lines of one second.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// What the program did since its last start.
    #[serde(rename = "s", skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    /// The second of the lines below.
    #[serde(rename = "t")]
    second: i64,
    /// Hashes of its lines: the log has no ids and no more than seconds, so equal lines can be two messages.
    #[serde(rename = "l", skip_serializing_if = "Vec::is_empty")]
    lines: Vec<u64>,
}

/// As many lines of one second are told apart; a request takes longer than that.
const LINES: usize = 64;

impl Memory {
    /// The session of a line; a start begins one.
    pub(super) fn session(&mut self, is_start: bool, user: &str, second: i64) -> &str {
        if is_start {
            self.session = None;
        }
        let machine = || hash64(&[b"user", user.as_bytes()]) >> 32;
        self.session.get_or_insert_with(|| format!("{second}-{:08x}", machine()))
    }

    /// An id for a line of this second: its content, and how many equal ones came before.
    pub(super) fn id(&mut self, line: &[u8], second: i64) -> String {
        if self.second != second {
            self.second = second;
            self.lines.clear();
        }
        let hash = hash64(&[line]);
        let before = self.lines.iter().filter(|known| **known == hash).count();
        if self.lines.len() < LINES {
            self.lines.push(hash);
        }
        format!("{hash:016x}:{before}")
    }
}

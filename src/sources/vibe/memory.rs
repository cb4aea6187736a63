//! What a journal's lines, and the file beside it, say of those that follow.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::wire::Meta;
use crate::model::Tokens;

/// Of one segment of a journal.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    /// The session that started this one, if another did.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(super) root: Option<String>,
    /// What the session stands at: input, cache reads, output. Unknown before the first envelope.
    #[serde(rename = "t", skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<[u64; 3]>,
    /// Answers before it.
    #[serde(rename = "p", skip_serializing_if = "Vec::is_empty")]
    pub(super) early: Vec<Early>,
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) dir: Option<String>,
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<String>,
    #[serde(rename = "m", skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<String>,
}

/// An answer that came before the total was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Early {
    #[serde(rename = "a")]
    pub(super) action: String,
    #[serde(rename = "i")]
    pub(super) at: i64,
    #[serde(rename = "t")]
    pub(super) tokens: [u64; 3],
    #[serde(rename = "o")]
    pub(super) offset: u64,
}

impl Memory {
    /// Takes in what `meta.json` says; one that cannot be read leaves what was known.
    pub(super) fn inform(&mut self, bytes: &[u8]) {
        let mut spare = String::new();
        let Ok(meta) = json::parse::<Meta<'_>>(json::trimmed(bytes), &mut spare) else { return };
        let known = |text: Option<&str>| text.map(str::to_owned);
        self.dir = known(meta.dir()).or(self.dir.take());
        self.branch = known(meta.git_branch.get()).or(self.branch.take());
        self.model = known(meta.model()).or(self.model.take());
    }
}

/// The classes that Vibe tells apart.
pub(super) fn classes(tokens: &Tokens) -> [u64; 3] {
    [tokens.input, tokens.cache_read, tokens.output]
}

/// Back.
pub(super) fn tokens([input, cache_read, output]: [u64; 3]) -> Tokens {
    Tokens { input, cache_read, output, ..Tokens::default() }
}

/// What a total stands at after an answer.
pub(super) fn after(total: [u64; 3], answer: [u64; 3]) -> [u64; 3] {
    std::array::from_fn(|class| total[class].saturating_add(answer[class]))
}

/// What it stood at before; `None` if it never did.
pub(super) fn before(total: [u64; 3], answer: [u64; 3]) -> Option<[u64; 3]> {
    let mut rest = [0; 3];
    for class in 0..3 {
        rest[class] = total[class].checked_sub(answer[class])?;
    }
    Some(rest)
}

//! The facts of a directory as the store keeps them.

use super::DirFacts;

/// One line of JSON. A path that is not UTF-8 cannot be kept; then nothing is, and the directory is looked at again.
#[must_use]
pub fn to_json(facts: &DirFacts) -> Option<String> {
    serde_json::to_string(facts).ok()
}

/// Reads [`to_json`]'s text, also of older versions, which know fewer fields. `None` if it is something else.
#[must_use]
pub fn from_json(text: &str) -> Option<DirFacts> {
    serde_json::from_str(text).ok()
}

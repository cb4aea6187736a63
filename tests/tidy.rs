//! The rules of the code that no compiler knows, held by reading it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panic")]

#[path = "tidy/arrows.rs"]
mod arrows;
#[path = "tidy/breach.rs"]
mod breach;
#[path = "tidy/files.rs"]
mod files;
#[path = "tidy/mutants.rs"]
mod mutants;
#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/rust_text.rs"]
mod rust_text;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/words.rs"]
mod words;

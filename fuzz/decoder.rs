//! Any input to the decoder that this binary is named after: `cargo +nightly fuzz run codex`.

#![no_main]

#[path = "holds.rs"]
mod holds;

use std::sync::LazyLock;

use keitod::sources::{Source, all};
use libfuzzer_sys::fuzz_target;

static SOURCE: LazyLock<&'static dyn Source> = LazyLock::new(|| {
    let own = all().iter().find(|source| source.agent().as_str() == env!("CARGO_BIN_NAME"));
    *own.expect("a target is named after its source")
});

fuzz_target!(|input: &[u8]| holds::holds(*SOURCE, input));

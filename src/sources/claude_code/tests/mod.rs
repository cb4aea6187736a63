//! Lines and what is read out of them.

mod activity;
mod plans;
mod properties;
mod rejects;
mod requests;

pub(super) use super::super::properties::show;
use super::*;

pub(super) const AT: &str = "2026-11-21T10:00:00.000Z";

pub(super) fn decode_in(context: &mut Context, text: &[u8], offset: u64) -> Facts {
    let mut facts = Facts::default();
    ClaudeCode.decode(context, Lines::new(text, offset), &mut facts);
    facts
}

pub(super) fn decode(text: &str) -> Facts {
    decode_in(&mut Context::default(), text.as_bytes(), 0)
}

pub(super) fn assistant(fields: &str, message: &str) -> String {
    format!(
        r#"{{"type":"assistant","sessionId":"s","timestamp":"{AT}"{fields},"message":{{"role":"assistant"{message}}}}}"#
    ) + "\n"
}

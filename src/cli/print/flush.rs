//! What a flush, or one pass, has done: `{caught_up, sent, failed, remaining}`.

use std::io::Write;

use super::document::{Doc, read};
use super::{Ink, paint};
use crate::cli::{Failure, Look};

/// A flush document as a line.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_flush(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let caught_up = document.at("caught_up").0.as_bool() == Some(true);
    let (ink, word) = if caught_up { (Ink::Good, "caught up") } else { (Ink::Warn, "not caught up") };
    let [sent, failed, remaining] = ["sent", "failed", "remaining"].map(|key| document.at(key).number());
    let word = paint(look, ink, word);
    writeln!(out, "{word}: {sent} sent, {failed} failed, {remaining} remaining")?;
    let blocked = document.at("blocked");
    if blocked.text() == "paused_by_user" {
        writeln!(out, "delivery is paused: `keitod resume` lets it go on")?;
    } else if !caught_up {
        writeln!(out, "`keitod status` says what it waits for")?;
    }
    Ok(())
}

/// How many writes failed.
pub(in crate::cli) fn failed(json: &[u8]) -> u64 {
    read(json).map_or(0, |value| Doc(&value).at("failed").count())
}

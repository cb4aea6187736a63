//! What came of an action: `{act, id, state, records, was}`.

use std::io::Write;

use super::document::{Doc, read};
use super::{Ink, paint};
use crate::cli::{Failure, Look};

/// An action's document as a line.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_act(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let (id, state) = (document.at("id").text(), document.at("state").text());
    let word = paint(look, Ink::Good, &state);
    match document.at("act").text().as_str() {
        "retry" if state == "open" => writeln!(out, "{id} is {word}: what is due of it is sealed anew")?,
        "retry" => writeln!(out, "{id} is {word}: the same bytes leave again, after a listing")?,
        "discard" => writeln!(out, "{id} is {word}: it counts as billed and is never sent")?,
        "approve" => writeln!(out, "{id} is {word}: it is sent when its session has settled")?,
        "approve_agent" => writeln!(out, "{id} is {word}: it goes on until its logs change once more")?,
        "pause" => writeln!(out, "{word}: nothing is sent until `keitod resume`")?,
        _ if document.at("was").is_null() => writeln!(out, "{word}: there was no pause")?,
        _ => writeln!(out, "{word}: the pause `{}` has ended", document.at("was").text())?,
    }
    Ok(())
}

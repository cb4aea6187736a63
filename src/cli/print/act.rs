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
        "set-zone" => print_zone(document.at("zone"), &state, out)?,
        "approve_agent" => writeln!(out, "{id} is {word}: it goes on until its logs change once more")?,
        "pause" => writeln!(out, "{word}: nothing is sent until `keitod resume`")?,
        _ if document.at("was").is_null() => writeln!(out, "{word}: there was no pause")?,
        _ => writeln!(out, "{word}: the pause `{}` has ended", document.at("was").text())?,
    }
    Ok(())
}

fn print_zone(zone: Doc<'_>, state: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let text = |key: &str| zone.at(key).text();
    let verb = if state == "set" { "are" } else { "would be" };
    let (before, after, from) = (text("before"), text("after"), text("from"));
    writeln!(out, "days {verb} those of {after} from {from} on, those of {before} before")?;
    for day in zone.at("days").items() {
        let seconds = |key: &str| day.at(key).text();
        let (was, is) = (seconds("seconds_before"), seconds("seconds_after"));
        writeln!(out, "  {}  {was} s of unbilled time, then {is} s", day.at("day").text())?;
    }
    if state != "set" {
        writeln!(
            out,
            "nothing is changed yet: the same with --yes does it; what is on entries stays where it is"
        )?;
    }
    Ok(())
}

//! An assignment: `{act, state, sessions, target, spent_date, rows, moves, stays}`.

use std::io::Write;

use super::document::{Doc, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint};
use crate::cli::{Failure, Look};

/// What changes by day and place, what is moved at Keito, and what stays.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_assign(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let done = document.at("state").str() == Some("assigned");
    changes(document, look, out)?;
    moves(document, look, out)?;
    for stays in document.at("stays").items() {
        let what = paint(look, Ink::Warn, "stays");
        writeln!(out, "{what}: {} ({})", amounts(stays), stays.at("why").text())?;
    }
    let sessions = document.at("sessions").number();
    if done {
        let word = paint(look, Ink::Good, "assigned");
        writeln!(out, "{word}: work of {sessions} session(s) goes {}", target(document))?;
    } else if document.at("rows").items().next().is_some() || document.at("moves").items().next().is_some() {
        writeln!(out, "work of {sessions} session(s) would go {}; nothing is changed yet", target(document))?;
    } else {
        writeln!(out, "nothing of it can be assigned")?;
    }
    Ok(())
}

fn target(document: Doc<'_>) -> String {
    let target = document.at("target");
    let date = document.at("spent_date");
    let on = if date.is_null() { String::new() } else { format!(" on {}", date.text()) };
    if target.is_null() {
        return format!("where it went{on}");
    }
    if target.at("exclude").0.as_bool() == Some(true) {
        return "to nobody: it is never sent".to_owned();
    }
    format!("to {} / {}{on}", named(target, "project"), named(target, "task"))
}

/// A name, else the id.
fn named(of: Doc<'_>, key: &str) -> String {
    let name = of.at(&format!("{key}_name"));
    if name.is_null() || name.str() == Some("") { of.at(key).text() } else { name.text() }
}

fn place(row: Doc<'_>) -> String {
    if row.at("excluded").0.as_bool() == Some(true) {
        return "excluded".to_owned();
    }
    let held = row.at("held");
    match (row.at("project").is_null(), held.is_null()) {
        (true, true) => "no project".to_owned(),
        (true, false) => format!("held: {}", held.text()),
        (false, true) => named(row, "project"),
        (false, false) => format!("{} (held: {})", named(row, "project"), held.text()),
    }
}

fn changes(document: Doc<'_>, look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("day", Left),
            ("project", Left),
            ("", Left),
            ("entries", Right),
            ("hours", Right),
            ("expenses", Right),
            ("cost USD", Right),
        ],
    );
    for row in document.at("rows").items() {
        for (index, side) in ["before", "after"].into_iter().enumerate() {
            let of = row.at(side);
            let first = |text: String| if index == 0 { text } else { String::new() };
            sheet.row(vec![
                first(row.at("day").text()),
                first(place(row)),
                side.to_owned(),
                of.at("entries").number(),
                of.at("hours").text(),
                of.at("expenses").number(),
                of.at("cost_usd").money(),
            ]);
        }
    }
    if !sheet.is_empty() {
        sheet.print(out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn moves(document: Doc<'_>, look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let mut sheet =
        Sheet::mixed(look, &[("moved at Keito", Left), ("day", Left), ("from", Left), ("hours", Right)]);
    for of in document.at("moves").items() {
        sheet.row(vec![of.at("id").text(), of.at("day").text(), named(of, "project"), of.at("hours").text()]);
    }
    if !sheet.is_empty() {
        sheet.print(out)?;
        writeln!(out)?;
    }
    Ok(())
}

fn amounts(of: Doc<'_>) -> String {
    let mut words = Vec::new();
    for (count, noun) in [("entries", "entry"), ("expenses", "expense")] {
        match of.at(count).count() {
            0 => {}
            1 => words.push(format!("1 {noun}")),
            _ => words.push(format!("{} {count}", of.at(count).number())),
        }
    }
    if of.at("seconds").count() > 0 {
        words.push(format!("{} h", of.at("hours").text()));
    }
    if !of.at("cost_usd").is_null() {
        words.push(format!("{} USD", of.at("cost_usd").money()));
    }
    words.join(", ")
}

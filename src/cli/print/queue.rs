//! The queue: `{timezone, records: [{id, kind, state, reason, agent, session, day, project, project_name, model, hours, total_cost, …}]}`.

use std::io::Write;

use super::document::{Doc, NOTHING, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint};
use crate::cli::{Failure, Look};

/// A queue document as a table.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_queue(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("id", Left),
            ("kind", Left),
            ("state", Left),
            ("day", Left),
            ("agent", Left),
            ("project", Left),
            ("model", Left),
            ("hours", Right),
            ("cost", Right),
        ],
    );
    for record in Doc(&value).at("records").items() {
        let name = record.at("project_name");
        sheet.row(vec![
            record.at("id").text(),
            record.at("kind").text(),
            state(record),
            record.at("day").text(),
            record.at("agent").text(),
            if name.is_null() { record.at("project") } else { name }.text(),
            record.at("model").text(),
            record.at("hours").text(),
            record.at("total_cost").text(),
        ]);
    }
    if sheet.is_empty() {
        writeln!(out, "the queue is empty")?;
    } else {
        sheet.print(out)?;
    }
    Ok(())
}

fn state(record: Doc<'_>) -> String {
    let (state, reason) = (record.at("state").text(), record.at("reason").text());
    if reason == NOTHING { state } else { format!("{state}: {reason}") }
}

/// One record with everything known of it, and its writes.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_record(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let record = if document.at("record").is_null() { document } else { document.at("record") };
    let shown = |(key, field): &(&str, Doc<'_>)| {
        !field.is_null() && !matches!(*key, "writes" | "schema_version" | "timezone")
    };
    let fields: Vec<(&str, Doc<'_>)> = record.pairs().filter(shown).collect();
    let width = fields.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    for (key, field) in fields {
        let name = paint(look, Ink::Bold, &format!("{:width$}", super::plain(key)));
        writeln!(out, "{name}  {}", field.text())?;
    }
    let zone = document.zone();
    let mut sheet =
        Sheet::new(look, &["write", "method", "state", "sealed", "last try", "answer"], &["tries"]);
    for write in record.at("writes").items() {
        sheet.row(vec![
            write.at("id").text(),
            write.at("method").text(),
            state(write),
            write.at("sealed_at").instant(&zone),
            write.at("last_attempt_at").instant(&zone),
            write.at("answer").text(),
            write.at("attempts").number(),
        ]);
    }
    if !sheet.is_empty() {
        writeln!(out)?;
        sheet.print(out)?;
    }
    Ok(())
}

//! The queue: `{schema_version, counts, items: [{id, kind, state, agent, session, day, project, …}]}`, and one item of it:
//! `{schema_version, item, record, writes, unproven}`.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::document::{Doc, NOTHING, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint, plain};
use crate::cli::{Failure, Look};

/// What is said of an item and of its record, in this order; the rest is for programs.
const ITEM: [&str; 22] = [
    "id",
    "kind",
    "state",
    "reason",
    "detail",
    "remedy",
    "agent",
    "session",
    "day",
    "project",
    "project_name",
    "task",
    "task_name",
    "model",
    "part",
    "hours",
    "seconds",
    "amount",
    "requests",
    "cost_usd",
    "attempts",
    "remote_id",
];
const RECORD: [&str; 9] = [
    "state",
    "first_at",
    "last_at",
    "answered_at",
    "listed_at",
    "billed_requests",
    "excess",
    "adopted",
    "assumed",
];

/// A queue document as a table, and below it a way out for each reason in it.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_queue(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let items = Doc(&value).at("items");
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
            ("amount", Right),
            ("cost USD", Right),
        ],
    );
    for item in items.items() {
        sheet.row(vec![
            item.at("id").text(),
            item.at("kind").text(),
            state(item),
            item.at("day").text(),
            item.at("agent").text(),
            project(item),
            item.at("model").text(),
            item.at("hours").text(),
            item.at("amount").text(),
            item.at("cost_usd").money(),
        ]);
    }
    sheet.print_or("no records", out)?;
    remedies(items, look, out)?;
    Ok(())
}

/// Each once: a hundred records may be held for one reason.
fn remedies(items: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut told: Vec<(String, String)> = Vec::new();
    for item in items.items().filter(|item| !item.at("remedy").is_null()) {
        let detail = item.at("detail");
        let detail = if detail.is_null() { String::new() } else { format!(" ({})", detail.text()) };
        let way = (state(item) + &detail, item.at("remedy").text());
        if !told.contains(&way) {
            told.push(way);
        }
    }
    if !told.is_empty() {
        writeln!(out)?;
    }
    for (state, remedy) in told {
        writeln!(out, "{}\n  → {remedy}", paint(look, Ink::Warn, &state))?;
    }
    Ok(())
}

fn project(item: Doc<'_>) -> String {
    let name = item.at("project_name");
    if name.is_null() { item.at("project").text() } else { name.text() }
}

fn state(item: Doc<'_>) -> String {
    let (state, reason) = (item.at("state").text(), item.at("reason").text());
    if reason == NOTHING { state } else { format!("{state}: {reason}") }
}

/// One item with all that is known of it: its record, its writes, and the bytes of the latest.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_record(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let (item, record) = (document.at("item"), document.at("record"));
    let of_item = ITEM.iter().map(|key| ((*key).to_owned(), item.at(key)));
    // An item is as its latest write is; what its record is, is something else.
    let of_record = RECORD.iter().map(|key| (key.replace("state", "record"), record.at(key)));
    let said = |(_, field): &(String, Doc<'_>)| !field.is_null() && field.0.as_bool() != Some(false);
    let fields: Vec<(String, Doc<'_>)> = of_item.chain(of_record).filter(said).collect();
    let width = fields.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    for (key, field) in fields {
        writeln!(out, "{}  {}", paint(look, Ink::Bold, &format!("{key:width$}")), field.text())?;
    }
    writes(document, look, out)?;
    latest_body(json, look, out)?;
    unproven(document.at("unproven"), look, out)?;
    Ok(())
}

fn writes(document: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let zone = document.zone();
    let times = ["sealed_at", "sent_at", "ended_at", "next_at"];
    let mut sheet = Sheet::new(look, &["write", "state", "sealed", "sent", "ended", "next"], &["tries"]);
    for write in document.at("writes").items() {
        let mut cells = vec![write.at("method").text(), state(write)];
        cells.extend(times.map(|key| write.at(key).instant(&zone)));
        cells.push(write.at("attempts").number());
        sheet.row(cells);
    }
    sheet.print_below(out)
}

#[derive(Deserialize)]
struct Bodies<'a> {
    #[serde(borrow)]
    writes: Vec<Body<'a>>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Read apart from the rest: a parsed and printed body could differ in a digit.
fn latest_body(json: &[u8], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let writes = serde_json::from_slice::<Bodies<'_>>(json).map(|found| found.writes).unwrap_or_default();
    match writes.last().and_then(|write| write.body) {
        Some(body) => {
            writeln!(out, "\n{}\n{}", paint(look, Ink::Bold, "the latest as it leaves"), plain(body.get()))
        }
        None => Ok(()),
    }
}

fn unproven(records: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let classes = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"];
    let mut sheet = Sheet::new(look, &["unproven", "tokens"], &classes.map(|class| class.replace('_', " ")));
    for record in records.items() {
        for (whose, side) in [("at Keito", "posted"), ("in the logs", "local")] {
            let mut cells = vec![record.at("record").text(), whose.to_owned()];
            cells.extend(classes.map(|class| record.at(side).at(class).number()));
            sheet.row(cells);
        }
    }
    sheet.print_below(out)
}

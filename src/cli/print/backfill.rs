//! What a backfill would send, or sends: `{state, backfill: {from, to, …, rows, totals}}`.

use std::io::{self, Write};

use super::document::{Doc, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint};
use crate::cli::{Failure, Look};

/// The document as a table by day and project, what is held of it and why, and what was seen at Keito.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_backfill(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let (state, document) = (Doc(&value).at("state").text(), Doc(&value).at("backfill"));
    let (totals, zone) = (document.at("totals"), document.zone());
    let currency = document.at("currency").str().unwrap_or("amount").to_owned();
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("day", Left),
            ("project", Left),
            ("entries", Right),
            ("hours", Right),
            ("expenses", Right),
            ("requests", Right),
            (&currency, Right),
            ("held", Left),
        ],
    );
    for row in document.at("rows").items() {
        let name = row.at("project_name");
        let project = if name.is_null() { row.at("project") } else { name };
        sheet.row(cells(row, row.at("day").text(), project.text()));
    }
    if !sheet.is_empty() {
        sheet.total(cells(totals, "total".to_owned(), String::new()));
    }
    let cut_off = document.at("cut_off").instant(&zone);
    let (from, to) = (document.at("from").text(), document.at("to").text());
    sheet.print_or(&format!("nothing from {from} to {to} that is not sent or admitted already"), out)?;
    ways(totals, look, out)?;
    left_out(totals, out)?;
    let keito = document.at("keito");
    match keito.at("why").str() {
        None => writeln!(
            out,
            "{} records that stand at Keito in these days were taken into account",
            keito.at("records").number()
        )?,
        Some(_) => writeln!(
            out,
            "what stands at Keito was not looked at ({}): it is before anything is sent",
            keito.at("why").text()
        )?,
    }
    if state == "admitted" {
        let word = paint(look, Ink::Good, "admitted");
        writeln!(out, "{word}: {from} to {to} is sent as all from the cut-off ({cut_off}) on is")?;
    }
    Ok(())
}

/// Whether there is nothing in it to decide about.
pub(in crate::cli) fn is_empty_backfill(json: &[u8]) -> bool {
    read(json).is_ok_and(|value| Doc(&value).at("backfill").at("rows").items().next().is_none())
}

fn cells(row: Doc<'_>, first: String, second: String) -> Vec<String> {
    let held: Vec<String> = row.at("held").items().map(held).collect();
    vec![
        first,
        second,
        row.at("entries").number(),
        row.at("hours").text(),
        row.at("expenses").number(),
        row.at("requests").number(),
        row.at("amount").money(),
        held.join("; "),
    ]
}

fn held(waits: Doc<'_>) -> String {
    let mut parts = vec![waits.at("reason").text()];
    if waits.at("seconds").count() > 0 {
        parts.push(format!("{} h", waits.at("hours").text()));
    }
    match (waits.at("requests").count(), waits.at("cost_usd").is_null()) {
        (0, _) => {}
        (_, true) => parts.push(format!("{} requests", waits.at("requests").number())),
        (_, false) => parts.push(format!("USD {}", waits.at("cost_usd").money())),
    }
    parts.join(" ")
}

/// Each reason once with its way out.
fn ways(totals: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for waits in totals.at("held").items() {
        let (reason, way) = (waits.at("reason").text(), waits.at("remedy").text());
        writeln!(out, "{}\n  → {way}", paint(look, Ink::Warn, &reason))?;
    }
    Ok(())
}

fn left_out(totals: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (key, what) in [
        ("excluded_seconds", "of excluded directories"),
        ("below_min_seconds", "of sessions below min_seconds"),
        ("capped_seconds", "over max_seconds"),
    ] {
        if totals.at(key).count() > 0 {
            writeln!(out, "{} {what} is never sent", totals.at(key).duration())?;
        }
    }
    Ok(())
}

//! What a demo has delivered: `{schema_version, entries, expenses, held, page, socket, home?}`. Entries and expenses are
//! as the embedded Keito shows them, what is held as the queue shows it.

use std::io::{self, Write};

use serde_json::Value;

use super::document::{Doc, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint};
use crate::cli::{Failure, Look};

/// A demo document as tables, and where to look further.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_demo(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    block("time entries", &entries(document.at("entries"), look), look, out)?;
    block("expenses", &expenses(document.at("expenses"), look), look, out)?;
    block("held", &held(document.at("held"), look), look, out)?;
    for key in ["page", "socket", "home"] {
        let place = document.at(key);
        if !place.is_null() {
            writeln!(out, "{}  {}", paint(look, Ink::Bold, &format!("{key:6}")), place.text())?;
        }
    }
    Ok(())
}

fn block(name: &str, sheet: &Sheet, look: Look, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", paint(look, Ink::Bold, name))?;
    sheet.print_or(" none", out)?;
    writeln!(out)
}

fn entries(entries: Doc<'_>, look: Look) -> Sheet {
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("date", Left),
            ("project", Left),
            ("task", Left),
            ("hours", Right),
            ("notes", Left),
            ("session", Left),
        ],
    );
    for entry in entries.items() {
        sheet.row(vec![
            entry.at("spent_date").text(),
            entry.at("project").text(),
            entry.at("task").text(),
            entry.at("hours").text(),
            entry.at("notes").text(),
            entry.at("session_id").short(),
        ]);
    }
    sheet
}

fn expenses(expenses: Doc<'_>, look: Look) -> Sheet {
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("date", Left),
            ("project", Left),
            ("model", Left),
            ("cost", Right),
            ("requests", Right),
            ("tokens in", Right),
            ("cached", Right),
            ("out", Right),
            ("notes", Left),
        ],
    );
    for expense in expenses.items() {
        // Keito's `input_tokens` are the uncached ones; most of what an agent reads is in the cache.
        let written = expense.at("cache_write_tokens").count();
        let cached = expense.at("cached_input_tokens").count().saturating_add(written);
        sheet.row(vec![
            expense.at("spent_date").text(),
            expense.at("project").text(),
            expense.at("model").text(),
            expense.at("total_cost").text(),
            expense.at("requests").number(),
            expense.at("input_tokens").number(),
            Doc(&Value::from(cached)).number(),
            expense.at("output_tokens").number(),
            expense.at("notes").text(),
        ]);
    }
    sheet
}

fn held(items: Doc<'_>, look: Look) -> Sheet {
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("kind", Left),
            ("day", Left),
            ("model", Left),
            ("time", Right),
            ("requests", Right),
            ("why", Left),
            ("what to do", Left),
        ],
    );
    for item in items.items() {
        sheet.row(vec![
            item.at("kind").text(),
            item.at("day").text(),
            item.at("model").text(),
            item.at("seconds").duration(),
            item.at("requests").number(),
            item.at("reason").text(),
            item.at("remedy").text(),
        ]);
    }
    sheet
}

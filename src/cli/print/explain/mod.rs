//! An explanation for people: `{kind, id, timezone, time_rule, queue, check, report, totals, records, sessions, files}`.

mod ending;
mod money;
mod places;
mod time;

use std::io::{self, Write};
use std::path::Path;

use super::document::{Doc, NOTHING, read};
use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint, plain, queue};
use crate::cli::{Failure, Look};

/// What all parts of it need.
#[derive(Clone, Copy)]
struct Page<'a> {
    document: Doc<'a>,
    home: &'a Path,
    look: Look,
}

impl Page<'_> {
    fn heading(&self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\n{}", paint(self.look, Ink::Bold, text))
    }

    /// A path, with the home directory as `~`.
    fn path(&self, path: &str) -> String {
        let short = Path::new(path).strip_prefix(self.home).map(|rest| format!("~/{}", rest.display()));
        plain(&short.unwrap_or_else(|_| path.to_owned()))
    }
}

/// An explanation as text.
///
/// # Errors
/// If it is no document, or of the output.
pub(in crate::cli) fn print_explanation(
    json: &[u8],
    home: &Path,
    look: Look,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let value = read(json)?;
    let page = Page { document: Doc(&value), home, look };
    head(page, out)?;
    for session in page.document.at("sessions").items() {
        time::print(page, session, out)?;
        money::print(page, session, out)?;
        places::print(page, session, out)?;
    }
    records(page, out)?;
    files(page, out)?;
    if !page.document.at("queue").is_null() {
        queue::writes(page.document.at("queue"), look, out)?;
        ending::body(json, look, out)?;
    }
    ending::sums(page, out)?;
    Ok(())
}

fn head(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = page.document;
    let (id, kind) = (document.at("id").text(), document.at("kind").text());
    let item = document.at("queue").at("item");
    let bold = |text: &str| paint(page.look, Ink::Bold, text);
    if item.is_null() {
        writeln!(out, "{} {id}", bold(&kind))?;
    } else {
        let what = if item.at("kind").str() == Some("entry") { "time entry" } else { "expense" };
        let reason = item.at("reason").text();
        let state = item.at("state").text();
        let state = if reason == NOTHING { state } else { format!("{state}: {reason}") };
        writeln!(out, "{} {id}: {}, {state}", bold(what), item.at("day").text())?;
        let told = [
            ("project", "project"),
            ("task", "task"),
            ("model", "model"),
            ("amount", "amount"),
            ("hours", "hours"),
        ];
        let told = told.iter().filter(|(key, _)| !item.at(key).is_null());
        let told: Vec<String> = told.map(|(key, name)| format!("{name} {}", item.at(key).text())).collect();
        writeln!(out, "{}", told.join(", "))?;
    }
    let rule = document.at("time_rule");
    let clock = |key: &str| super::number::clock(rule.at(key).count());
    writeln!(
        out,
        "time by {}: a gap up to {} counts if the agent or a tool ends it, a longer one up to {} as far as the log proves work; waiting for a person never counts",
        rule.at("name").text(),
        clock("idle_gap_seconds"),
        clock("tool_gap_seconds")
    )?;
    writeln!(out, "times in {}", document.at("timezone").str().map_or_else(|| "UTC".to_owned(), plain))
}

/// The records that hold of it, and what waits.
fn records(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let records = page.document.at("records");
    if records.items().count() == 0 || page.document.at("kind").str() == Some("held") {
        return Ok(());
    }
    page.heading("records", out)?;
    let columns = [
        ("id", Left),
        ("kind", Left),
        ("state", Left),
        ("day", Left),
        ("project", Left),
        ("model", Left),
        ("hours", Right),
        ("amount", Right),
    ];
    let mut sheet = Sheet::mixed(page.look, &columns);
    for item in records.items() {
        let (state, reason) = (item.at("state").text(), item.at("reason").text());
        sheet.row(vec![
            item.at("id").text(),
            item.at("kind").text(),
            if reason == NOTHING { state } else { format!("{state}: {reason}") },
            item.at("day").text(),
            item.at("project").text(),
            item.at("model").text(),
            item.at("hours").text(),
            item.at("amount").text(),
        ]);
    }
    sheet.print(out)
}

fn files(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let files = page.document.at("files");
    if files.items().count() == 0 {
        return Ok(());
    }
    page.heading("logs", out)?;
    for (index, file) in files.items().enumerate() {
        let path = page.path(file.at("path").str().unwrap_or_default());
        let state = match file.at("state").str() {
            Some("gone") => "  (gone: its lines cannot be shown)".to_owned(),
            Some("skipped") => format!("  ({})", file.at("why").text()),
            _ => String::new(),
        };
        writeln!(out, "[{}] {path}{state}", index + 1)?;
    }
    Ok(())
}

/// `[1]:17`: the file by its number in the list, and the line.
fn source(of: Doc<'_>) -> String {
    if of.is_null() {
        return NOTHING.to_owned();
    }
    let file = of.at("file").count() + 1;
    match (of.at("line").0.as_u64(), of.at("row").0.as_i64()) {
        (Some(line), _) => format!("[{file}]:{line}"),
        (None, Some(row)) => format!("[{file}] row {row}"),
        (None, None) => format!("[{file}]"),
    }
}

/// `3 requests`.
fn requests(count: u64) -> String {
    format!("{} {}", super::number::grouped(count), if count == 1 { "request" } else { "requests" })
}

/// `3 requests, 0.0075 USD`.
fn costing(count: u64, usd: Doc<'_>) -> String {
    let cost = if usd.is_null() { "no price".to_owned() } else { format!("{} USD", usd.text()) };
    format!("{}, {cost}", requests(count))
}

/// `k1c9b7…` or why it is on none.
pub(super) fn stand(of: Doc<'_>) -> String {
    let id =
        || of.at("id").str().map_or_else(String::new, |id| format!("{}…", plain(&id[..id.len().min(10)])));
    match of.at("status").str().unwrap_or_default() {
        "billed" => id(),
        "held" => format!("held: {}", of.at("reason").text()),
        "open" => "due".to_owned(),
        "excluded" => "excluded".to_owned(),
        "below_min" => "below the minimum".to_owned(),
        "capped" => "over the day's cap".to_owned(),
        "other_session" => "another session's".to_owned(),
        "posted_before" => "at Keito already".to_owned(),
        "before_cutoff" => "before the cut-off".to_owned(),
        "not_billed" => "not billed here".to_owned(),
        "clock_ahead" => "ahead of the clock".to_owned(),
        other => plain(other),
    }
}

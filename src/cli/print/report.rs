//! Time, tokens and cost, as a table or as CSV.

use std::io::{self, Write};

use serde_json::Value;

use super::Sheet;
use super::document::{Doc, read, unpriced};
use super::number::duration;
use super::text::plain;
use crate::cli::{Failure, Look};
use crate::sources::is_time_only;

const COUNTS: [&str; 7] = [
    "requests",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_5m_tokens",
    "cache_write_1h_tokens",
    "output_tokens",
    "reasoning_tokens",
];
const QUALITIES: [&str; 3] = ["exact", "lower_bound", "estimated"];
const TIMES: [&str; 6] = [
    "agent_seconds",
    "wall_seconds",
    "human_seconds",
    "dropped_seconds",
    "below_min_seconds",
    "capped_seconds",
];

/// A report document as a table with its totals, and a line for each thing that the numbers do not hold.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_report(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let keys: Vec<&str> = document.at("by").items().filter_map(Doc::str).collect();
    // With models, time stands in the totals alone: two models of one session work in the same minutes.
    let timed = !keys.contains(&"model");
    let mut numbers = vec!["requests", "input", "cache read", "cache write", "output", "cost USD"];
    if timed {
        numbers.extend(["agent", "wall", "human"]);
    }
    let mut sheet = Sheet::new(look, &keys, &numbers);
    for row in document.at("rows").items() {
        let mut cells: Vec<String> = keys.iter().map(|key| key_of(row, key)).collect();
        cells.extend(cells_of(row, timed));
        sheet.row(cells);
    }
    let totals = document.at("totals");
    let mut cells: Vec<String> = keys.iter().map(|_| String::new()).collect();
    if let Some(first) = cells.first_mut() {
        "total".clone_into(first);
    }
    cells.extend(cells_of(totals, timed));
    sheet.total(cells);
    sheet.print(out)?;
    notes(totals, timed, out)?;
    Ok(())
}

fn key_of(row: Doc<'_>, key: &str) -> String {
    let name = row.at("project_name");
    if key == "project" && !name.is_null() { name.text() } else { row.at(key).text() }
}

fn cells_of(row: Doc<'_>, timed: bool) -> Vec<String> {
    let hour = row.at("cache_write_1h_tokens").count();
    let written = row.at("cache_write_5m_tokens").count().saturating_add(hour);
    let mut cells = vec![
        row.at("requests").number(),
        row.at("input_tokens").number(),
        row.at("cache_read_tokens").number(),
        Doc(&Value::from(written)).number(),
        row.at("output_tokens").number(),
        cost_of(row),
    ];
    if timed {
        cells.extend(TIMES[..3].iter().map(|key| row.at(key).duration()));
    }
    cells
}

/// A cost that no log of this agent could tell is said to be so: nobody has to look for what is missing.
fn cost_of(row: Doc<'_>) -> String {
    let cost = row.at("cost_usd");
    let is_unseen = cost.is_null() && row.at("agent").str().is_some_and(is_time_only);
    if is_unseen { "not observable".to_owned() } else { cost.money() }
}

fn notes(totals: Doc<'_>, timed: bool, out: &mut dyn Write) -> io::Result<()> {
    if !timed {
        let [agent, wall, human] = [0, 1, 2].map(|at| totals.at(TIMES[at]).duration());
        writeln!(out, "time over all models: agent {agent}, wall {wall}, human {human}")?;
    }
    if let Some(some) = unpriced(totals) {
        writeln!(out, "not in the cost: {some} (see `keitod prices check`)")?;
    }
    let quality = totals.at("quality");
    for (what, count) in [
        ("a lower bound, the log does not hold the final counts", quality.at("lower_bound")),
        ("estimated", quality.at("estimated")),
    ] {
        if count.count() > 0 {
            writeln!(out, "requests that are {what}: {}", count.number())?;
        }
    }
    for (key, why) in [
        ("dropped_seconds", "gaps that nothing proves to be work"),
        ("below_min_seconds", "sessions below min_seconds"),
        ("capped_seconds", "over max_seconds"),
    ] {
        let seconds = totals.at(key).count();
        if seconds > 0 {
            writeln!(out, "not in the time: {} ({why})", duration(seconds))?;
        }
    }
    Ok(())
}

/// A report document as CSV (RFC 4180): its own names and exact values, `quality` as three columns, nothing for null.
/// No totals, so that a column can be added up.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_csv(json: &[u8], out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let mut keys: Vec<&str> = Vec::new();
    for key in document.at("by").items().filter_map(Doc::str) {
        keys.push(key);
        if key == "project" {
            keys.push("project_name");
        }
    }
    let qualities = QUALITIES.map(|name| format!("quality_{name}"));
    let header = keys.iter().chain(&COUNTS).chain(&["cost_usd", "unpriced_requests"]).copied();
    let header = header.chain(qualities.iter().map(String::as_str)).chain(TIMES);
    line(header.map(ToOwned::to_owned), out)?;
    for row in document.at("rows").items() {
        let own = keys.iter().chain(&COUNTS).chain(&["cost_usd", "unpriced_requests"]).map(|key| row.at(key));
        let quality = QUALITIES.iter().map(|name| row.at("quality").at(name));
        let times = TIMES.iter().map(|key| row.at(key));
        line(own.chain(quality).chain(times).map(exact), out)?;
    }
    Ok(())
}

fn exact(field: Doc<'_>) -> String {
    match field.0 {
        Value::Null => String::new(),
        Value::String(text) => cell(text),
        other => other.to_string(),
    }
}

/// A text as it is, but for what steers a terminal, and what a spreadsheet would take for a formula: a repository's file
/// may name its project as it likes.
fn cell(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(plain).collect();
    let shown = lines.join("\n");
    let number = shown.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    if shown.starts_with(['=', '+', '-', '@']) && !number { format!("'{shown}") } else { shown }
}

fn line(fields: impl Iterator<Item = String>, out: &mut dyn Write) -> io::Result<()> {
    for (at, field) in fields.enumerate() {
        if at > 0 {
            out.write_all(b",")?;
        }
        if field.contains([',', '"', '\r', '\n']) {
            write!(out, "\"{}\"", field.replace('"', "\"\""))?;
        } else {
            out.write_all(field.as_bytes())?;
        }
    }
    out.write_all(b"\r\n")
}

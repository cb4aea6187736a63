//! An audit: `{schema_version, at, from, to, days, records, clean, counts, findings: [{day, finding, kind, ids, …}]}`.

use std::io::Write;

use super::Sheet;
use super::document::{Doc, read};
use super::table::Lean::Left;
use crate::cli::{Failure, Look};

/// Whether an audit found both sides equal.
pub(crate) fn is_clean(json: &[u8]) -> bool {
    read(json).is_ok_and(|value| value["clean"] == true)
}

/// An audit document as a table by day, with a sentence below it.
pub(crate) fn print_audit(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("day", Left),
            ("finding", Left),
            ("kind", Left),
            ("ids", Left),
            ("at Keito", Left),
            ("what", Left),
        ],
    );
    for line in document.at("findings").items() {
        let what = if line.at("field").is_null() {
            String::new()
        } else {
            format!(
                "{}: ours {}, Keito {}",
                line.at("field").text(),
                line.at("ours").text(),
                line.at("keito").text()
            )
        };
        sheet.row(vec![
            line.at("day").text(),
            line.at("finding").text(),
            line.at("kind").text(),
            line.at("ids").text(),
            line.at("remote_ids").text(),
            what,
        ]);
    }
    if !sheet.is_empty() {
        sheet.print(out)?;
    }
    let verdict = if is_clean(json) { "clean" } else { "not clean" };
    let (records, days) = (document.at("records").count(), document.at("days").count());
    writeln!(out, "{verdict}: {records} records of {days} days compared")?;
    Ok(())
}

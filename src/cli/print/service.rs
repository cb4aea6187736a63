//! The service: what was done about it, and how it stands.

use std::io::Write;

use super::document::{Doc, read};
use super::{Ink, paint, plain};
use crate::cli::{Failure, Look};

/// `{action, manager, file, program, written, removed, ran, notes: [{code, message, remedy}]}`.
pub(crate) fn print_service_report(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    for (key, done) in [("written", "wrote"), ("removed", "removed"), ("ran", "ran")] {
        for line in document.at(key).items() {
            writeln!(out, "{done} {}", line.text())?;
        }
    }
    let done = match value["action"].as_str().unwrap_or_default() {
        "install" => "the service is installed",
        "uninstall" => "the service is uninstalled; state and config are where they were",
        "start" => "the service is started",
        "stop" => "the service is stopped",
        _ => "the service is started anew",
    };
    writeln!(out, "{}", paint(look, Ink::Good, done))?;
    notes(&document, look, out)
}

/// `{manager, file, installed, current, enabled, running, word, pid, restarts, said, lingers, notes}`.
pub(crate) fn print_service_state(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let (installed, running) = (value["installed"] == true, value["running"] == true);
    let ink = match (installed, running) {
        (_, true) => Ink::Good,
        (true, false) => Ink::Bad,
        (false, false) => Ink::Warn,
    };
    let word = if installed || running { document.at("word").text() } else { "not installed".to_owned() };
    let pid = value["pid"].as_u64().map_or_else(String::new, |pid| format!(", process {pid}"));
    let said = value["said"].as_str().map_or_else(String::new, |said| format!(": {}", plain(said)));
    writeln!(out, "{}{pid}{said}", paint(look, ink, &word))?;
    writeln!(out, "{}: {}", document.at("manager").text(), document.at("file").text())?;
    if installed {
        let starts = if value["enabled"] == true { "starts at login" } else { "does not start at login" };
        let restarts = match value["restarts"].as_u64() {
            Some(count @ 1..) => format!("; started anew {count} times after a failure"),
            _ => String::new(),
        };
        writeln!(out, "{starts}{restarts}")?;
    } else {
        writeln!(out, "  → keitod service install")?;
    }
    notes(&document, look, out)
}

fn notes(document: &Doc<'_>, look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    for note in document.at("notes").items() {
        let remedy = note.at("remedy");
        let ink = if remedy.is_null() { Ink::Bold } else { Ink::Warn };
        writeln!(out, "{} {}", paint(look, ink, "note:"), note.at("message").text())?;
        if !remedy.is_null() {
            writeln!(out, "  → {}", remedy.text())?;
        }
    }
    Ok(())
}

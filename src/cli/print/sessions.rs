//! Sessions: `{timezone, sessions: [{agent, session, first_at, last_at, project, project_name, requests, agent_seconds, cost_usd, …}]}`.

use std::io::Write;

use super::Sheet;
use super::document::{Doc, read};
use super::table::Lean::{Left, Right};
use crate::cli::{Failure, Look};

/// A sessions document as a table.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_sessions(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let zone = document.zone();
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("agent", Left),
            ("session", Left),
            ("began", Left),
            ("last", Left),
            ("project", Left),
            ("requests", Right),
            ("agent time", Right),
            ("cost USD", Right),
        ],
    );
    for session in document.at("sessions").items() {
        let name = session.at("project_name");
        sheet.row(vec![
            session.at("agent").text(),
            session.at("session").text(),
            session.at("first_at").instant(&zone),
            session.at("last_at").instant(&zone),
            if name.is_null() { session.at("project") } else { name }.text(),
            session.at("requests").number(),
            session.at("agent_seconds").duration(),
            session.at("cost_usd").money(),
        ]);
    }
    if sheet.is_empty() {
        writeln!(out, "no sessions")?;
    } else {
        sheet.print(out)?;
    }
    Ok(())
}

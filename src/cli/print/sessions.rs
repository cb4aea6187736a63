//! Sessions: `{schema_version, sessions: [{agent, session, first_at, last_at, requests, tokens, agent_seconds, models, dirs, …}]}`.

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
            ("agent time", Right),
            ("human", Right),
            ("requests", Right),
            ("output", Right),
            ("models", Left),
            ("in", Left),
        ],
    );
    for session in document.at("sessions").items() {
        sheet.row(vec![
            session.at("agent").text(),
            session.at("session").text(),
            session.at("first_at").instant(&zone),
            session.at("last_at").instant(&zone),
            session.at("agent_seconds").duration(),
            session.at("human_seconds").duration(),
            session.at("requests").number(),
            session.at("tokens").at("output").number(),
            session.at("models").text(),
            session.at("dirs").text(),
        ]);
    }
    sheet.print_or("no sessions", out)?;
    Ok(())
}

//! Where work went, and what said so.

use std::io::{self, Write};

use super::super::document::Doc;
use super::{NOTHING, Page};

pub(super) fn print(page: Page<'_>, session: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    if session.at("places").items().count() == 0 {
        return Ok(());
    }
    page.heading("places", out)?;
    for place in session.at("places").items() {
        let path = |key: &str| page.path(place.at(key).str().unwrap_or_default());
        let dir = if place.at("directory").is_null() { "no directory".to_owned() } else { path("directory") };
        let branch = place.at("branch").text();
        let branch = if branch == NOTHING { String::new() } else { format!(" ({branch})") };
        writeln!(out, "{} {dir}{branch}", place.at("number").count())?;
        writeln!(out, "  {}{}: {}", way(place), by(place, &path("file")), to(place))?;
    }
    Ok(())
}

fn way(place: Doc<'_>) -> &'static str {
    match place.at("way").str().unwrap_or_default() {
        "session_last" => "nothing maps it; where the session was last: ",
        "session_first" => "nothing maps it; where the session began: ",
        _ => "",
    }
}

fn by(place: Doc<'_>, file: &str) -> String {
    let rule = || format!("[[rule]] no. {} of the config", place.at("rule").count());
    match place.at("by").str().unwrap_or_default() {
        "keito_file" | "mapping_error" => file.to_owned(),
        "rule" => rule(),
        "excluded_by_rule" => format!("{}, exclude", rule()),
        "keito_file_disabled" => format!("{file} is switched off"),
        "keito_file_switched_off" => format!("{file} says enabled: false"),
        "default" => "[default] of the config".to_owned(),
        "assigned" => "keitod assign".to_owned(),
        _ => "nothing".to_owned(),
    }
}

fn to(place: Doc<'_>) -> String {
    if place.at("excluded").0 == true {
        return "never sent".to_owned();
    }
    if !place.at("held").is_null() {
        let error = place.at("error").text();
        let why = if error == NOTHING { String::new() } else { format!(" ({error})") };
        return format!("held, {}{why}", place.at("held").text());
    }
    let named = |id: &str, name: &str| {
        let (id, name) = (place.at(id).text(), place.at(name).text());
        if name == NOTHING { id } else { format!("{name} ({id})") }
    };
    let mut words = vec![
        format!("project {}", named("project", "project_name")),
        format!("task {}", named("task", "task_name")),
    ];
    for (key, word) in [("min_seconds", "minimum"), ("max_seconds", "cap")] {
        if !place.at(key).is_null() {
            words.push(format!("{word} {} s", place.at(key).count()));
        }
    }
    if place.at("overlap").str().is_some_and(|overlap| overlap != "sum") {
        words.push(format!("parallel sessions: {}", place.at("overlap").text()));
    }
    words.join(", ")
}

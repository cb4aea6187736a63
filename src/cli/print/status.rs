//! What keitod does now.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::document::{Doc, read, unpriced};

use super::table::Lean::{Left, Right};
use super::{Ink, Sheet, paint};
use crate::cli::{Failure, Look};
use crate::sources::is_time_only;

/// Roots of an agent that are named.
const ROOTS: usize = 3;

/// A status document: state and reasons first, for they are what somebody came for.
///
/// # Errors
/// If it is no document, or of the output.
pub fn print_status(json: &[u8], look: Look, out: &mut dyn Write) -> Result<(), Failure> {
    let value = read(json)?;
    let document = Doc(&value);
    let zone = document.zone();
    head(document, &zone, look, out)?;
    today(document, look, out)?;
    sources(document, &zone, look, out)?;
    queue(document.at("queue"), look, out)?;
    keito(document.at("keito"), &zone, look, out)?;
    audit(document.at("last_audit"), &zone, look, out)?;
    drift(document.at("price_drift"), look, out)?;
    for unused in document.at("prices_unused").items() {
        writeln!(out, "{} {}", label(look, "prices"), paint(look, Ink::Warn, &unused.text()))?;
    }
    Ok(())
}

fn head(document: Doc<'_>, zone: &TimeZone, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let ink = match document.at("state").str() {
        Some("running") => Ink::Good,
        Some("degraded") => Ink::Warn,
        _ => Ink::Bad,
    };
    let version = document.at("version").text();
    if document.at("pid").is_null() {
        // The state's word and whether it keeps up are those of a daemon.
        let stopped = paint(look, Ink::Warn, "does not run");
        writeln!(out, "keitod {version} {stopped}; this is what its database says")?;
        writeln!(out, "    → keitod service start, or `keitod run`")?;
    } else {
        let state = paint(look, ink, &document.at("state").text());
        let caught_up =
            if document.at("caught_up").0.as_bool() == Some(true) { "caught up" } else { "not caught up" };
        let (pid, up) = (document.at("pid").text(), document.at("uptime_seconds").duration());
        writeln!(out, "keitod {version} is {state}, {caught_up} (pid {pid}, up {up})")?;
    }
    for reason in document.at("reasons").items() {
        let code = paint(look, ink, &reason.at("code").text());
        writeln!(out, "  {code}: {}", reason.at("message").text())?;
        if !reason.at("remedy").is_null() {
            writeln!(out, "    → {}", reason.at("remedy").text())?;
        }
    }
    let since = document.at("since");
    if !since.is_null() {
        writeln!(
            out,
            "sends what happened since {} ({})",
            since.instant(zone),
            document.at("timezone").text()
        )?;
    }
    writeln!(out)
}

fn label(look: Look, word: &str) -> String {
    paint(look, Ink::Bold, &format!("{word:<6}"))
}

fn today(document: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let today = document.at("today");
    if today.is_null() {
        return Ok(());
    }
    let [agent, wall, human] =
        ["agent_seconds", "wall_seconds", "human_seconds"].map(|key| today.at(key).duration());
    let (name, cost) = (label(look, "today"), today.at("cost_usd").money());
    let all = today.at("requests").number();
    let requests = unpriced(today).map_or_else(|| all.clone(), |some| format!("{all} ({some})"));
    let day = today.at("day").text();
    writeln!(
        out,
        "{name} {day}: agent {agent}, wall {wall}, human {human}; {cost} USD; requests {requests}"
    )?;
    let tokens = today.at("tokens");
    let classes: Vec<String> =
        ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"]
            .iter()
            .filter(|class| tokens.at(class).count() > 0)
            .map(|class| format!("{} {}", class.replace('_', " "), tokens.at(class).number()))
            .collect();
    if !classes.is_empty() {
        writeln!(out, "       tokens: {}", classes.join(", "))?;
    }
    let uncounted: Vec<String> =
        [("dropped_seconds", "gaps"), ("below_min_seconds", "short"), ("capped_seconds", "capped")]
            .iter()
            .filter(|(key, _)| today.at(key).count() > 0)
            .map(|(key, word)| format!("{word} {}", today.at(key).duration()))
            .collect();
    if !uncounted.is_empty() {
        writeln!(out, "       not counted: {}", uncounted.join(", "))?;
    }
    Ok(())
}

fn sources(document: Doc<'_>, zone: &TimeZone, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut sheet = Sheet::mixed(
        look,
        &[
            ("agent", Left),
            ("roots", Left),
            ("files", Right),
            ("sessions", Right),
            ("bytes behind", Right),
            ("rejected", Right),
            ("watcher", Left),
            ("last event", Left),
            ("alarm", Left),
        ],
    );
    // Agents that are not used here are known to `keitod doctor --all`; in a table they would hide the others.
    let used = |source: &Doc<'_>| {
        let counted = ["files", "sessions", "lag_bytes", "rejected_lines"];
        counted.iter().any(|key| source.at(key).count() > 0) || !source.at("alarm").is_null()
    };
    for source in document.at("sources").items().filter(used) {
        sheet.row(vec![
            source.at("agent").text(),
            roots(source.at("roots")),
            source.at("files").number(),
            source.at("sessions").number(),
            source.at("lag_bytes").number(),
            source.at("rejected_lines").number(),
            source.at("watcher").text(),
            source.at("last_event_at").instant(zone),
            source.at("alarm").text(),
        ]);
    }
    if sheet.is_empty() {
        return writeln!(out, "no agent's logs were found");
    }
    writeln!(out)?;
    sheet.print(out)?;
    writeln!(out)?;
    let read = document.at("sources").items().filter(|source| source.at("files").count() > 0);
    let silent: Vec<String> =
        read.map(|source| source.at("agent").text()).filter(|agent| is_time_only(agent)).collect();
    if !silent.is_empty() {
        writeln!(out, "not observable: the cost of {}; their logs tell of time alone", silent.join(", "))?;
    }
    Ok(())
}

/// The first ones, and how many there are besides: an editor's extension is looked for below each editor.
fn roots(roots: Doc<'_>) -> String {
    let all: Vec<String> = roots.items().map(|root| root.text()).collect();
    match all.len().checked_sub(ROOTS) {
        Some(more @ 1..) => format!("{} and {more} more", all[..ROOTS].join(", ")),
        _ => all.join(", "),
    }
}

fn queue(queue: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let states = ["open", "pending", "sending", "unknown", "reconciling", "done", "dead", "conflict"];
    let counts: Vec<String> = states
        .iter()
        .filter(|state| queue.at(state).count() > 0)
        .map(|state| {
            let text = format!("{} {state}", queue.at(state).number());
            if matches!(*state, "dead" | "conflict") { paint(look, Ink::Bad, &text) } else { text }
        })
        .collect();
    let name = label(look, "queue");
    writeln!(out, "{name} {}", if counts.is_empty() { "empty".to_owned() } else { counts.join(", ") })?;
    let held: Vec<String> = queue
        .at("held")
        .pairs()
        .map(|(why, count)| format!("{} {}", count.number(), super::plain(why)))
        .collect();
    for (what, list, seconds, usd) in [
        ("held", held.join(", "), "held_seconds", "held_usd"),
        ("excluded", String::new(), "excluded_seconds", "excluded_usd"),
    ] {
        if !list.is_empty() || queue.at(seconds).count() > 0 {
            let joint = if list.is_empty() { "" } else { "; " };
            let (time, cost) = (queue.at(seconds).duration(), queue.at(usd).money());
            writeln!(out, "       {what}: {list}{joint}{time}, {cost} USD")?;
        }
    }
    let oldest = queue.at("oldest_due_seconds").count();
    if oldest > 0 {
        writeln!(out, "       the oldest has been due for {}", queue.at("oldest_due_seconds").duration())?;
    }
    Ok(())
}

fn keito(keito: Doc<'_>, zone: &TimeZone, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let name = label(look, "keito");
    let (origin, account) = (keito.at("origin").text(), keito.at("account_id").text());
    let last = keito.at("last_ok_at").instant(zone);
    writeln!(out, "{name} {origin}, account {account}, last answer {last}")?;
    if !keito.at("paused").is_null() {
        writeln!(out, "       {}", paint(look, Ink::Bad, &format!("paused: {}", keito.at("paused").text())))?;
    }
    if !matches!(keito.at("breaker").str(), None | Some("" | "closed")) {
        writeln!(
            out,
            "       {}",
            paint(look, Ink::Warn, &format!("breaker {}", keito.at("breaker").text()))
        )?;
    }
    if !keito.at("cost_decimals").is_null() {
        writeln!(out, "       keeps {} decimals of an amount", keito.at("cost_decimals").text())?;
    }
    if !keito.at("next_attempt_at").is_null() {
        writeln!(out, "       next attempt {}", keito.at("next_attempt_at").instant(zone))?;
    }
    Ok(())
}

fn drift(drift: Doc<'_>, look: Look, out: &mut dyn Write) -> io::Result<()> {
    for of in drift.items() {
        let (agent, model) = (of.at("agent").text(), of.at("model").text());
        let (requests, compared) = (of.at("requests").number(), of.at("compared").number());
        let (list, log) = (of.at("list_usd").money(), of.at("reported_usd").money());
        writeln!(
            out,
            "{} {agent} {model}: {requests} of {compared} requests are more than 1 % off: {list} USD by our list, {log} USD by its log",
            label(look, "prices")
        )?;
    }
    Ok(())
}

fn audit(audit: Doc<'_>, zone: &TimeZone, look: Look, out: &mut dyn Write) -> io::Result<()> {
    if audit.is_null() {
        return Ok(());
    }
    let [missing, extra, duplicate, drift] =
        ["missing", "extra", "duplicate", "drift"].map(|key| audit.at(key).count());
    let (name, at) = (label(look, "audit"), audit.at("at").instant(zone));
    if missing + extra + duplicate + drift == 0 {
        return writeln!(out, "{name} {at}: both sides agree");
    }
    let text = format!("{missing} missing, {extra} extra, {duplicate} twice, {drift} changed");
    writeln!(out, "{name} {at}: {}", paint(look, Ink::Bad, &text))
}

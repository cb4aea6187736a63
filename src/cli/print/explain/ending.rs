//! The bytes that leave, and the sums at the end.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::document::Doc;
use super::super::number::{clock, grouped};
use super::super::{Ink, paint, queue};
use super::Page;
use crate::cli::Look;

#[derive(Deserialize)]
struct Bodies<'a> {
    #[serde(borrow)]
    queue: Queue<'a>,
}

#[derive(Deserialize)]
struct Queue<'a> {
    #[serde(borrow)]
    writes: Vec<Body<'a>>,
}

#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Read apart from the rest: a parsed and printed body could differ in a digit.
pub(super) fn body(json: &[u8], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let found = serde_json::from_slice::<Bodies<'_>>(json);
    let writes = found.map(|found| found.queue.writes).unwrap_or_default();
    queue::body(writes.last().and_then(|write| write.body), look, out)
}

/// What it all comes to.
pub(super) fn sums(page: Page<'_>, out: &mut dyn Write) -> io::Result<()> {
    let document = page.document;
    echoed(page, document.at("echoed"), out)?;
    page.heading("sum", out)?;
    let check = document.at("check");
    if check.at("record_seconds").0.is_u64() {
        return entry(page, check, out);
    }
    if !check.is_null() {
        return expense(page, check, out);
    }
    for stand in document.at("totals").at("stands").items() {
        let (seconds, requests) = (stand.at("seconds").count(), stand.at("requests").count());
        let mut words = Vec::new();
        if seconds > 0 {
            words.push(format!("{} s = {}", grouped(seconds), clock(seconds)));
        }
        if requests > 0 {
            words.push(super::costing(requests, stand.at("cost_usd")));
        }
        if !words.is_empty() {
            writeln!(out, "{}: {}", super::stand(stand), words.join(", "))?;
        }
    }
    let report = document.at("report");
    if !report.is_null() {
        let sum = |key: &str| clock(report.at(key).count());
        let more = [("below_min_seconds", "below the minimum"), ("capped_seconds", "over the cap")];
        let more = more.iter().filter(|(key, _)| report.at(key).count() > 0);
        let more: String = more.map(|(key, name)| format!(", {} {name}", sum(key))).collect();
        writeln!(
            out,
            "as keitod report has it: agent {}, person {}, dropped {}{more}, {}",
            sum("agent_seconds"),
            sum("human_seconds"),
            sum("dropped_seconds"),
            super::costing(report.at("requests").count(), report.at("cost_usd"))
        )?;
    }
    let item = document.at("queue").at("item");
    if !item.at("remedy").is_null() {
        writeln!(out, "  → {}", item.at("remedy").text())?;
    }
    Ok(())
}

fn echoed(page: Page<'_>, echoed: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    if echoed.is_null() {
        return Ok(());
    }
    let zone = page.document.zone();
    page.heading("at Keito", out)?;
    let mut words = vec![format!("id {}", echoed.at("remote_id").text())];
    for (key, name) in [("answered_at", "answered"), ("listed_at", "last listed")] {
        if !echoed.at(key).is_null() {
            words.push(format!("{name} {}", echoed.at(key).instant(&zone)));
        }
    }
    for state in echoed.at("entry").items() {
        words.push(format!("{} h, {} s", state.at("hours").text(), state.at("seconds").count()));
    }
    if !echoed.at("amount").is_null() {
        words.push(format!("amount {}", echoed.at("amount").text()));
    }
    writeln!(out, "{}", words.join(", "))
}

fn entry(page: Page<'_>, check: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    let (seconds, record) = (check.at("seconds").count(), check.at("record_seconds").count());
    let (hours, sent) = (check.at("hours").text(), check.at("sent_hours"));
    if check.at("equal").0 == true {
        let ending = if sent.is_null() { "on it" } else { "sent" };
        return writeln!(out, "{seconds} s = {hours} h {ending}");
    }
    let bad = |text: &str| paint(page.look, Ink::Warn, text);
    if seconds != record {
        let text = format!("{seconds} s of the {record} s on it lie on time that the logs here show");
        return writeln!(out, "{}", bad(&text));
    }
    writeln!(out, "{}", bad(&format!("{seconds} s = {hours} h, but {} h sent", sent.text())))
}

fn expense(page: Page<'_>, check: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    let currency =
        if check.at("currency").is_null() { "USD".to_owned() } else { check.at("currency").text() };
    let mut sum = format!("{} USD", check.at("cost_usd").text());
    if !check.at("rate").is_null() {
        sum += &format!(" x {}", check.at("rate").text());
    }
    if !check.at("markup_percent").is_null() {
        sum += &format!(" + {} %", check.at("markup_percent").text());
    }
    let exact = check.at("exact").text();
    if exact != check.at("cost_usd").text() {
        sum += &format!(" = {exact} {currency}");
    }
    if check.at("carried").str().is_some_and(|carried| carried != "0") {
        sum += &format!(
            ", with {} {currency} left over from rounding earlier parts",
            check.at("carried").text()
        );
    }
    let (amount, sent) = (check.at("amount").text(), check.at("sent_amount").text());
    let requests = super::requests(check.at("requests").count());
    if check.at("equal").0 == true {
        return writeln!(out, "{requests}: {sum} = {sent} {currency} sent");
    }
    let text = format!("{requests}: {sum} = {amount} {currency}, but {sent} sent");
    writeln!(out, "{}", paint(page.look, Ink::Warn, &text))
}

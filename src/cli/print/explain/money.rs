//! The requests of a session: tokens by class times rates.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::super::Sheet;
use super::super::document::{Doc, NOTHING};
use super::super::number::grouped;
use super::super::table::Lean::{Left, Right};
use super::{Page, source, stand};

pub(super) fn print(page: Page<'_>, session: Doc<'_>, out: &mut dyn Write) -> io::Result<()> {
    if session.at("requests").items().count() == 0 {
        return Ok(());
    }
    let entry = page.document.at("check").at("record_seconds").0.is_u64();
    page.heading(if entry { "requests in it, as information" } else { "requests" }, out)?;
    let columns = [
        ("at", Left),
        ("model", Left),
        ("tokens x USD per million", Left),
        ("cost USD", Right),
        ("on", Left),
        ("log", Left),
    ];
    let mut sheet = Sheet::mixed(page.look, &columns);
    let (mut prices, mut notes) = (BTreeSet::new(), BTreeSet::new());
    for request in session.at("requests").items() {
        let at = instant(request.at("at"), &page.document.zone());
        let mut model = request.at("model").text();
        if request.at("quality").str() != Some("exact") {
            model += &format!(" ({})", request.at("quality").text().replace('_', " "));
        }
        let origin = source(request.at("source"));
        let mut lines: Vec<(String, String, String)> = Vec::new();
        for on in request.at("on").items() {
            prices.insert(on.at("price").text());
            let sum = if on.at("sum").is_null() { frozen(on) } else { sum(on.at("sum"), &mut notes) };
            let holder = on
                .at("id")
                .str()
                .map_or_else(String::new, |id| format!("{}…", super::plain(&id[..id.len().min(10)])));
            lines.push((sum, exact(on.at("cost_usd")), holder));
        }
        let waits = request.at("waits");
        if !waits.is_null() {
            let price = request.at("price");
            let sum = if lines.is_empty() {
                sum(price, &mut notes)
            } else {
                format!("grown by {}", tokens(waits.at("tokens")))
            };
            if price.at("priced").0 == true {
                prices.insert(price.at("provenance").text());
            }
            lines.push((sum, exact(waits.at("cost_usd")), stand(waits)));
        }
        for (index, (sum, cost, on)) in lines.into_iter().enumerate() {
            let first = |text: &String| if index == 0 { text.clone() } else { String::new() };
            sheet.row(vec![first(&at), first(&model), sum, cost, on, first(&origin)]);
        }
    }
    sheet.print(out)?;
    let totals = session.at("totals");
    let unpriced = totals.at("unpriced_requests").count();
    let without = if unpriced > 0 { format!("; {unpriced} without a price") } else { String::new() };
    let all = super::costing(totals.at("requests").count(), totals.at("cost_usd"));
    writeln!(out, "{all}{without}")?;
    for price in prices {
        writeln!(out, "price row: {price}")?;
    }
    for note in notes {
        writeln!(out, "note: {note}")?;
    }
    Ok(())
}

fn instant(of: Doc<'_>, zone: &jiff::tz::TimeZone) -> String {
    let at = of.str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    at.map_or_else(|| of.text(), |at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// All its digits: here a cost is a term of a sum.
fn exact(of: Doc<'_>) -> String {
    if of.is_null() { NOTHING.to_owned() } else { of.text() }
}

/// `1,000 input x 5 + 100 output x 25`, with factor and fees; or why there is none.
fn sum(price: Doc<'_>, notes: &mut BTreeSet<String>) -> String {
    if price.at("priced").0 != true {
        return format!("no price: {}", price.at("reason").text());
    }
    notes.extend(price.at("notes").items().map(Doc::text));
    if price.at("provenance").str() == Some("reported") {
        return "charged, as the log says".to_owned();
    }
    let line = |line: Doc<'_>| {
        let class = line.at("class").text().replace('_', " ");
        format!("{} {class} x {}", line.at("tokens").number(), line.at("rate").text())
    };
    let lines: Vec<String> = price.at("lines").items().map(line).collect();
    let mut sum = if lines.is_empty() { "nothing".to_owned() } else { lines.join(" + ") };
    let factor = price.at("factor").text();
    if factor != "1" {
        sum = format!("({sum}) x {factor}");
    }
    if price.at("fees").str().is_some_and(|fees| fees != "0") {
        let searches = price.at("web_searches").count();
        sum += &format!(" + {} USD for {searches} web searches", price.at("fees").text());
    }
    sum
}

/// The table has changed since, or only Keito's sum is known.
fn frozen(on: Doc<'_>) -> String {
    let tokens = tokens(on.at("tokens"));
    let why = if on.at("cost_usd").is_null() {
        "found at Keito, which has the record's sum alone"
    } else {
        "frozen when it was sealed"
    };
    format!("{tokens}; {why}")
}

fn tokens(of: Doc<'_>) -> String {
    let classes = ["input", "cache_read", "cache_write_5m", "cache_write_1h", "output"];
    let counts = classes.iter().map(|class| (class, of.at(class).count())).filter(|(_, count)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(class, count)| format!("{} {}", grouped(count), class.replace('_', " "))).collect();
    if counts.is_empty() { "no tokens".to_owned() } else { counts.join(" + ") }
}

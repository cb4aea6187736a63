//! Prices: what `keitod prices` says, for people.

use std::io::Write;

use serde_json::Value;

use super::document::Doc;
use super::table::Lean::{Left, Right};
use super::{Sheet, plain};
use crate::cli::{Failure, Look};

type Done = Result<(), Failure>;

/// The prices in force, a row a model and variant.
pub(crate) fn print_prices(said: &Value, look: Look, out: &mut dyn Write) -> Done {
    let document = Doc(said);
    let heads = [("platform", Left), ("model", Left), ("variant", Left), ("input", Right)];
    let more = [("cache read", Right), ("cache write", Right), ("long", Right), ("output", Right)];
    let mut sheet = Sheet::mixed(look, &[heads, more].concat());
    for row in document.at("rows").items() {
        let rate = |names: &[&str]| {
            let rates = row.at("rates");
            names
                .iter()
                .map(|name| rates.at(name))
                .find(|rate| !rate.is_null())
                .map_or_else(String::new, |r| r.text())
        };
        let mut cells = vec![row.at("platform").text(), row.at("model").text(), variant(&row)];
        let classes: [&[&str]; 5] = [
            &["input"],
            &["cache_read"],
            &["cache_write_5m", "cache_write_30m"],
            &["cache_write_1h", "cache_write_12h"],
            &["output"],
        ];
        cells.extend(classes.iter().map(|names| rate(names)));
        sheet.row(cells);
    }
    sheet.print_or("no such prices", out)?;
    print_overrides(&document, look, out)?;
    writeln!(out, "\nUSD per million tokens at {}, {}", document.at("at").text(), of(&document))?;
    Ok(())
}

/// All prices of a model.
pub(crate) fn print_shown(said: &Value, look: Look, out: &mut dyn Write) -> Done {
    let document = Doc(said);
    let name = document.at("name").text();
    if document.at("rows").items().next().is_none() {
        let why = if document.at("unresolved").is_null() {
            "the table does not know this model".to_owned()
        } else {
            document.at("unresolved").text()
        };
        writeln!(out, "{name} has no price: {why}\na [[price]] in the config gives it one")?;
        return print_overrides(&document, look, out);
    }
    writeln!(
        out,
        "{name} is {}/{}, {}",
        document.at("platform").text(),
        document.at("model").text(),
        of(&document)
    )?;
    for row in document.at("rows").items() {
        writeln!(out)?;
        print_row(&row, row.at("in_force").0 == true, look, out)?;
    }
    print_overrides(&document, look, out)
}

/// What a request costs.
pub(crate) fn print_explained(said: &Value, look: Look, out: &mut dyn Write) -> Done {
    let document = Doc(said);
    let name = document.at("name").text();
    if document.at("priced").0 != true {
        writeln!(out, "{name} at {}: {}", document.at("at").text(), document.at("reason").text())?;
        return Ok(());
    }
    writeln!(
        out,
        "{name} at {} is {}/{}\n",
        document.at("at").text(),
        document.at("platform").text(),
        document.at("model").text()
    )?;
    let mut sheet =
        Sheet::mixed(look, &[("class", Left), ("tokens", Right), ("USD/M", Right), ("USD", Right)]);
    for line in document.at("lines").items() {
        sheet.row(vec![
            line.at("class").text(),
            line.at("tokens").count().to_string(),
            line.at("rate").text(),
            line.at("usd").text(),
        ]);
    }
    let factor = document.at("factor").text();
    if factor != "1" {
        sheet.row(vec!["all token classes".to_owned(), String::new(), format!("x {factor}"), String::new()]);
    }
    let searches = document.at("web_searches").count();
    if searches > 0 {
        sheet.row(vec![
            "web searches".to_owned(),
            searches.to_string(),
            String::new(),
            document.at("fees").text(),
        ]);
    }
    sheet.total(vec!["together".to_owned(), String::new(), String::new(), document.at("usd").text()]);
    sheet.print(out)?;
    writeln!(out, "\nfrom {}", document.at("provenance").text())?;
    for note in document.at("notes").items() {
        writeln!(out, "note: {}", note.text())?;
    }
    if !document.at("row").is_null() {
        print_sources(&document.at("row"), out)?;
    }
    Ok(())
}

/// Whether prices can be used.
pub(crate) fn print_price_check(said: &Value, _: Look, out: &mut dyn Write) -> Done {
    let document = Doc(said);
    for problem in document.at("problems").items() {
        writeln!(out, "{}", problem.text())?;
    }
    let count = |name| document.at(name).count();
    let own = count("overrides");
    writeln!(out, "{} prices, {}; {own} of your own", count("rows"), of(&document))?;
    Ok(())
}

/// What became of an update.
pub(crate) fn print_update(said: &Value, _: Look, out: &mut dyn Write) -> Done {
    let document = Doc(said);
    let (from, version) = (document.at("from").text(), document.at("version").text());
    if document.at("result").text() == "updated" {
        let before = document.at("before").text();
        writeln!(
            out,
            "prices of {version} (before: {before}) from {from}: keitod uses them from its next start"
        )?;
    } else {
        writeln!(out, "the prices of {version} are the newest at {from}")?;
    }
    Ok(())
}

/// `table of 2026-11-21, in the binary`.
fn of(document: &Doc<'_>) -> String {
    format!("{} table of {}", document.at("origin").text(), document.at("version").text())
}

fn variant(row: &Doc<'_>) -> String {
    let named = ["speed", "service"].map(|term| row.at(term).text());
    let mut words: Vec<String> = named.into_iter().filter(|word| word != "standard").collect();
    if !row.at("hours").is_null() {
        words.push(row.at("hours").text());
    }
    words.join(" ")
}

fn print_row(row: &Doc<'_>, in_force: bool, look: Look, out: &mut dyn Write) -> Done {
    let open = |name: &str, other: &str| {
        if row.at(name).is_null() { other.to_owned() } else { row.at(name).text() }
    };
    let words = [variant(row), if in_force { "in force".to_owned() } else { String::new() }];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let words = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
    writeln!(out, "{} to {}{words}", open("from", "from the start"), open("to", "now"))?;
    let mut sheet = Sheet::mixed(look, &[("class", Left), ("USD/M", Right), ("long prompts", Left)]);
    for (class, rate) in row.at("rates").0.as_object().into_iter().flatten() {
        let tier = |tier: Doc<'_>| {
            let rate = tier.at("rates").at(class);
            let rate = if rate.is_null() { "none".to_owned() } else { rate.text() };
            format!("{rate} from {} tokens", tier.at("from_tokens").count())
        };
        let tiers: Vec<String> = row.at("context").items().map(tier).collect();
        sheet.row(vec![plain(class), Doc(rate).text(), tiers.join(", ")]);
    }
    sheet.print(out)?;
    let factors = row.at("multiply").0.as_object().into_iter().flatten();
    let factors: Vec<String> =
        factors.map(|(term, factor)| format!("{} x {}", plain(term), Doc(factor).text())).collect();
    if !factors.is_empty() {
        writeln!(out, "factors: {}", factors.join(", "))?;
    }
    if !row.at("web_search").is_null() {
        writeln!(out, "web search: {} USD each", row.at("web_search").text())?;
    }
    let assumed: Vec<String> = row.at("assumed").items().map(|class| class.text()).collect();
    if !assumed.is_empty() {
        writeln!(out, "not listed by the vendor, billed as input: {}", assumed.join(", "))?;
    }
    print_sources(row, out)
}

fn print_sources(row: &Doc<'_>, out: &mut dyn Write) -> Done {
    for source in row.at("sources").items() {
        let [id, reason, address] = ["id", "reason", "address"].map(|name| source.at(name).text());
        writeln!(out, "source: {id}: {reason} <{address}>")?;
    }
    Ok(())
}

fn print_overrides(document: &Doc<'_>, look: Look, out: &mut dyn Write) -> Done {
    let heads = [
        ("[[price]]", Left),
        ("platform", Left),
        ("from", Left),
        ("to", Left),
        ("USD/M", Left),
        ("factor", Right),
    ];
    let mut sheet = Sheet::mixed(look, &heads);
    for price in document.at("overrides").items() {
        let or_any =
            |name: &str| if price.at(name).is_null() { "any".to_owned() } else { price.at(name).text() };
        let rates = price.at("rates").0.as_object().into_iter().flatten();
        let rates: Vec<String> =
            rates.map(|(class, rate)| format!("{} {}", plain(class), Doc(rate).text())).collect();
        let factor = if price.at("factor").is_null() { String::new() } else { price.at("factor").text() };
        sheet.row(vec![
            price.at("model").text(),
            or_any("platform"),
            or_any("from"),
            or_any("to"),
            rates.join(", "),
            factor,
        ]);
    }
    Ok(sheet.print_below(out)?)
}

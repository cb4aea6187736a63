//! What a fetched table may do, and what not: each attack on a copy of the table in the binary.

use serde_json::{Value, json};

use super::*;
use crate::model::{Terms, Tokens};
use crate::prices::{Origin, Request};

const TABLE: &str = include_str!("../../config/prices/table.json");

fn now() -> Instant {
    Instant::parse("2026-12-20T00:00:00Z").unwrap()
}

/// The table in the binary, changed, and of a later day.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut table: Value = serde_json::from_str(TABLE).unwrap();
    table["version"] = json!("2026-12-19");
    change(&mut table);
    table.to_string()
}

fn row<'a>(table: &'a mut Value, platform: &str, model: &str) -> &'a mut Value {
    let rows = table["rows"].as_array_mut().unwrap();
    let mine = |row: &&mut Value| {
        row["platform"] == platform
            && row["model"] == model
            && row.get("speed").is_none()
            && row.get("service").is_none()
    };
    rows.iter_mut().rfind(mine).unwrap()
}

fn push(table: &mut Value, list: &str, item: Value) {
    table[list].as_array_mut().unwrap().push(item);
}

fn verdict(text: &str) -> Result<Table, Refusal> {
    Table::embedded().unwrap().replaced_by(text, now())
}

#[test]
fn a_new_price_is_a_new_row() {
    let text = changed(|table| {
        let old = row(table, "anthropic", "claude-opus-5-5");
        let mut new = old.clone();
        old["to"] = json!("2026-12-15T00:00:00Z");
        new["from"] = json!("2026-12-15T00:00:00Z");
        new["rates"]["input"] = json!("3");
        push(table, "rows", new);
        push(
            table,
            "rows",
            json!({"platform": "anthropic", "model": "claude-opus-6", "source": ["batch"],
                   "rates": {"input": "5", "output": "25"}}),
        );
        push(
            table,
            "aliases",
            json!({"platform": "anthropic", "name": "claude-opus-latest", "model": "claude-opus-6"}),
        );
    });
    let table = verdict(&text).unwrap();
    assert_eq!((table.version(), table.origin()), ("2026-12-19", Origin::Refreshed));
    let tokens = Tokens { input: 1_000_000, ..Tokens::default() };
    let usd = |model: &str, at: &str| {
        let at = Instant::parse(at).unwrap();
        let terms = Terms::default();
        let request = Request { platform: None, model, at, tokens: &tokens, terms: &terms };
        table.usd(&request).map(|usd| usd.to_string()).ok()
    };
    assert_eq!(usd("claude-opus-5-5", "2026-12-14T23:59:59Z").as_deref(), Some("4"));
    assert_eq!(usd("claude-opus-5-5", "2026-12-15T00:00:00Z").as_deref(), Some("3"));
    assert_eq!(usd("claude-opus-latest", "2026-12-15T00:00:00Z").as_deref(), Some("5"));
    // The same table again, and the one in use under its own version, change nothing and are right.
    assert!(table.replaced_by(&text, now()).is_ok());
    assert!(verdict(TABLE).is_ok());
}

/// What is done to the table, and the word that the refusal has.
type Attack = (&'static str, &'static str, fn(&mut Value));

#[test]
fn a_table_that_takes_something_away_or_moves_far_is_refused() {
    let attacks: &[Attack] = &[
        ("version", "not a day", |t| t["version"] = json!("soon")),
        ("downgrade", "older than the one in use", |t| t["version"] = json!("2026-11-20")),
        ("far future", "lies in the future", |t| t["version"] = json!("2099-12-31")),
        ("same version", "is not the same", |t| {
            t["version"] = json!("2026-11-21");
            push(t, "rows", json!({"platform": "x", "model": "y", "source": [], "rates": {"input": "1"}}));
        }),
        ("deletion", "is gone", |t| {
            t["rows"].as_array_mut().unwrap().retain(|row| row["model"] != "claude-3-opus");
        }),
        ("class deleted", "is gone", |t| {
            row(t, "anthropic", "claude-opus-5").as_object_mut().unwrap()["rates"]
                .as_object_mut()
                .unwrap()
                .remove("cache_read");
        }),
        ("closed row altered", "was altered", |t| {
            let rows = t["rows"].as_array_mut().unwrap();
            let closed = rows.iter_mut().find(|row| {
                row["platform"] == "openai" && row["model"] == "gpt-5.6-luna" && row.get("to").is_some()
            });
            closed.unwrap()["rates"]["input"] = json!("1.1");
        }),
        ("open row altered", "was altered", |t| row(t, "openai", "gpt-5.5")["rates"]["input"] = json!("4")),
        ("factor altered", "was altered", |t| row(t, "openai", "gpt-5.5")["multiply"]["us"] = json!("1.2")),
        ("edge moved", "was altered", |t| row(t, "openai", "gpt-5.5")["context"][0]["above"] = json!(1000)),
        ("row ends", "none follows", |t| {
            row(t, "anthropic", "claude-opus-5")["to"] = json!("2026-12-15T00:00:00Z");
        }),
        ("negative", "is not a price", |t| {
            push(t, "rows", json!({"platform": "x", "model": "y", "source": [], "rates": {"input": "-1"}}));
        }),
        ("overlap", "at the same time", |t| {
            let twice = row(t, "anthropic", "claude-opus-5").clone();
            push(t, "rows", twice);
        }),
        ("jump", "more than 5 times", |t| {
            let old = row(t, "anthropic", "claude-opus-5");
            let mut new = old.clone();
            old["to"] = json!("2026-12-15T00:00:00Z");
            new["from"] = json!("2026-12-15T00:00:00Z");
            new["rates"]["output"] = json!("125.000001");
            push(t, "rows", new);
        }),
        ("free", "free", |t| {
            let old = row(t, "anthropic", "claude-opus-5");
            let mut new = old.clone();
            old["to"] = json!("2026-12-15T00:00:00Z");
            new["from"] = json!("2026-12-15T00:00:00Z");
            new["rates"]["input"] = json!("0");
            push(t, "rows", new);
        }),
        ("new model free", "free", |t| {
            push(
                t,
                "rows",
                json!({"platform": "openai", "model": "gpt-9", "source": [], "rates": {"input": "0", "output": "0"}}),
            );
        }),
        ("snapshot as a key of its own", "more than 5 times", |t| {
            let mut own = row(t, "anthropic", "claude-opus-5").clone();
            own["model"] = json!("claude-opus-5-20260701");
            own["rates"]["input"] = json!("50");
            push(t, "rows", own);
        }),
        ("into closed time", "prices are closed", |t| {
            let mut own = row(t, "xai", "grok-4.20").clone();
            own["service"] = json!("batch");
            own.as_object_mut().unwrap().remove("from");
            push(t, "rows", own);
        }),
        ("factor of a new model", "out of all proportion", |t| {
            push(
                t,
                "rows",
                json!({"platform": "x", "model": "y", "source": [], "rates": {"input": "1"}, "multiply": {"us": "100"}}),
            );
        }),
        ("alias moved", "lead elsewhere", |t| {
            let aliases = t["aliases"].as_array_mut().unwrap();
            let alias = aliases.iter_mut().find(|alias| alias["name"] == "claude-3-opus-latest").unwrap();
            alias["model"] = json!("claude-3-haiku");
        }),
        ("alias shadows a name", "lead elsewhere", |t| {
            push(
                t,
                "aliases",
                json!({"platform": "openai", "name": "gpt-5.5-2026-04-23", "model": "gpt-5-nano"}),
            );
        }),
        ("home moved", "lead elsewhere", |t| t["home"].as_array_mut().unwrap().reverse()),
        ("unknown class", "not readable", |t| {
            row(t, "openai", "gpt-5.5")["rates"]["cache_write_7d"] = json!("1")
        }),
        ("schema", "schema 3", |t| t["schema"] = json!(3)),
    ];
    for (what, word, attack) in attacks {
        let refusal = verdict(&changed(attack)).expect_err(what).to_string();
        assert!(refusal.contains(word), "{what}: {refusal}");
    }
}

#[test]
fn a_file_that_is_no_table_is_refused() {
    for text in
        ["", "null", "[]", "{\"schema\":2", &TABLE[..TABLE.len() / 2], "\u{0}\u{0}\u{0}", "<html></html>"]
    {
        assert!(matches!(verdict(text), Err(Refusal::Unreadable(_))));
    }
    let long = " ".repeat(MOST_BYTES + 1);
    assert!(matches!(verdict(&long), Err(Refusal::Unreadable(Error::TooLong { .. }))));
    // Depth is bounded by the parser.
    assert!(matches!(verdict(&"[".repeat(100_000)), Err(Refusal::Unreadable(_))));
}

//! Goose.

use std::fs;

use rusqlite::{Connection, params_from_iter, types::Value};

use crate::home::{Home, copy, fixtures};
use crate::keito::Keito;
use crate::report::{Count, WORDS, counts_where};
use crate::scenario::canaries_below;
use crate::{database, rewrite, silence};

const DATABASE: &str = ".local/share/goose/sessions/sessions.db";

fn count(requests: u64, [input, cache_read, cache_write_5m, output]: [u64; 4]) -> Count {
    Count { requests, input, cache_read, cache_write_5m, output, ..Count::default() }
}

fn agrees(home: &Home, wanted: &[(&str, &str, Count)]) {
    let wanted =
        wanted.iter().map(|(session, model, count)| (((*session).to_owned(), (*model).to_owned()), *count));
    assert_eq!(counts_where(home, |_| true), wanted.collect());
}

/// Of the recorded database: the program's own sums, 4,633, 4,992, 7,594 and 4,871.
fn recorded() -> [(&'static str, &'static str, Count); 4] {
    let model = "qwen3:0.6b";
    [
        ("20260805_1", model, count(2, [4100, 0, 0, 533])),
        ("20260805_2", model, count(2, [4100, 0, 0, 892])),
        ("20260805_3", model, count(3, [6150, 0, 0, 1444])),
        ("20260805_4", model, count(2, [4100, 0, 0, 771])),
    ]
}

#[test]
fn sessions_of_schema_15_agree_with_the_programs_own_sums() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let path = home.path().join(DATABASE);
    let writer = database::load(&fixtures("goose/lantern/sessions.sql"), &path);
    home.says(&["run", "--once"]);
    agrees(&home, &recorded());
    let sums: Vec<(String, i64)> = {
        let mut sums = writer.prepare("select id, accumulated_total_tokens from sessions").unwrap();
        let rows = sums.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for (session, _, count) in recorded() {
        let sum = i64::try_from(count.input + count.output).unwrap();
        assert!(sums.contains(&(session.to_owned(), sum)), "{session}: {sums:?}");
    }
    drop(writer);
    let known = || (home.says(&WORDS), rewrite::facts(&home.database()));
    let (before, read) = (known(), rewrite::generations(&home.database()));
    database::replace(&path);
    home.says(&["run", "--once"]);
    assert!(rewrite::generations(&home.database()) > read);
    assert_eq!(known(), before);
}

/// Copies the database row by row, in the order of their instants, as the program wrote it.
fn grow(dump: &str, to: &Connection, pause: impl Fn()) {
    let whole = Connection::open_in_memory().unwrap();
    whole.pragma_update(None, "foreign_keys", false).unwrap();
    whole.execute_batch(dump).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = whole.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for sql in texts(
        "select sql from sqlite_master where sql is not null and name not like 'sqlite_%' order by type = 'table' desc",
    ) {
        to.execute_batch(&sql).unwrap();
    }
    let mut rows: Vec<(i64, &str, Vec<Value>)> = Vec::new();
    for (table, at) in
        [("sessions", "0"), ("messages", "created_timestamp"), ("usage_ledger", "created_timestamp")]
    {
        let mut statement = whole.prepare(&format!("select {at}, * from {table}")).unwrap();
        let width = statement.column_count();
        let found = statement.query_map([], |row| {
            Ok((row.get(0)?, table, (1..width).map(|n| row.get(n)).collect::<Result<_, _>>()?))
        });
        rows.extend(found.unwrap().map(Result::unwrap));
    }
    rows.sort_by_key(|(at, ..)| *at);
    for (number, (_, table, values)) in rows.into_iter().enumerate() {
        let marks = vec!["?"; values.len()].join(", ");
        to.execute(&format!("insert into {table} values ({marks})"), params_from_iter(values)).unwrap();
        if number % 9 == 0 {
            pause();
        }
    }
}

#[test]
fn a_database_is_followed_while_it_is_written() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let service = home.serve();
    let writer = database::empty(&home.path().join(DATABASE));
    let dump = fs::read_to_string(fixtures("goose/lantern/sessions.sql")).unwrap();
    grow(&dump, &writer, || home.until_read(&["flush", "--json"]));
    home.until_read(&["flush", "--settle", "--json"]);
    agrees(&home, &recorded());
    drop(service);
}

#[test]
fn the_ledger_is_told_apart_by_what_its_rows_are() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let _writer = database::load(&fixtures("goose/ledger/sessions.sql"), &home.path().join(DATABASE));
    home.says(&["run", "--once"]);
    let (first, third) = ("20260923_1", "20260923_3");
    agrees(
        &home,
        &[
            // With a compaction; what was carried over is none, and another agent's request is that one's.
            (first, "claude-sonnet-4-5", count(2, [2500, 8000, 1500, 700])),
            (first, "claude-haiku-4-5", count(1, [900, 0, 0, 40])),
            (third, "acme/no-list-has-it", count(1, [100, 0, 0, 10])),
        ],
    );
    let report = home.json(&["report", "--by", "session", "--json"]);
    let rows = report["rows"].as_array().unwrap();
    let row = |session: &str| rows.iter().find(|row| row["session"] == session);
    assert_eq!(row(third).unwrap()["cost_usd"], "0.0125");
    // 400 s of an answer that lasted that long, then 100 s to the compaction; the copy has none of it.
    assert_eq!(row(first).unwrap()["agent_seconds"], 500);
    assert!(row("20260923_5").is_none_or(|row| row["agent_seconds"] == 0), "{rows:?}");
}

#[test]
fn sessions_of_before_tell_of_time() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let sessions = home.path().join(DATABASE);
    let _writer = database::load(&fixtures("goose/older/sessions.sql"), &sessions);
    copy(&fixtures("goose/lines"), sessions.parent().unwrap());
    home.says(&["run", "--once"]);
    let report = home.json(&["report", "--by", "session", "--json"]);
    let times: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| &row["agent_seconds"]).collect();
    assert_eq!(times, [120, 120]);
    assert_eq!(crate::others::dirs(&home.database()), ["/home/dev/src/demo-shop"]);
    let mut canaries = canaries_below(&fixtures("goose/older"));
    canaries.extend(canaries_below(&fixtures("goose/lines")));
    silence::answers(&home, &canaries, "goose");
    silence::traces_but(&home, &keito.state, &canaries, "goose", ".local/share/goose");
}

#[test]
fn a_sum_that_grows_is_an_estimate_and_held() {
    let keito = Keito::start();
    let home = Home::new(&keito.origin);
    let writer = database::load(&fixtures("goose/older/sessions.sql"), &home.path().join(DATABASE));
    home.says(&["run", "--once"]);
    let rows = |by: &str| home.json(&["report", "--by", by, "--json"])["rows"].as_array().unwrap().clone();
    assert!(rows("session,model").iter().all(|row| row["requests"] == 0), "the baseline is no request");
    writer
        .execute_batch(
            "update sessions set accumulated_input_tokens = 2600, accumulated_output_tokens = 280, \
             accumulated_total_tokens = 2880, updated_at = '2025-11-03 09:10:00'",
        )
        .unwrap();
    home.says(&["run", "--once"]);
    home.says(&["run", "--once"]);
    let rows = rows("session,model");
    let row = rows.iter().find(|row| row["requests"] == 1).unwrap();
    assert_eq!((&row["input_tokens"], &row["output_tokens"]), (&500.into(), &80.into()), "{row}");
    assert_eq!(row["quality"]["estimated"], 1);
    assert!(keito.state.expenses().is_empty());
}

//! The same lines in other files, and what the database holds of them.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, types::Value};

use crate::home::{Home, files_below};

/// Puts another file with the same lines in the place of each log. A blank line before them, because an equal copy
/// is known by its ends and not read again.
pub fn replace_all(home: &Home) {
    replace_below(&home.path().join(".claude"));
}

/// The same, for logs in this folder.
pub fn replace_below(logs: &Path) {
    for path in files_below(logs) {
        replace(&path);
    }
}

/// The same, for one log.
pub fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    fs::write(&copy, [b"\n", fs::read(path).unwrap().as_slice()].concat()).unwrap();
    fs::rename(&copy, path).unwrap();
}

/// Each row of each table that holds facts, in order, and of the queue.
pub fn facts(database: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let tables = [
        "select key, message, session, at, model, input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, quality, cut from request order by key",
        "select request, session, key, at from copy order by 1, 2, 3",
        "select * from mark order by 1, 2",
        "select * from activity order by key",
        "select * from turn order by key",
        "select * from span order by session, start",
        "select agent, native from session order by 1, 2",
        "select keitod_id, part, amount, seconds, requests from record order by 1",
        "select record, method, body, state from write order by id",
        "select account, request, record, input, cache_read, cache_write_5m, cache_write_1h, output, usd from billed order by 1, 2, 3",
    ];
    let rows = |sql: &str| {
        let mut statement = conn.prepare(sql).unwrap();
        let width = statement.column_count();
        let rows = statement.query_map([], |row| (0..width).map(|column| row.get(column)).collect());
        rows.unwrap().collect::<Result<Vec<Vec<Value>>, _>>().unwrap()
    };
    tables.iter().map(|sql| ((*sql).to_owned(), rows(sql))).collect()
}

/// How often files were begun again.
pub fn generations(database: &Path) -> i64 {
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    conn.query_row("select sum(generation) from file", [], |row| row.get(0)).unwrap()
}

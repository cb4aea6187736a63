//! Databases of agents, from their dumps: with all of it in the log of changes, replaced, or written row by row as the
//! program did.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Rows that are inserted before it is asked what was read so far.
const PAUSE: usize = 5;

/// Whether this is a database.
pub fn is_one(path: &Path) -> bool {
    fs::read(path).unwrap().starts_with(b"SQLite format 3\0")
}

/// A database from a dump. Nothing of it is in the file itself while the connection lives.
pub fn load(dump: &Path, to: &Path) -> Connection {
    let conn = empty(to);
    conn.execute_batch(&fs::read_to_string(dump).unwrap()).unwrap();
    conn
}

/// A database with nothing in it; what is put there stays in its log of changes.
pub fn empty(to: &Path) -> Connection {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let conn = Connection::open(to).unwrap();
    conn.pragma_update(None, "journal_mode", "WAL").unwrap();
    conn.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn
}

/// Puts an equal database in the place of this one.
pub fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    let conn = Connection::open(path).unwrap();
    conn.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
    drop(conn);
    fs::rename(&copy, path).unwrap();
}

/// A database that is written as a program does.
pub struct Growing {
    whole: Connection,
    to: PathBuf,
}

/// A row that is to be inserted, first as it was begun.
struct Row {
    at: i64,
    table: String,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Growing {
    pub fn new(dump: &Path, to: &Path) -> Self {
        let whole = Connection::open_in_memory().unwrap();
        whole.execute_batch(&fs::read_to_string(dump).unwrap()).unwrap();
        Self { whole, to: to.to_owned() }
    }

    /// Rows in the order of their making; one that is updated in place is inserted without its end first. `pause` is
    /// called in between.
    pub fn grow(self, pause: impl Fn()) {
        let conn = empty(&self.to);
        for sql in
            self.texts("select sql from sqlite_master where sql is not null and name not like 'sqlite_%'")
        {
            conn.execute_batch(&sql).unwrap();
        }
        let mut rows = Vec::new();
        for table in
            self.texts("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
        {
            rows.extend(self.rows(&table));
        }
        // The program stamps a row with the time of its change, so changes come in the order of their stamps.
        let mut steps: Vec<(i64, bool, &Row)> = rows.iter().map(|row| (row.at, false, row)).collect();
        steps.extend(rows.iter().filter(|row| row.begun() != row.values).map(|row| (row.done(), true, row)));
        steps.sort_by_key(|(at, done, _)| (*at, *done));
        for (number, (_, done, row)) in steps.into_iter().enumerate() {
            match done {
                false => conn.execute(&row.insert(), params_from_iter(row.begun())),
                true => {
                    conn.execute(&row.insert().replace("insert", "replace"), params_from_iter(&row.values))
                }
            }
            .unwrap();
            if number == PAUSE {
                pause();
            }
        }
    }

    fn texts(&self, sql: &str) -> Vec<String> {
        let mut statement = self.whole.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        let mut statement = self.whole.prepare(&format!("select * from \"{table}\"")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let created = columns.iter().position(|column| column == "time_created" || column == "created_at");
        let rows = statement.query_map([], |row| {
            let values: Vec<Value> = (0..columns.len()).map(|n| row.get(n)).collect::<Result<_, _>>()?;
            let at = match created.map(|at| &values[at]) {
                Some(Value::Integer(at)) => *at,
                _ => 0,
            };
            Ok(Row { at, table: table.to_owned(), columns: columns.clone(), values })
        });
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

impl Row {
    fn insert(&self) -> String {
        let marks = vec!["?"; self.columns.len()].join(", ");
        format!("insert into \"{}\" (\"{}\") values ({marks})", self.table, self.columns.join("\", \""))
    }

    /// When it was changed last.
    fn done(&self) -> i64 {
        let updated = self.columns.iter().position(|column| column == "time_updated");
        match updated.map(|at| &self.values[at]) {
            Some(Value::Integer(at)) => *at,
            _ => self.at,
        }
    }

    /// An answer that is not there yet: no counts, no end.
    fn begun(&self) -> Vec<Value> {
        let mut values = self.values.clone();
        let column = |name: &str| self.columns.iter().position(|column| column == name);
        if let (Some(data), Some(created), Some(updated)) =
            (column("data"), column("time_created"), column("time_updated"))
            && let Value::Text(text) = &values[data]
            && let Ok(mut json) = serde_json::from_str::<serde_json::Value>(text)
            && json["role"] == "assistant"
        {
            json["tokens"] = serde_json::json!({"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}});
            json["time"].as_object_mut().unwrap().remove("completed");
            json.as_object_mut().unwrap().remove("finish");
            values[data] = Value::Text(json.to_string());
            values[updated] = values[created].clone();
        }
        values
    }
}

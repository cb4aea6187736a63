//! Pragmas, version, migrations.

use rusqlite::Connection;

use super::Error;

/// The schema that this program writes.
pub const VERSION: i64 = 1;

/// "keit": tells our file from any other SQLite database.
const APPLICATION_ID: i64 = 0x6b65_6974;

/// Forward-only; entry `n` brings version `n` to `n + 1`, in one transaction each.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// Sets and reads back what durability rests on, then migrates.
pub(super) fn prepare(conn: &Connection, durable: bool) -> Result<(), Error> {
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    check_version(conn)?;
    if durable {
        set(conn, "journal_mode", "WAL", "wal")?;
        // FULL, not NORMAL: after a power cut NORMAL lost every acknowledged commit of the last seconds.
        set(conn, "synchronous", "FULL", "2")?;
        if cfg!(target_os = "macos") {
            set(conn, "fullfsync", "1", "1")?;
            set(conn, "checkpoint_fullfsync", "1", "1")?;
        }
    }
    set(conn, "foreign_keys", "ON", "1")?;
    set(conn, "trusted_schema", "OFF", "0")?;
    set(conn, "cell_size_check", "ON", "1")?;
    conn.pragma_update(None, "mmap_size", 0)?;
    conn.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    let found = version(conn)?;
    for step in found..VERSION {
        let sql =
            usize::try_from(step).ok().and_then(|step| MIGRATIONS.get(step)).copied().unwrap_or_default();
        conn.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{sql}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {};\nCOMMIT;",
            step + 1
        ))?;
    }
    Ok(())
}

/// Refuses a file of a later program.
pub(super) fn check_version(conn: &Connection) -> Result<(), Error> {
    let found = version(conn)?;
    if found > VERSION { Err(Error::Newer { found, known: VERSION }) } else { Ok(()) }
}

fn version(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn set(
    conn: &Connection,
    name: &'static str,
    value: &'static str,
    wanted: &'static str,
) -> Result<(), Error> {
    conn.pragma_update(None, name, value)?;
    let got = conn.pragma_query_value(None, name, |row| {
        let value: rusqlite::types::Value = row.get(0)?;
        Ok(match value {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        })
    })?;
    if got == wanted { Ok(()) } else { Err(Error::Pragma { name, wanted, got }) }
}

#[cfg(test)]
mod tests {
    use super::super::Store;

    #[test]
    fn a_file_is_created_reopened_and_refused_when_newer() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keitod.db");
        drop(Store::open(&path).unwrap());
        let store = Store::open(&path).unwrap();
        store.conn.pragma_update(None, "user_version", super::VERSION + 1).unwrap();
        drop(store);
        assert!(matches!(Store::open(&path), Err(super::Error::Newer { .. })));
    }
}

//! Pragmas that durability rests on, and what file this is.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::migrate::{self, APPLICATION_ID, MIGRATIONS};
use super::{Error, backup};

/// The schema that this program writes.
pub const VERSION: i64 = 1;

/// Earlier ones can lose commits of two connections that write and checkpoint at once (sqlite.org/wal.html).
const SQLITE: i32 = 3_051_003;

/// Sets and reads back what durability rests on, then migrates. `path`: where the file is, if it is one.
pub(super) fn prepare(conn: &Connection, path: Option<&Path>) -> Result<(), Error> {
    if rusqlite::version_number() < SQLITE {
        return Err(Error::Outdated { found: rusqlite::version() });
    }
    conn.busy_timeout(std::time::Duration::from_secs(5))?;
    set(conn, "busy_timeout", "5000", "5000")?;
    check_version(conn)?;
    check_owner(conn, path)?;
    if path.is_some() {
        set(conn, "journal_mode", "WAL", "wal")?;
        // FULL, not NORMAL: after a power cut NORMAL lost every acknowledged commit of the last seconds.
        set(conn, "synchronous", "FULL", "2")?;
        if cfg!(target_os = "macos") {
            set(conn, "fullfsync", "1", "1")?;
            set(conn, "checkpoint_fullfsync", "1", "1")?;
        }
        // A mapped page that cannot be read ends the process with SIGBUS instead of an error.
        set(conn, "mmap_size", "0", "0")?;
        set(conn, "journal_size_limit", "67108864", "67108864")?;
    }
    set(conn, "foreign_keys", "ON", "1")?;
    set(conn, "trusted_schema", "OFF", "0")?;
    set(conn, "cell_size_check", "ON", "1")?;
    migrate::migrate(conn, &MIGRATIONS, &mut |found| match path {
        Some(path) => backup::before_migration(path, found),
        None => Ok(()),
    })
}

/// Refuses a file of a later program.
pub(super) fn check_version(conn: &Connection) -> Result<(), Error> {
    migrate::check(conn, VERSION)
}

/// A file that is some other program's is not ours to change.
fn check_owner(conn: &Connection, path: Option<&Path>) -> Result<(), Error> {
    let id: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if id == APPLICATION_ID || (id == 0 && is_empty(conn)?) {
        return Ok(());
    }
    Err(Error::NotOurs { path: path.unwrap_or(Path::new(":memory:")).to_owned() })
}

/// Whether nothing was ever put into it.
pub(super) fn is_empty(conn: &Connection) -> Result<bool, Error> {
    Ok(conn.query_row("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?)
}

fn set(
    conn: &Connection,
    name: &'static str,
    value: &'static str,
    wanted: &'static str,
) -> Result<(), Error> {
    conn.pragma_update(None, name, value)?;
    let got = conn.pragma_query_value(None, name, |row| {
        Ok(match row.get(0)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text,
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

    #[test]
    fn durability_is_what_the_connection_says() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("keitod.db")).unwrap();
        let pragma = |name: &str| -> String {
            store
                .conn
                .pragma_query_value(None, name, |row| {
                    Ok(match row.get(0)? {
                        rusqlite::types::Value::Text(text) => text,
                        rusqlite::types::Value::Integer(number) => number.to_string(),
                        other => format!("{other:?}"),
                    })
                })
                .unwrap()
        };
        let wanted = [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("busy_timeout", "5000"),
            ("foreign_keys", "1"),
            ("trusted_schema", "0"),
            ("cell_size_check", "1"),
            ("mmap_size", "0"),
            ("journal_size_limit", "67108864"),
        ];
        for (name, value) in wanted {
            assert_eq!(pragma(name), value, "{name}");
        }
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keitod.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
        assert!(matches!(Store::open(&path), Err(super::Error::NotOurs { .. })));
        assert!(matches!(
            super::set(&rusqlite::Connection::open_in_memory().unwrap(), "journal_mode", "WAL", "wal"),
            Err(super::Error::Pragma { name: "journal_mode", .. })
        ));
    }
}

//! Forward-only migrations: each in one transaction with the version it leads to.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection};

use super::Error;

/// "keit": tells our file from any other SQLite database.
pub(super) const APPLICATION_ID: i64 = 0x6b65_6974;

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(super) struct Migration {
    /// Its statements.
    pub(super) sql: &'static str,
    /// The oldest schema whose program may still write the file afterwards: columns that are only added lower nothing.
    pub(super) min_compatible: i64,
}

/// Entry `n` brings version `n` to `n + 1`.
pub(super) const MIGRATIONS: [Migration; 1] =
    [Migration { sql: include_str!("schema.sql"), min_compatible: 1 }];

/// Brings the schema up to date. `first` runs once before anything of an existing database is changed.
pub(super) fn migrate(
    conn: &Connection,
    list: &[Migration],
    first: &mut dyn FnMut(i64) -> Result<(), Error>,
) -> Result<(), Error> {
    let found = version(conn)?;
    let done = usize::try_from(found).unwrap_or(usize::MAX);
    if done > 0 && done < list.len() {
        first(found)?;
    }
    for (step, migration) in list.iter().enumerate().skip(done) {
        let next = i64::try_from(step).unwrap_or(i64::MAX).saturating_add(1);
        apply(conn, *migration, next, &mut || Ok(()))?;
    }
    Ok(())
}

/// One step in one transaction; `after` runs behind each statement.
fn apply(
    conn: &Connection,
    migration: Migration,
    version: i64,
    after: &mut dyn FnMut() -> Result<(), Error>,
) -> Result<(), Error> {
    let sql = format!(
        "BEGIN IMMEDIATE;\n{}\nINSERT OR REPLACE INTO meta (key, value) VALUES ('min_compatible', '{version} {}');\n\
         PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {version};\nCOMMIT;",
        migration.sql, migration.min_compatible
    );
    let mut work = || -> Result<(), Error> {
        let mut batch = Batch::new(conn, &sql);
        while let Some(mut statement) = batch.next()? {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            drop(rows);
            after()?;
        }
        Ok(())
    };
    let done = work();
    if done.is_err() && !conn.is_autocommit() {
        // The transaction ends with the connection too; an error of the rollback would hide the first one.
        let _ = conn.execute_batch("ROLLBACK");
    }
    done
}

/// Refuses a file that a later program made, unless that program said that this one may write it.
pub(super) fn check(conn: &Connection, known: i64) -> Result<(), Error> {
    let found = version(conn)?;
    if found <= known {
        return Ok(());
    }
    let oldest = conn
        .query_row("SELECT value FROM meta WHERE key = 'min_compatible'", [], |row| row.get::<_, String>(0));
    // It names its own version: left by an earlier step it says nothing of this one.
    let oldest = oldest.ok().and_then(|text| {
        let (version, oldest) = text.split_once(' ')?;
        (version.parse() == Ok(found)).then(|| oldest.parse().ok())?
    });
    let oldest = oldest.unwrap_or(found);
    if oldest <= known { Ok(()) } else { Err(Error::Newer { found, known }) }
}

pub(super) fn version(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FIRST: Migration = Migration {
        sql: "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT; CREATE TABLE old (a INTEGER) STRICT;\n\
              INSERT INTO old VALUES (1), (2);",
        min_compatible: 1,
    };
    const SECOND: Migration = Migration {
        sql: "CREATE TABLE new (a INTEGER, b TEXT) STRICT; INSERT INTO new SELECT a, 'x' FROM old; DROP TABLE old;\n\
              CREATE INDEX new_a ON new (a);",
        min_compatible: 2,
    };

    fn open(path: &Path) -> Connection {
        let conn = Connection::open(path).unwrap();
        conn.pragma_update(None, "journal_mode", "WAL").unwrap();
        conn
    }

    /// What a process that ends here leaves on the disk.
    fn left(from: &Path, to: &Path) {
        for end in ["", "-wal"] {
            let name = |path: &Path| format!("{}{end}", path.display());
            if Path::new(&name(from)).exists() {
                std::fs::copy(name(from), name(to)).unwrap();
            }
        }
    }

    #[test]
    fn ended_behind_each_statement_it_is_the_old_or_the_new_schema() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let conn = open(&path);
        // A page cache this small has the changes written out before the commit.
        conn.pragma_update(None, "cache_size", 1).unwrap();
        migrate(&conn, &[FIRST], &mut |_| panic!("nothing to keep of a new file")).unwrap();
        let mut copies = Vec::new();
        apply(&conn, SECOND, 2, &mut || {
            let copy = dir.path().join(format!("copy{}.db", copies.len()));
            left(&path, &copy);
            copies.push(copy);
            Ok(())
        })
        .unwrap();
        assert_eq!(copies.len(), 9);
        let mut versions = Vec::new();
        for copy in &copies {
            let conn = open(copy);
            let found = version(&conn).unwrap();
            let rows = |table| conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
            let (old, new): (Option<i64>, Option<i64>) = (rows("old").ok(), rows("new").ok());
            assert_eq!((old, new), if found == 1 { (Some(2), None) } else { (None, Some(2)) });
            versions.push(found);
            let mut kept = Vec::new();
            migrate(&conn, &[FIRST, SECOND], &mut |from| {
                kept.push(from);
                Ok(())
            })
            .unwrap();
            assert_eq!((version(&conn).unwrap(), kept.len()), (2, usize::from(found == 1)));
        }
        assert_eq!(versions, [1, 1, 1, 1, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn a_failing_step_leaves_the_old_schema_and_no_open_transaction() {
        let conn = Connection::open_in_memory().unwrap();
        migrate(&conn, &[FIRST], &mut |_| Ok(())).unwrap();
        let broken = Migration { sql: "DROP TABLE old; SELECT * FROM nowhere;", min_compatible: 2 };
        migrate(&conn, &[FIRST, broken], &mut |_| Ok(())).unwrap_err();
        assert!(conn.is_autocommit());
        assert_eq!(version(&conn).unwrap(), 1);
        conn.execute("INSERT INTO old VALUES (3)", []).unwrap();
    }

    #[test]
    fn a_later_schema_is_taken_only_if_it_says_so() {
        let conn = Connection::open_in_memory().unwrap();
        migrate(&conn, &[FIRST, SECOND], &mut |_| Ok(())).unwrap();
        assert!(matches!(check(&conn, 1), Err(Error::Newer { found: 2, known: 1 })));
        conn.execute("UPDATE meta SET value = '2 1' WHERE key = 'min_compatible'", []).unwrap();
        check(&conn, 1).unwrap();
        check(&conn, 2).unwrap();
    }
}

//! Other programs' SQLite databases, read while they are written to. The only user of SQLite beside the store.
//!
//! A database is opened through SQLite alone: closing a plain handle of a file drops every lock that this process has
//! on it. Each look is one short read transaction on a connection of its own, so that the writer's checkpoints are
//! never held up and a database that was replaced is seen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::cursor::{Cursor, Evidence};
use super::open::Skip;
use super::stat::Stat;
use crate::model::{Cell, hash64};

/// How long a look waits for a writer.
const BUSY: Duration = Duration::from_secs(2);
/// Rows of one look; more are left to the next one, so that no look is long.
const ROWS: usize = 10_000;

/// Why a database is not read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// Its writer holds it: try again shortly.
    #[error("the database is busy; it is tried again")]
    Busy,
    /// A version that keitod does not know: nothing of it is read.
    #[error("the database has no {table}.{column}: it is of an unknown version; update keitod")]
    Schema {
        /// The table.
        table: String,
        /// The column that is missing.
        column: String,
    },
    /// Encrypted, damaged, no database at all, or not ours to open.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // The code's own text: messages of statements may quote what is in the database.
            Some(code) => Self::Unreadable(format!("{code:?}")),
            None => Self::Unreadable("a query does not fit it".to_owned()),
        }
    }
}

/// What is asked, and from where on.
#[derive(Debug)]
pub struct Select<'a> {
    /// Tables and the columns they must have; without the first table it is not asked.
    pub needs: &'a [(&'a str, &'a [&'a str])],
    /// The query; `?1` is `after`. Its first column is the next `after`.
    pub text: &'a str,
    /// Rows up to here were given.
    pub after: i64,
    /// How far before `after` to begin.
    pub overlap: i64,
}

/// Asks all queries in one transaction and gives each row with the number of its query. `after` of each is moved
/// behind the last row given. Returns whether there is more.
///
/// # Errors
/// Why nothing more was given. What was given before is not to be used.
pub fn read_database(
    path: &Path,
    selects: &mut [Select<'_>],
    row: &mut dyn FnMut(usize, &[Cell]),
) -> Result<bool, DatabaseError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    conn.pragma_update(None, "query_only", true)?;
    let tx = conn.transaction()?;
    if !tx.prepare("SELECT 1 FROM sqlite_master LIMIT 1")?.exists([])? {
        // Its program has just made it, and is about to fill it.
        return Ok(false);
    }
    let mut known = Vec::with_capacity(selects.len());
    for select in selects.iter() {
        known.push(fits(&tx, select.needs)?);
    }
    if let (false, Some((table, columns))) =
        (known.contains(&true), selects.first().and_then(|s| s.needs.first()))
    {
        return Err(missing(table, columns.first().copied().unwrap_or_default()));
    }
    let mut more = false;
    for (number, select) in selects.iter_mut().enumerate().filter(|(number, _)| known[*number]) {
        let mut statement = tx.prepare(select.text)?;
        let width = statement.column_count();
        let mut rows = statement.query([select.after.saturating_sub(select.overlap)])?;
        let mut cells = Vec::with_capacity(width);
        let (mut given, mut last) = (0, None);
        while let Some(found) = rows.next()? {
            let at: i64 = found.get(0)?;
            // Never in the middle of equal values, and never without getting on.
            if given >= ROWS && at > select.after && last != Some(at) {
                more = true;
                break;
            }
            cells.clear();
            for column in 0..width {
                cells.push(cell(found.get_ref(column)?));
            }
            row(number, &cells);
            (given, last) = (given + 1, Some(at));
            select.after = select.after.max(at);
        }
    }
    Ok(more)
}

/// Whether a query can be asked: not if its first table is not there.
fn fits(conn: &Connection, needs: &[(&str, &[&str])]) -> Result<bool, DatabaseError> {
    for (number, (table, columns)) in needs.iter().enumerate() {
        let mut there = conn.prepare_cached("SELECT name FROM pragma_table_info(?1)")?;
        let there: Vec<String> = there.query_map([table], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if number == 0 && there.is_empty() {
            return Ok(false);
        }
        if let Some(column) = columns.iter().find(|column| !there.iter().any(|name| name == *column)) {
            return Err(missing(table, column));
        }
    }
    Ok(true)
}

fn missing(table: &str, column: &str) -> DatabaseError {
    DatabaseError::Schema { table: table.to_owned(), column: column.to_owned() }
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::Real(number.to_string()),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}

/// The cursor of a database as `stat` sees it and its log of changes now, and when either changed last, nanoseconds
/// since the Unix epoch. The rows' own cursors are kept with the decoder's context. Take it before reading, so that
/// what is committed meanwhile is seen as a change.
#[must_use]
pub fn database_cursor(path: &Path, stat: &Stat, before: &Cursor) -> (Cursor, i64) {
    let mut of = path.as_os_str().to_owned();
    of.push("-wal");
    let wal = rustix::fs::stat(PathBuf::from(of)).map(|wal| Stat::from(&wal)).unwrap_or_default();
    let numbers = [wal.ino, wal.size, wal.mtime_ns.cast_unsigned()].map(u64::to_le_bytes);
    let Stat { dev, ino, size, mtime_ns } = *stat;
    let cursor = Cursor {
        path: path.to_owned(),
        dev,
        ino,
        size,
        mtime_ns,
        offset: 0,
        generation: before.generation.saturating_add(u32::from(before.ino != 0 && before.ino != ino)),
        head: Evidence::default(),
        anchor: Evidence { len: 24, hash: hash64(&numbers.each_ref().map(|number| &number[..])) },
    };
    (cursor, mtime_ns.max(wal.mtime_ns))
}

impl From<Skip> for DatabaseError {
    fn from(skip: Skip) -> Self {
        Self::Unreadable(skip.to_string())
    }
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;

//! In which of three shapes an agent keeps what it logs.

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Lines that are appended; only what is new is given.
    #[default]
    Lines,
    /// One document that is written anew as a whole; all of it is given whenever it has changed.
    Document,
    /// A SQLite database that the agent writes to while it is read.
    Database,
}

/// A document that is not whole: cut off, empty or not of its format. The last whole version stays what counts, and
/// the file is read again shortly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the document is not whole")]
pub struct NotWhole;

/// What is asked of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Tables and columns that must be there. Without the first of the tables the query is of another generation and is
    /// not asked; without all of them, or with a table but not its columns, the database is of an unknown version and
    /// is not read.
    pub needs: &'static [(&'static str, &'static [&'static str])],
    /// One `SELECT`. Its first column is an integer that grows with each new or changed row (a rowid, a time of
    /// change); `WHERE` it is greater than `?1`, `ORDER BY` it, without `LIMIT`.
    pub text: &'static str,
    /// How far before the last value the next look begins: rows that were committed late are not missed, and those
    /// seen before are known by their keys.
    pub overlap: i64,
}

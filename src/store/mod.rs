//! The only owner of our SQLite.

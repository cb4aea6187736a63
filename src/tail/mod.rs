//! Which bytes are new: discovery, watching, cursors; whole lines, whole documents, and rows of other programs' SQLite.
//! What they mean is not known here.
//!
//! ```text
//!  Watch ──► Pending ─┐
//!  hints     debounce ├─► scan / scan_below ─► Cursor::is_unchanged ─► Root::open_file ─► Reader ─► chunks, Cursor
//!  Cadence ───────────┘   the truth            no open needed          R/O, no links      judge     commit together
//! ```
//!
//! Events are hints that lower latency; the scan is the truth. A cursor is evidence, not identity: whether bytes
//! before the offset are still the same is decided by their hashes, never by an inode alone. In doubt the file is read
//! again from its first byte, which is harmless because facts have keys made from content.
//!
//! [`Handles`] keeps the latest files open, so that what is written just before a rename or deletion is read out.
//!
//! Paths are absolute with the root resolved once: if a root is a symbolic link, everything below it is named by the
//! link's target, in scans, events and cursors alike.

mod cadence;
mod check;
mod cursor;
mod database;
mod document;
mod event;
mod files;
mod handles;
mod network;
mod open;
mod pending;
mod read;
mod scan;
mod stat;
mod targets;
mod trail;
mod watch;

pub use cadence::Cadence;
pub use check::has_changed;
pub use cursor::{Cursor, Evidence, Observed, RestartReason, Verdict, judge};
pub use database::{DatabaseError, Select, database_cursor, read_database};
pub use document::{Document, read_document};
pub use event::{Event, Kind, Mode, PollReason, RescanReason, Watched};
pub use files::Files;
pub use handles::Handles;
pub use network::is_network;
pub use open::{Root, Skip};
pub use pending::Pending;
pub use read::{Chunk, Limits, Reader, Step, TooLong};
pub use scan::{Found, Problem, Scan, ScanLimits, scan, scan_below};
pub use stat::Stat;
pub use trail::observe;
pub use watch::Watch;

//! What only the running daemon knows.

use super::{Audit, Drift, KeitoLine};
use crate::model::Instant;

/// Filled by the daemon; without one (`None` as `pid`) the status is that of the files alone.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Now.
    pub now: Instant,
    /// Process id.
    pub pid: Option<u32>,
    /// Start of the process.
    pub started_at: Option<Instant>,
    /// Zone of local days.
    pub timezone: Option<String>,
    /// The cut-off as it is shown, with its zone's offset.
    pub since: Option<String>,
    /// The first full scan is done and every known file is read to its last newline.
    pub read_to_end: bool,
    /// There are credentials. Without them nothing can be sent, and nothing is waited for.
    pub credentials: bool,
    /// Why those that are there cannot be used.
    pub credential_trouble: Option<String>,
    /// Agents that are watched.
    pub sources: Vec<LiveSource>,
    /// The line to Keito; `paused` is set from [`Live::pause`].
    pub keito: KeitoLine,
    /// Why delivery stands still.
    pub pause: Option<Paused>,
    /// 429: nothing leaves before.
    pub limited_until: Option<Instant>,
    /// Anything else that is wrong.
    pub alerts: Vec<Alert>,
    /// The last audit.
    pub last_audit: Option<Audit>,
    /// Where our price list and the agents' own costs differ.
    pub price_drift: Vec<Drift>,
    /// Why fetched price tables are not used, a message each.
    pub prices_unused: Vec<String>,
}

/// An agent that is watched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveSource {
    /// Its name.
    pub agent: String,
    /// Directories, as a person writes them.
    pub roots: Vec<String>,
    /// Bytes that are not read yet.
    pub lag_bytes: u64,
    /// `native` or `poll`.
    pub watcher: String,
    /// Seconds between full scans as things stand.
    pub scan_seconds: Option<u64>,
    /// Files and directories that cannot be opened or read.
    pub unreadable: u64,
    /// The first of them and why.
    pub unreadable_first: Option<String>,
}

/// A pause of delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// Reason code.
    pub code: String,
    /// What a person can do.
    pub remedy: String,
    /// Nothing at all is delivered; else one kind only.
    pub all: bool,
}

/// Something that the daemon noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alert {
    /// A probe is unsettled and there is nothing else to prove the listing with: `entry` or `expense`.
    UnprovedListing {
        /// Which kind waits.
        kind: String,
    },
    /// Days are those of the system's zone until one is pinned.
    ZoneProvisional,
    /// Events lie more than five minutes in the future.
    ClockAhead {
        /// How many.
        events: u64,
    },
    /// The clock was set.
    ClockJump,
    /// The config file cannot be used: what it said before stays in force.
    ConfigBroken {
        /// Where it is wrong.
        message: String,
    },
    /// The config file says something else than what is in force.
    ConfigWaits {
        /// Its keys that only a start can change.
        keys: Vec<String>,
    },
    /// The disk of the state directory is nearly full.
    DiskLow {
        /// Bytes that are free.
        free: u64,
    },
    /// The database does not work as it should.
    Database {
        /// What it says.
        message: String,
    },
}

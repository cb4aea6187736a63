//! Wiring, clock, signals, shutdown. No rule lives here.

pub mod acts;
mod asking;
pub mod assemble;
pub mod assign;
pub mod audit;
pub mod backfill;
mod backfill_document;
mod board;
pub mod clerk;
pub mod decisions;
pub mod delivery;
pub mod desk;
pub mod documents;
mod explain;
mod glance;
mod happenings;
pub mod hooks;
pub mod in_force;
pub mod intake;
mod kept;
pub mod lock;
pub mod machine;
pub mod office;
pub mod once;
pub mod policy;
pub mod prices;
pub mod pulse;
pub mod rehearse;
pub mod reload;
mod reports;
pub mod run;
pub mod skill;
mod standing;
pub mod steps;
pub mod storage;
pub mod time;
pub mod watchdog;
pub mod wire;

/// Why the daemon cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// The clerk's thread has ended: it met an error of the database.
    #[error("the writing thread has ended; see the log above")]
    ClerkGone,
    /// The clock is that of a machine that does not know the time yet.
    #[error(
        "the clock says {now}, and the day of the first start is the cut-off: set the clock, or `since` in the config"
    )]
    NoTime {
        /// What it says.
        now: crate::model::Instant,
    },
    /// A part has panicked; the log names the place.
    #[error("the {part} has ended in a fault of keitod; see the log above")]
    Ended {
        /// Which part.
        part: &'static str,
    },
    /// The embedded price table.
    #[error("the price table cannot be read: {0}")]
    Prices(#[source] crate::prices::Error),
    /// Credentials are there and cannot be used.
    #[error(transparent)]
    Credentials(crate::config::CredentialError),
    /// No client can be made of the settings.
    #[error(transparent)]
    Client(crate::keito::Error),
    /// The file of decisions.
    #[error("cannot read or write decisions.jsonl in {}: {source}", path.display())]
    Decisions {
        /// The data directory.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The state directory.
    #[error(transparent)]
    Lock(#[from] lock::LockError),
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

impl Error {
    /// Whether the state may be usable again in a moment, without a new start.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Store(error) if error.may_pass())
    }

    /// Whether a new start would put a backup in the database's place.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Store(crate::store::Error::Corrupt(_)))
    }
}

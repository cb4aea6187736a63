//! Wiring, clock, signals, shutdown. No rule lives here.

pub mod clerk;
pub mod desk;
pub mod intake;
pub mod policy;
pub mod time;
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
    /// The system gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

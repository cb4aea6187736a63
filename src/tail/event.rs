//! What the watcher is told and what it tells.

use std::path::PathBuf;

/// The configured watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Native events, polling where they cannot be had.
    Auto,
    /// Native events on network file systems too.
    Native,
    /// No native events.
    Poll,
    /// No events: the scan alone.
    Off,
}

/// How a root is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// By the kernel's events.
    Native,
    /// By looking every few seconds.
    Poll(PollReason),
    /// Not.
    Off,
}

impl Kind {
    /// The word for it in documents: `native`, `poll`, `off`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Poll(_) => "poll",
            Self::Off => "off",
        }
    }
}

/// Why a root is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PollReason {
    /// `watcher = "poll"`.
    #[error("chosen in the config")]
    Configured,
    /// Changes made elsewhere send no events here.
    #[error("it is on a network file system")]
    Network,
    /// The system allows no more watches, or no more watchers.
    #[error(
        "the system's limit of watches is reached; raise fs.inotify.max_user_watches and max_user_instances"
    )]
    Limit,
    /// The watcher failed.
    #[error("the system's watcher failed; restart keitod to try it again")]
    Failed,
}

/// A root and how it is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// As configured.
    pub root: PathBuf,
    /// The directory without symbolic links, below which events are named; `None` while it does not exist.
    pub directory: Option<PathBuf>,
    /// How.
    pub kind: Kind,
}

/// A hint that something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Look at this path: a file, or a directory with all below it. Absolute, the root resolved. It may be gone.
    Changed(PathBuf),
    /// Events are missing: scan all roots.
    Rescan(RescanReason),
}

/// Why all roots are to be scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RescanReason {
    /// More happened than could be told.
    Overflow,
    /// The watcher reported an error.
    Failed,
    /// The limit of watches was reached; a root is polled from now on.
    Limit,
    /// A root came into being, went, or is another directory now.
    RootChanged,
}

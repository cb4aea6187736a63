//! How the program ends: the Keito CLI's exit codes, and two of our own.

use std::process::ExitCode;

/// An exit code, with the word it has in JSON errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Keito refuses the key, or there is none where one is needed.
    Auth = 1,
    /// The command line, or a value given to it.
    InvalidInput = 2,
    /// Records are dead or in conflict.
    Conflict = 3,
    /// No such record, session or file.
    NotFound = 4,
    /// Keito's limit, or ours.
    RateLimited = 5,
    /// Keito, or the daemon, failed.
    Server = 6,
    /// Keito, or the daemon, cannot be reached.
    Network = 7,
    /// Something of this machine: the config, credentials, a directory, the database, standard output.
    Config = 8,
    /// Another keitod holds the state, or the socket.
    Held = 9,
    /// The state is from a newer keitod.
    NewerState = 10,
}

impl Exit {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Auth,
        Self::InvalidInput,
        Self::Conflict,
        Self::NotFound,
        Self::RateLimited,
        Self::Server,
        Self::Network,
        Self::Config,
        Self::Held,
        Self::NewerState,
    ];

    /// The word in JSON errors.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Auth => "auth",
            Self::InvalidInput => "invalid_input",
            Self::Conflict => "conflict",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Network => "network",
            Self::Config => "config",
            Self::Held => "held",
            Self::NewerState => "newer_state",
        }
    }

    /// For the system.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn codes_count_up_in_the_order_of_the_manual() {
        for (code, exit) in (0u8..).zip(Exit::ALL) {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}

//! keitod as a service of its user: a systemd user unit on Linux, a launchd agent on macOS.
//!
//! What is installed are the files of `systemd/`, with the program's own path in them. What only this machine knows (where
//! directories were moved to, a key file) stands in a drop-in beside the unit, so that an upgrade can replace the unit.
//!
//! | file | duty |
//! | --- | --- |
//! | `program` | the path by which the service starts the program: one that outlives an upgrade |
//! | `carried` | variables of this shell that the service needs, since it starts without them |
//! | `tools` | runs `systemctl` and the like |
//! | `files` | writes and removes what is installed |
//! | `systemd`, `launchd` | the two managers |
//! | `state`, `report` | what is there; what was done |

mod carried;
mod error;
mod files;
mod launchd;
mod program;
mod report;
mod state;
mod systemd;
mod tools;

use std::path::{Path, PathBuf};

pub use error::Error;
pub use launchd::AGENT;
pub use program::{Passing, Program};
pub use report::{Note, Report};
pub use state::State;
pub use systemd::{UNIT, WITHOUT_NAMESPACES};

use crate::config::{Config, Env};
use crate::sources::Environment as _;

/// Who starts services here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervisor {
    /// `systemctl --user`.
    Systemd,
    /// `launchctl`.
    Launchd,
}

impl Supervisor {
    /// Of this system.
    #[must_use]
    pub const fn of_system() -> Self {
        if cfg!(target_os = "macos") { Self::Launchd } else { Self::Systemd }
    }

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
        }
    }
}

/// What the service's log is asked for.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    /// The newest lines, so many.
    pub lines: u32,
    /// And those to come, until the reader goes.
    pub follow: bool,
    /// One JSON object a line.
    pub json: bool,
}

/// The service of one user.
#[derive(Debug)]
pub struct Service<'a> {
    manager: Supervisor,
    env: &'a Env,
    user: u32,
}

impl<'a> Service<'a> {
    /// Of the user of this process.
    #[must_use]
    pub fn new(env: &'a Env, manager: Option<Supervisor>) -> Self {
        let user = rustix::process::getuid().as_raw();
        Self { manager: manager.unwrap_or_else(Supervisor::of_system), env, user }
    }

    /// Who starts it.
    #[must_use]
    pub const fn manager(&self) -> Supervisor {
        self.manager
    }

    /// The unit or agent file.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        match self.manager {
            Supervisor::Systemd => self.units().join("keitod.service"),
            Supervisor::Launchd => self.home().join("Library/LaunchAgents/com.keito.keitod.plist"),
        }
    }

    /// Installs it, or brings what is installed up to date; `start`: and (re)starts it.
    ///
    /// # Errors
    /// If files cannot be written or the manager refuses.
    pub fn install(&self, config: &Config, start: bool) -> Result<Report, Error> {
        let program = Program::of_process(self.env)?;
        match self.manager {
            Supervisor::Systemd => self.install_unit(config, &program, start),
            Supervisor::Launchd => self.install_agent(config, &program, start),
        }
    }

    /// Stops it and takes its files away; state and config stay.
    ///
    /// # Errors
    /// If files cannot be removed or the manager refuses.
    pub fn uninstall(&self) -> Result<Report, Error> {
        self.must_be_there()?;
        match self.manager {
            Supervisor::Systemd => self.uninstall_unit(),
            Supervisor::Launchd => self.uninstall_agent(),
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn start(&self) -> Result<Report, Error> {
        self.must_be_there()?;
        match self.manager {
            Supervisor::Systemd => self.unit("start"),
            Supervisor::Launchd => self.start_agent(),
        }
    }

    /// Stops it until the next login, or until it is started.
    ///
    /// # Errors
    /// If it is not installed or the manager refuses.
    pub fn stop(&self) -> Result<Report, Error> {
        self.must_be_there()?;
        match self.manager {
            Supervisor::Systemd => self.unit("stop"),
            Supervisor::Launchd => self.stop_agent(),
        }
    }

    /// Starts it anew: with another binary, or another config.
    ///
    /// # Errors
    /// If it is not installed or does not start.
    pub fn restart(&self) -> Result<Report, Error> {
        self.must_be_there()?;
        match self.manager {
            Supervisor::Systemd => self.unit("restart"),
            Supervisor::Launchd => self.restart_agent(),
        }
    }

    /// What is installed and whether it runs.
    ///
    /// # Errors
    /// If there is no such manager here.
    pub fn state(&self) -> Result<State, Error> {
        match self.manager {
            Supervisor::Systemd => self.unit_state(),
            Supervisor::Launchd => self.agent_state(),
        }
    }

    /// Prints its log to standard output.
    ///
    /// # Errors
    /// If there is none, or it cannot be read.
    pub fn logs(&self, what: &Logs, out: &mut dyn std::io::Write) -> Result<(), Error> {
        match self.manager {
            Supervisor::Systemd => self.journal(what),
            Supervisor::Launchd => self.log_file(what, out),
        }
    }

    fn home(&self) -> &Path {
        self.env.home()
    }

    fn must_be_there(&self) -> Result<(), Error> {
        let file = self.file();
        let there = file.exists() || self.manager == Supervisor::Systemd && systemd::packaged().is_some();
        if there { Ok(()) } else { Err(Error::NotInstalled { file }) }
    }
}

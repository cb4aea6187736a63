//! What the checks look at, gathered once.

use std::sync::Arc;

use super::catalogue::{Known, ask};
use crate::config::{Config, ConfigError, CredentialError, Credentials, Env, Paths};
use crate::daemon::assemble::Setup;
use crate::daemon::time;
use crate::deliver::Outcome;
use crate::keito::{self, Me};
use crate::model::Instant;
use crate::status::Status;

/// What answers for keitod.
#[derive(Debug)]
pub enum Daemon {
    /// It runs.
    Runs(Box<Status>),
    /// It does not; the database says this much.
    Stopped(Box<Status>),
    /// It does not, and there is no database yet.
    Never,
    /// Something is there that does not answer as it should.
    Mute(String),
}

/// What Keito answered.
pub(super) struct Line {
    /// `/users/me`.
    pub(super) me: Outcome<Me>,
    /// The server's clock, and ours before and after.
    pub(super) clock: Option<(Instant, Instant, Instant)>,
    /// Projects, category, hours; `None` where the key is good for nothing.
    pub(super) known: Option<Known>,
}

/// What the checks look at.
pub struct Room<'a> {
    pub(super) env: &'a Env,
    pub(super) config: &'a Result<Arc<Config>, ConfigError>,
    pub(super) setup: Option<Setup>,
    pub(super) daemon: Daemon,
    pub(super) credentials: Option<Result<Credentials, CredentialError>>,
    pub(super) line: Option<Result<Line, keito::Error>>,
    /// When the checks began.
    pub now: Instant,
}

impl<'a> Room<'a> {
    /// Asks everybody. Without a config there is nobody to ask but the system.
    #[must_use]
    pub fn enter(env: &'a Env, config: &'a Result<Arc<Config>, ConfigError>, daemon: Daemon) -> Self {
        let mut room =
            Self { env, config, setup: None, daemon, credentials: None, line: None, now: time::now() };
        let Ok(config) = config else { return room };
        let Paths { state_dir, data_dir, .. } = config.paths(env);
        room.setup =
            Some(Setup { env: env.clone(), config: Arc::clone(config), state_dir, data_dir, sandbox: None });
        let credentials = Credentials::find(env, &config.keito);
        if let Ok(found) = &credentials {
            room.line = Some(client(config, found).map(|client| ask(&client, config, found, room.now)));
        }
        room.credentials = Some(credentials);
        room
    }

    pub(super) fn config(&self) -> Option<&Arc<Config>> {
        self.config.as_ref().ok()
    }

    pub(super) fn paths(&self) -> Option<Paths> {
        Some(self.config()?.paths(self.env))
    }

    /// What the daemon, or its database, says.
    pub(super) fn status(&self) -> Option<&Status> {
        match &self.daemon {
            Daemon::Runs(status) | Daemon::Stopped(status) => Some(status),
            Daemon::Never | Daemon::Mute(_) => None,
        }
    }

    /// What Keito answered, if it was asked.
    pub(super) fn line(&self) -> Option<&Line> {
        self.line.as_ref()?.as_ref().ok()
    }

    /// What it said of the user.
    pub(super) fn me(&self) -> Option<&Me> {
        match &self.line()?.me {
            Outcome::Applied(me) => Some(me),
            _ => None,
        }
    }

    /// What else it knows.
    pub(super) fn known(&self) -> Option<&Known> {
        self.line()?.known.as_ref()
    }
}

/// The client that delivery would have.
fn client(config: &Config, found: &Credentials) -> Result<keito::Client, keito::Error> {
    let keito = &config.keito;
    keito::Client::new(&keito::Settings {
        origin: found.origin.as_str().to_owned(),
        account: found.account.as_ref().map(|account| account.as_str().to_owned()),
        key: found.key.clone(),
        request_timeout: keito.request_timeout,
        connect_timeout: keito.connect_timeout,
        proxy: keito.proxy.as_ref().map(|proxy| secrecy::ExposeSecret::expose_secret(proxy).to_owned()),
    })
}

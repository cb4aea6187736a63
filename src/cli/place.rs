//! Where a command runs: the environment with what the command line lays over it.

use std::path::Path;

use super::{Exit, Failure};
use crate::config::{Config, Env, Paths};

/// Environment, config file and paths.
#[derive(Debug)]
pub struct Place {
    /// The environment; `--config` stands in it as `KEITOD_CONFIG`.
    pub env: Env,
}

impl Place {
    /// Of this process.
    ///
    /// # Errors
    /// If the user has no home directory, or the path is not text.
    pub fn from_process(config: Option<&Path>) -> Result<Self, Failure> {
        let env = Env::from_process()?;
        let Some(config) = config else { return Ok(Self { env }) };
        let not_text =
            || Failure::new(Exit::InvalidInput, "the path of --config is not UTF-8: rename the file");
        Ok(Self { env: env.with("KEITOD_CONFIG", config.to_str().ok_or_else(not_text)?) })
    }

    /// The configuration in force.
    ///
    /// # Errors
    /// If the file cannot be read, or with everything that is wrong in it.
    pub fn config(&self) -> Result<Config, Failure> {
        Ok(Config::load(&self.env)?)
    }

    /// The paths in force.
    ///
    /// # Errors
    /// As [`Place::config`]: the file may move the socket.
    pub fn paths(&self) -> Result<Paths, Failure> {
        Ok(self.config()?.paths(&self.env))
    }
}

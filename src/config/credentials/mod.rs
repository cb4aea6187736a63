//! The API key, the account and the server, each from the first place that has it: environment, systemd credential,
//! our config, the Keito CLI's `config.toml`.
//!
//! Key and account are looked for one by one, as the Keito CLI does, so `KEITO_API_KEY` goes with the account that the
//! CLI's login stored. Looking again is cheap but for `api_key_command`; the daemon does so every minute while it has no
//! credentials, and when one of [`watch_paths`] changes.

mod cli_file;
mod command;
mod file;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::settings::Keito;
use super::{Env, Origin, OriginError};
use crate::model::AccountId;
use cli_file::CliFile;

/// How long `api_key_command` may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// What a request is signed with, and where it may go.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The bearer token; visible ASCII.
    pub key: SecretString,
    /// The company for `Keito-Account-Id`; `None` for a JWT, which names it itself.
    pub account: Option<AccountId>,
    /// The server.
    pub origin: Origin,
    /// Where the key was found, for people.
    pub from: &'static str,
}

/// Why there are no credentials. Never holds any part of a key.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// No place has a key: nothing is wrong, there is nothing to send with.
    #[error(
        "no API key: run `keitod init`, or set KEITO_API_KEY, run `keito auth login`, or name a file in [keito] api_key_file"
    )]
    Missing,
    /// A `kto_` key without its company.
    #[error("no account id for the key from {key_from}: set KEITO_ACCOUNT_ID or [keito] account_id")]
    NoAccount {
        /// Where the key was found.
        key_from: &'static str,
    },
    /// The key has characters that no header may carry.
    #[error("the key from {from} is not a key: it must be one word of visible ASCII")]
    NotAKey {
        /// Where it was found.
        from: &'static str,
    },
    /// `KEITO_API_URL` or the CLI's `api_url` is no origin.
    #[error("{from} {source}")]
    Url {
        /// Where the URL was found.
        from: &'static str,
        /// What is wrong with it.
        source: OriginError,
    },
    /// Others can read the key file, or it belongs to somebody else.
    #[error("{} must be yours alone: `chmod 600` it (mode {mode:04o}, owner {owner})", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Its owner's user id.
        owner: u32,
    },
    /// A file that should hold a key cannot be read, is no plain text, or is empty.
    #[error("cannot read {}: {kind}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// The Keito CLI's file is not TOML of its kind.
    #[error("{} is not a Keito CLI config (line {line}): run `keito auth login` again", path.display())]
    CliFile {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// `api_key_command` could not be started.
    #[error("cannot run {program}: {kind}")]
    CommandStart {
        /// The program.
        program: String,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// It ended with a failure.
    #[error("{program} failed ({code}): run it in a terminal to see why", code = code.map_or_else(|| "killed".to_owned(), |code| format!("exit code {code}")))]
    CommandFailed {
        /// The program.
        program: String,
        /// Its exit code; `None` if a signal ended it.
        code: Option<i32>,
    },
    /// It did not end in time and was killed.
    #[error("{program} did not print a key within {} s", after.as_secs())]
    CommandTimeout {
        /// The program.
        program: String,
        /// The limit.
        after: Duration,
    },
}

impl Credentials {
    /// Looks through all places. Blocks for up to ten seconds if `api_key_command` has to run.
    ///
    /// # Errors
    /// [`CredentialError::Missing`] if there is no key anywhere; else what is wrong with the first place that has one.
    pub fn find(env: &Env, keito: &Keito) -> Result<Self, CredentialError> {
        let cli = cli_file::read(&cli_file::path(env));
        let (key, from) = match own_key(env, keito)? {
            Some(found) => found,
            None => {
                let key = cli.as_ref().map_err(cli_file::Broken::error)?.key();
                (key.ok_or(CredentialError::Missing)?, "the Keito CLI's config.toml")
            }
        };
        if !key.expose_secret().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialError::NotAKey { from });
        }
        let account = if is_jwt(key.expose_secret()) {
            None
        } else {
            let found = match own_account(env, keito)? {
                Some(account) => Some(account),
                None => cli.as_ref().map_err(cli_file::Broken::error)?.account(),
            };
            Some(found.ok_or(CredentialError::NoAccount { key_from: from })?)
        };
        let origin = origin(env, keito, cli.as_ref().ok())?;
        Ok(Self { key, account, origin, from })
    }
}

/// The files whose change can bring or change credentials. They need not exist.
#[must_use]
pub fn watch_paths(env: &Env, keito: &Keito) -> Vec<PathBuf> {
    let systemd = ["keito-api-key", "keito-account-id"].iter().filter_map(|name| systemd(env, name));
    systemd.chain(keito.api_key_file.clone()).chain([cli_file::path(env)]).collect()
}

/// The key from environment, systemd or our config.
fn own_key(env: &Env, keito: &Keito) -> Result<Option<(SecretString, &'static str)>, CredentialError> {
    if let Some(key) = env.get("KEITO_API_KEY") {
        return Ok(Some((key.into(), "KEITO_API_KEY")));
    }
    if let Some(path) = systemd(env, "keito-api-key")
        && let Some(key) = file::optional(&path)?
    {
        return Ok(Some((key.into(), "the systemd credential keito-api-key")));
    }
    if let Some(argv) = &keito.api_key_command {
        return Ok(Some((command::run(argv, COMMAND_TIMEOUT)?, "api_key_command")));
    }
    if let Some(path) = &keito.api_key_file {
        return Ok(Some((file::private(path)?, "api_key_file")));
    }
    Ok(None)
}

fn own_account(env: &Env, keito: &Keito) -> Result<Option<AccountId>, CredentialError> {
    if let Some(id) = env.get("KEITO_ACCOUNT_ID").or_else(|| env.get("KEITO_WORKSPACE_ID")) {
        return Ok(Some(AccountId::new(id)));
    }
    if let Some(path) = systemd(env, "keito-account-id")
        && let Some(id) = file::optional(&path)?
    {
        return Ok(Some(AccountId::new(id)));
    }
    Ok(keito.account.clone())
}

fn origin(env: &Env, keito: &Keito, cli: Option<&CliFile>) -> Result<Origin, CredentialError> {
    let parse =
        |text: &str, from| Origin::parse(text).map_err(|source| CredentialError::Url { from, source });
    if let Some(url) = env.get("KEITO_API_URL") {
        return parse(url, "KEITO_API_URL");
    }
    if let Some(origin) = &keito.url {
        return Ok(origin.clone());
    }
    cli.and_then(CliFile::url)
        .map_or_else(|| Ok(Origin::keito()), |url| parse(url, "the Keito CLI's api_url"))
}

fn systemd(env: &Env, name: &str) -> Option<PathBuf> {
    env.path("CREDENTIALS_DIRECTORY").map(|dir| dir.join(name))
}

/// Three parts with dots between, each of base64url: the form of a WorkOS Connect token.
fn is_jwt(key: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    !key.starts_with("kto_") && key.split('.').count() == 3 && key.split('.').all(part)
}

#[cfg(test)]
mod tests;

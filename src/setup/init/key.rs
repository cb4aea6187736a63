//! Where the key is, and where one is kept that the service could not find by itself.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::ask::Terminal;
use super::wish::Wish;
use crate::config::{CredentialError, Credentials, Env, Keito};
use crate::model::AccountId;
use crate::setup::error::Unanswered;
use crate::setup::{Error, file};

/// Credentials, and what of them has to be written.
#[derive(Debug)]
pub(super) struct Key {
    /// What Keito is asked with.
    pub credentials: Credentials,
    /// Written into the key file.
    pub kept: Option<SecretString>,
    /// Written into the config: the account that no other place of the service has.
    pub account: Option<AccountId>,
}

const FROM_PERSON: &str = "what was typed";
const FROM_INPUT: &str = "standard input";

/// The file for a key that is given to us.
pub(super) fn file_of(config: &Path) -> PathBuf {
    config.with_file_name("api-key")
}

/// The file written in full: at no moment may anybody else read it.
pub(super) fn keep(path: &Path, key: &SecretString) -> Result<(), Error> {
    let mut text = key.expose_secret().to_owned().into_bytes();
    text.push(b'\n');
    file::write(path, &text, Some(file::PRIVATE))
}

/// Finds credentials: those of the flags, else wherever the daemon looks, else what a person types.
///
/// # Errors
/// If there are none, or none that can be used.
pub(super) fn find(
    env: &Env,
    keito: &Keito,
    wish: &Wish,
    mut asked: Option<&mut Terminal>,
) -> Result<Key, Error> {
    let mut keito = keito.clone();
    lay_over(&mut keito, wish);
    // A flag is meant for this run: what the environment says otherwise is set aside for it.
    let mut env = env.clone();
    let mut given = wish.key.clone();
    if keito.api_key_file.is_some() && wish.api_key_file.is_some() || wish.api_key_command.is_some() {
        env = env.with("KEITO_API_KEY", "").with("CREDENTIALS_DIRECTORY", "");
    }
    if let Some(url) = &wish.url {
        env = env.with("KEITO_API_URL", url.as_str());
    }
    let mut account = wish.account_id.clone();
    let mut from = FROM_INPUT;
    loop {
        let mut here = env.clone();
        if let Some(key) = &given {
            here = here.with("KEITO_API_KEY", key.expose_secret());
        }
        if let Some(id) = &account {
            here = here.with("KEITO_ACCOUNT_ID", id);
        }
        match Credentials::find(&here, &keito) {
            Ok(mut credentials) => {
                if given.is_some() {
                    credentials.from = from;
                }
                let hidden =
                    here.get("KEITO_ACCOUNT_ID").or_else(|| here.get("KEITO_WORKSPACE_ID")).is_some();
                let account = credentials.account.clone().filter(|_| hidden);
                return Ok(Key { credentials, kept: given, account });
            }
            Err(CredentialError::Missing) => {
                let terminal = asked.as_deref_mut().ok_or_else(no_key)?;
                terminal
                    .tell("There is no API key yet: make one in Keito under Settings, API & Developers.")?;
                given = Some(terminal.hidden("API key (not shown)")?)
                    .filter(|key| !key.expose_secret().is_empty());
                from = FROM_PERSON;
            }
            Err(CredentialError::NoAccount { .. }) => {
                let terminal = asked.as_deref_mut().ok_or_else(no_account)?;
                account = Some(terminal.line("account id (beside the key in Keito's settings)", None)?);
            }
            Err(CredentialError::NotAKey { .. }) if given.is_some() => {
                return Err(Error::Credentials(CredentialError::NotAKey { from }));
            }
            Err(error) => return Err(Error::Credentials(error)),
        }
    }
}

fn lay_over(keito: &mut Keito, wish: &Wish) {
    if let Some(path) = &wish.api_key_file {
        keito.api_key_file = Some(path.clone());
        keito.api_key_command = None;
    }
    if let Some(command) = &wish.api_key_command {
        keito.api_key_command = Some(command.clone());
        keito.api_key_file = None;
    }
    if let Some(url) = &wish.url {
        keito.url = Some(url.clone());
    }
}

fn no_key() -> Error {
    let what = "no API key (looked in KEITO_API_KEY, the systemd credential keito-api-key, the config and the Keito CLI's \
                config.toml)";
    unanswered(what, "--api-key-stdin, --api-key-file or --api-key-command")
}

fn no_account() -> Error {
    unanswered("no account id for the key", "--account-id")
}

fn unanswered(what: &str, flags: &'static str) -> Error {
    Error::Unanswered(vec![Unanswered { flags, what: what.to_owned() }])
}

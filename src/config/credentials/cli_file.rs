//! The Keito CLI's `config.toml` (keito-cli 0.1.9). Its login rewrites the file from its own keys, so we only read it.

use std::io;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{CredentialError, Env, file};
use crate::model::AccountId;

/// What we use of it; empty texts count as unset, as for the CLI.
#[derive(Default, Deserialize)]
pub(super) struct CliFile {
    api_key: Option<String>,
    account_id: Option<String>,
    /// Older name of `account_id`.
    workspace_id: Option<String>,
    api_url: Option<String>,
}

/// Why it could not be used. Kept apart from its error, since it only matters if the file is needed.
pub(super) enum Broken {
    Unreadable(PathBuf, io::ErrorKind),
    NotToml(PathBuf, usize),
}

impl Broken {
    pub(super) fn error(&self) -> CredentialError {
        match self {
            Self::Unreadable(path, kind) => CredentialError::Unreadable { path: path.clone(), kind: *kind },
            Self::NotToml(path, line) => CredentialError::CliFile { path: path.clone(), line: *line },
        }
    }
}

/// Platform config directory + `keito/config.toml`.
pub(super) fn path(env: &Env) -> PathBuf {
    env.base.config.join("keito/config.toml")
}

/// Reads the file; an absent one is an empty one.
pub(super) fn read(path: &Path) -> Result<CliFile, Broken> {
    let text = match file::optional(path) {
        Ok(text) => SecretString::from(text.unwrap_or_default()),
        Err(CredentialError::Unreadable { path, kind }) => return Err(Broken::Unreadable(path, kind)),
        Err(_) => return Err(Broken::Unreadable(path.to_owned(), io::ErrorKind::Other)),
    };
    let text = text.expose_secret();
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Broken::NotToml(path.to_owned(), 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count())
    })
}

impl CliFile {
    pub(super) fn key(&self) -> Option<SecretString> {
        said(self.api_key.as_ref()).map(SecretString::from)
    }

    pub(super) fn account(&self) -> Option<AccountId> {
        said(self.account_id.as_ref()).or_else(|| said(self.workspace_id.as_ref())).map(AccountId::new)
    }

    pub(super) fn url(&self) -> Option<&str> {
        said(self.api_url.as_ref())
    }
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

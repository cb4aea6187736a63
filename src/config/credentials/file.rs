//! A file that holds a secret and nothing else.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use secrecy::SecretString;

use super::CredentialError;

/// More than any key; a larger file is something else.
const LIMIT: u64 = 64 * 1024;

/// The trimmed text of a file that may be absent or empty.
pub(super) fn optional(path: &Path) -> Result<Option<String>, CredentialError> {
    match File::open(path) {
        Ok(file) => Ok(Some(text(file, path)?).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error.kind())),
    }
}

/// The trimmed text of a file that only its owner, who is us, may read.
pub(super) fn private(path: &Path) -> Result<SecretString, CredentialError> {
    let file = File::open(path).map_err(|error| unreadable(path, error.kind()))?;
    // Of the open file, so that what is checked is what is read.
    let meta = file.metadata().map_err(|error| unreadable(path, error.kind()))?;
    let mode = meta.mode() & 0o7777;
    if mode & 0o077 != 0 || meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(CredentialError::Exposed { path: path.to_owned(), mode, owner: meta.uid() });
    }
    match text(file, path)? {
        empty if empty.is_empty() => Err(unreadable(path, io::ErrorKind::UnexpectedEof)),
        key => Ok(key.into()),
    }
}

fn text(file: File, path: &Path) -> Result<String, CredentialError> {
    let mut text = String::new();
    file.take(LIMIT).read_to_string(&mut text).map_err(|error| unreadable(path, error.kind()))?;
    Ok(text.trim().to_owned())
}

fn unreadable(path: &Path, kind: io::ErrorKind) -> CredentialError {
    CredentialError::Unreadable { path: path.to_owned(), kind }
}

//! Bounded looks at the file system.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// No file that is read here is larger.
const LIMIT: u64 = 64 * 1024;

/// Why a file cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ReadError {
    /// The system forbids it.
    #[error("permission denied")]
    Permission,
    /// Not a regular file.
    #[error("not a file")]
    NotAFile,
    /// More than 64 KiB.
    #[error("larger than 64 KiB")]
    TooLarge,
    /// Not UTF-8.
    #[error("not UTF-8 text")]
    NotText,
    /// Anything else.
    #[error("cannot be read")]
    Other,
}

impl ReadError {
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Other,
        }
    }
}

/// Whether nothing is there, as opposed to something that cannot be read.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Whether a directory is there.
pub(super) fn is_dir(path: &Path) -> Result<bool, ReadError> {
    match fs::metadata(path) {
        Ok(meta) => Ok(meta.is_dir()),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(ReadError::of(&error)),
    }
}

/// The whole text of a file; `None` if there is nothing of that name.
pub(super) fn text(path: &Path) -> Result<Option<String>, ReadError> {
    match fs::metadata(path) {
        // Before opening: a FIFO would never answer.
        Ok(meta) if !meta.is_file() => return Err(ReadError::NotAFile),
        Ok(_) => {}
        Err(error) if is_absent(&error) && fs::symlink_metadata(path).is_err() => return Ok(None),
        Err(error) => return Err(ReadError::of(&error)),
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| ReadError::of(&error))?;
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| ReadError::of(&error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT) {
        return Err(ReadError::TooLarge);
    }
    String::from_utf8(bytes).map(Some).map_err(|_| ReadError::NotText)
}

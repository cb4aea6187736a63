//! The list of files that git passes over.

use std::io;
use std::path::{Path, PathBuf};

use crate::setup::{Error, file};

/// What keeps the link out of version control, and the wider patterns that do so too.
const LINE: &str = "/.keito/config.yml";
const WIDER: [&str; 8] =
    [LINE, ".keito/config.yml", ".keito", "/.keito", ".keito/", "/.keito/", ".keito/*", "/.keito/*"];

/// Adds the line to `.gitignore` in `root` unless one says so already; the file.
///
/// # Errors
/// If it cannot be read or written.
pub(super) fn add(root: &Path) -> Result<PathBuf, Error> {
    let path = root.join(".gitignore");
    // Bytes: names in it may be of any encoding.
    let mut bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(Error::Unreadable { path, source }),
    };
    let says = |line: &[u8]| WIDER.iter().any(|pattern| line.trim_ascii() == pattern.as_bytes());
    if bytes.split(|byte| *byte == b'\n').any(says) {
        return Ok(path);
    }
    if bytes.last().is_some_and(|last| *last != b'\n') {
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(LINE.as_bytes());
    bytes.push(b'\n');
    file::write(&path, &bytes, None)?;
    Ok(path)
}

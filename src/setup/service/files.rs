//! What is installed: written whole or not at all, and only where it differs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::Error;

/// Writes a file and says whether it was another before. One of ours that somebody had edited is kept beside it.
pub(super) fn put(path: &Path, text: &str) -> Result<bool, Error> {
    let before = fs::read(path).ok();
    if before.as_deref() == Some(text.as_bytes()) {
        return Ok(false);
    }
    let dir = path.parent().unwrap_or(path);
    fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
    if let Some(before) = before {
        let kept = kept(path);
        fs::write(&kept, before).map_err(Error::file("write", &kept))?;
    }
    let mut fresh = tempfile::Builder::new().tempfile_in(dir).map_err(Error::file("write in", dir))?;
    let written = fresh.write_all(text.as_bytes()).and_then(|()| fresh.as_file().sync_all());
    written.map_err(Error::file("write", path))?;
    fresh.persist(path).map_err(|error| Error::file("write", path)(error.error))?;
    Ok(true)
}

/// Where the file stays that another takes the place of. No service manager reads names that end so.
pub(super) fn kept(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".old");
    PathBuf::from(name)
}

/// Removes a file and says whether it was there.
pub(super) fn remove(path: &Path) -> Result<bool, Error> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::file("remove", path)(error)),
    }
}

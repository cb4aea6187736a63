//! Files that appear whole or not at all.

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::Error;

/// Only its owner may read it.
pub(super) const PRIVATE: u32 = 0o600;

/// Writes a file beside its place and moves it there. Where a link leads elsewhere (dotfiles under version control), what
/// it leads to is replaced, not the link. `mode` of `None`: as the umask has it.
///
/// # Errors
/// [`Error::Write`] with the path.
pub(super) fn write(path: &Path, bytes: &[u8], mode: Option<u32>) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let dir = place.parent().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    std::fs::create_dir_all(dir).map_err(failed)?;
    let mut builder = tempfile::Builder::new();
    let open = builder.prefix(".keitod-");
    // What `open` without a word on permissions gives: the umask decides.
    let open = open.permissions(std::fs::Permissions::from_mode(mode.unwrap_or(0o666)));
    let mut file = open.tempfile_in(dir).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&place).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The text of a file that may be absent.
///
/// # Errors
/// If it is there and cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Unreadable { path: path.to_owned(), source }),
    }
}

/// Moves a file out of the way, to the first of `.old`, `.old2`, … that is free.
///
/// # Errors
/// If it cannot be moved.
pub(super) fn set_aside(path: &Path) -> Result<PathBuf, Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    // Of what a link leads to: the link itself stays and will lead to the new file.
    let path = &path.canonicalize().map_err(failed)?;
    for number in 1..1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(if number == 1 { ".old".to_owned() } else { format!(".old{number}") });
        let aside = PathBuf::from(name);
        match std::fs::hard_link(path, &aside) {
            Ok(()) => return Ok(aside),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => {
                // File systems without links: what stands there is copied.
                std::fs::copy(path, &aside).map_err(failed)?;
                return Ok(aside);
            }
        }
    }
    Err(failed(io::ErrorKind::AlreadyExists.into()))
}

//! Is the file whole? If not: what was there is set aside, the newest good backup takes its place.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::backup::{self, private, stamp, sync_dir};
use super::{Error, Store, copy, open_immutable, schema};
use crate::model::Instant;

/// What was found at a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The database as it was left.
    Whole,
    /// None: this is the first start, as far as anybody knows.
    New,
    /// None, or another than that of the last run, though there was one before.
    Lost,
    /// A damaged one, now in `aside`.
    Damaged {
        /// The directory that holds it now.
        aside: PathBuf,
        /// The backup in its place; `None`: there was no good one, it begins empty.
        restored: Option<PathBuf>,
    },
}

/// Refuses a database whose pages do not fit together.
pub(super) fn quick_check(conn: &Connection) -> Result<(), Error> {
    let said: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(Error::Corrupt(said)) }
}

/// Looks whether the database at `path` fits together, read-only, beside whoever writes it.
///
/// # Errors
/// [`Error::Corrupt`] if not; as [`super::open_read_only`].
pub fn check(path: &Path) -> Result<(), Error> {
    quick_check(&super::open_read_only(path)?)
}

/// Refuses a database whose indexes or references do not fit its rows either, which takes seconds where there are years.
pub(super) fn full_check(conn: &Connection) -> Result<(), Error> {
    let said: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(Error::Corrupt(said));
    }
    if conn.prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(Error::Corrupt("a row refers to one that is not there".into()));
    }
    Ok(())
}

/// Left by a full check that failed: the quick check of a start may see nothing.
pub(super) fn suspicion(database: &Path) -> PathBuf {
    database.with_file_name("suspect")
}

fn allay(database: &Path) -> Result<(), Error> {
    match fs::remove_file(suspicion(database)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", &suspicion(database))(error))
        }
        _ => Ok(()),
    }
}

/// Opens and checks the database at `path`; a damaged one is replaced. What was sent since the backup was made is not
/// in it: see [`super::Tx::mistrust`].
///
/// # Errors
/// Of the disk; [`Error::Newer`] and [`Error::NotOurs`] as [`Store::open`].
pub(super) fn open(path: &Path, now: Instant) -> Result<(Store, Found), Error> {
    let new = !path.exists();
    // Files of a database that is gone would be taken for those of the new one.
    let strays = new && beside(path).iter().any(|file| file.exists());
    // Nothing is ever left empty by us but a first start that ended at once.
    let empty =
        !new && fs::metadata(path).is_ok_and(|meta| meta.len() == 0) && !backup::list(path).is_empty();
    if !strays && !empty {
        let check = if suspicion(path).exists() { full_check } else { quick_check };
        match Store::open(path).and_then(|store| check(&store.conn).map(|()| store)) {
            Ok(store) => {
                allay(path)?;
                return Ok((store, if new { Found::New } else { Found::Whole }));
            }
            Err(Error::Corrupt(what)) => tracing::error!("the database is damaged: {what}"),
            Err(error) => return Err(error),
        }
    }
    let aside = set_aside(path, now)?;
    let restored = restore(path)?;
    allay(path)?;
    Ok((Store::open(path)?, Found::Damaged { aside, restored }))
}

/// The files that belong to a database.
fn beside(path: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|end| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    })
}

/// All its files together: one without the others is another database.
fn set_aside(path: &Path, now: Instant) -> Result<PathBuf, Error> {
    let stem = format!("corrupt-{}", stamp(now));
    let mut aside = path.with_file_name(&stem);
    for n in 1..1000 {
        match fs::create_dir(&aside) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                aside = path.with_file_name(format!("{stem}-{n}"));
            }
            made => {
                made.map_err(Error::file("make", &aside))?;
                break;
            }
        }
    }
    // The log first: ended in between, what is left is the old database and not a new one with an old log.
    let [wal, shm] = beside(path);
    for file in [wal.as_path(), shm.as_path(), path] {
        let Some(name) = file.file_name().filter(|_| file.exists()) else { continue };
        fs::rename(file, aside.join(name)).map_err(Error::file("set aside", file))?;
    }
    sync_dir(&aside)?;
    path.parent().map_or(Ok(()), sync_dir)?;
    Ok(aside)
}

/// Puts the newest good backup where the database was.
fn restore(path: &Path) -> Result<Option<PathBuf>, Error> {
    for from in backup::list(path) {
        let good = open_immutable(&from).and_then(|conn| {
            if schema::is_empty(&conn)? {
                return Err(Error::Corrupt("empty".into()));
            }
            quick_check(&conn)
        });
        if let Err(error) = good {
            tracing::error!(backup = %from.display(), "a backup cannot be used: {error}");
            continue;
        }
        let fresh = path.with_extension("restoring");
        private(&fresh)?;
        copy(&from, &fresh)?;
        fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(Error::file("sync", &fresh))?;
        fs::rename(&fresh, path).map_err(Error::file("name", path))?;
        path.parent().map_or(Ok(()), sync_dir)?;
        return Ok(Some(from));
    }
    Ok(None)
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;

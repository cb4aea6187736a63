//! Copies of the database, made beside the writer and checked before they count.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::{Error, health, open_immutable};
use crate::model::Instant;

/// How many daily ones are kept.
const KEPT: usize = 7;

/// Between two of them.
const DAILY: Duration = Duration::from_secs(24 * 3600);

/// Where backups of a database are.
pub(super) fn folder(database: &Path) -> PathBuf {
    database.with_file_name("backups")
}

/// The daily ones, newest first.
pub(super) fn list(database: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(database)).into_iter().flatten().flatten();
    let daily = |path: &PathBuf| taken_at(path).is_some();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(daily).collect();
    found.sort_unstable_by(|a, b| b.cmp(a));
    found
}

/// When a backup was begun, by its name.
pub(super) fn taken_at(path: &Path) -> Option<Instant> {
    let stamp = path.file_name()?.to_str()?.strip_prefix("keitod-")?.strip_suffix("Z.db")?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S", stamp).ok()?;
    let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(Instant::from_millis(at.as_millisecond()))
}

/// An instant in the name of a file.
pub(super) fn stamp(now: Instant) -> String {
    now.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Makes one if the newest is a day old, of a database that was checked whole before. Reads beside the writer, which
/// goes on meanwhile.
///
/// # Errors
/// [`Error::Corrupt`]: the database must be replaced, which the next start does. Else of the database or the disk. The
/// earlier backups stay as they are.
pub fn daily(database: &Path, now: Instant) -> Result<Option<PathBuf>, Error> {
    let newest = list(database).first().and_then(|path| taken_at(path));
    // One of the future is the work of a clock that was wrong: it must not put off the next for years.
    if newest.is_some_and(|at| at <= now && now.since(at) < DAILY) {
        return Ok(None);
    }
    let name = format!("keitod-{}.db", stamp(now));
    let path = write(database, &name)?;
    for old in list(database).into_iter().skip(KEPT) {
        fs::remove_file(&old).map_err(Error::file("remove", &old))?;
    }
    Ok(Some(path))
}

/// What a migration changes is kept as it was.
pub(super) fn before_migration(database: &Path, version: i64) -> Result<(), Error> {
    write(database, &format!("schema-{version}.db")).map(|_| ())
}

/// A name stands for a whole and checked copy: it is given last.
fn write(database: &Path, name: &str) -> Result<PathBuf, Error> {
    let dir = folder(database);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(Error::file("make", &dir))?;
    let (fresh, path) = (dir.join("unfinished"), dir.join(name));
    private(&fresh)?;
    let done = copy_into(database, &fresh).and_then(|()| {
        fs::rename(&fresh, &path).map_err(Error::file("name", &path))?;
        sync_dir(&dir)
    });
    if done.is_err() {
        // A full disk above all must not keep half a copy.
        let _ = fs::remove_file(&fresh);
    }
    done.map(|()| path)
}

fn copy_into(database: &Path, fresh: &Path) -> Result<(), Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let from = Connection::open_with_flags(database, flags)?;
    from.busy_timeout(Duration::from_secs(5))?;
    if let Err(error) = health::full_check(&from) {
        if matches!(error, Error::Corrupt(_)) {
            private(&health::suspicion(database))?;
        }
        return Err(error);
    }
    from.execute("VACUUM INTO ?1", [fresh.to_string_lossy()])?;
    drop(from);
    File::open(fresh).and_then(|file| file.sync_all()).map_err(Error::file("sync", fresh))?;
    health::quick_check(&open_immutable(fresh)?).map_err(|error| match error {
        // The disk spoiled the copy, not the database.
        Error::Corrupt(what) => Error::file("check", fresh)(std::io::Error::other(what)),
        error => error,
    })
}

/// An empty file that only we can read.
pub(super) fn private(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(Error::file("make", path))
}

/// The names in a directory are durable only when it is.
pub(super) fn sync_dir(dir: &Path) -> Result<(), Error> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::file("sync", dir))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::Store;
    use super::*;

    #[test]
    fn one_a_day_and_seven_in_all_while_the_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keitod.db");
        let mut store = Store::open(&path).unwrap();
        let day = |n: i64| Instant::from_seconds(1_767_607_200 + n * 86_400);
        for n in 0..10 {
            store.transact(|tx| tx.set_meta("day", &n.to_string())).unwrap();
            let made = daily(&path, day(n)).unwrap().unwrap();
            assert_eq!(fs::metadata(&made).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(taken_at(&made), Some(day(n)));
            assert_eq!(daily(&path, day(n).plus(Duration::from_secs(3600))).unwrap(), None);
        }
        let kept = list(&path);
        assert_eq!(kept.len(), 7);
        let newest = Store::open(&kept[0]).unwrap();
        assert_eq!(newest.view().meta("day").unwrap().as_deref(), Some("9"));
        // A backup of the future is no reason to make none.
        assert!(daily(&path, day(0)).unwrap().is_some());
    }
}

//! Whose database it is: a row names the process that works with it, a mark outside says which run was the last.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{Error, Store, backup};

const LEASE: &str = "lease";
const MARK: &str = "mark";

/// What tells one process from all others: the boot, its id, when it began.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holder {
    boot: String,
    pid: u32,
    began: String,
}

impl Holder {
    fn this() -> Self {
        let pid = std::process::id();
        Self { boot: boot(), pid, began: began(pid).unwrap_or_default() }
    }

    fn to_text(&self, database: &Path) -> String {
        format!("{} {} {} {}", self.boot, self.pid, self.began, database.display())
    }

    /// Of a row; `None` if it is about another file: a copy takes the row along.
    fn of(text: &str, database: &Path) -> Option<Self> {
        let mut words = text.splitn(4, ' ');
        let (boot, pid, began, path) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let ours = Path::new(path) == database;
        ours.then_some(Self { boot: boot.to_owned(), pid: pid.parse().ok()?, began: began.to_owned() })
    }

    /// Ids are given anew: only with the instant it began a number says which process it is.
    fn lives(&self) -> bool {
        self.boot == boot() && began(self.pid).is_some_and(|began| began == self.began)
    }
}

#[cfg(target_os = "linux")]
fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

#[cfg(not(target_os = "linux"))]
fn boot() -> String {
    String::new()
}

/// Clock ticks from boot to the start of a live process (`proc_pid_stat(5)`, fields 3 and 22).
#[cfg(target_os = "linux")]
fn began(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, spaces and parentheses too.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    fields.nth(18).filter(|_| !ended).map(str::to_owned)
}

#[cfg(not(target_os = "linux"))]
fn began(pid: u32) -> Option<String> {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
    rustix::process::test_kill_process(pid).is_ok().then(String::new)
}

impl Store {
    /// Takes the database for this process. Returns whether commits of the last run may be missing: it was not ended
    /// and its log is gone, or it was another database.
    ///
    /// The lock file comes first; this row stops whoever starts after the lock file was deleted.
    ///
    /// # Errors
    /// [`Error::Leased`] if another live process has it.
    pub(super) fn lease(&mut self, had_log: bool, mark: &Path, run: &str) -> Result<bool, Error> {
        let Some(path) = self.path.clone() else { return Ok(false) };
        let this = Holder::this();
        let (before, known) = self.transact(|tx| {
            let text = tx.meta(LEASE)?.unwrap_or_default();
            let holder = Holder::of(&text, &path);
            if let Some(other) = holder.as_ref().filter(|holder| **holder != this && holder.lives()) {
                return Err(Error::Leased { pid: other.pid });
            }
            tx.set_meta(LEASE, &this.to_text(&path))?;
            Ok((holder, tx.meta(MARK)?))
        })?;
        self.leased = true;
        // A log exists from the first commit to the clean end of a run; this makes the row outlive the log.
        self.conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let cut = before.is_some_and(|before| before != this) && !had_log;
        let outside = Mark::read(mark)?;
        let other = !outside.0.is_empty() && known.as_ref().is_none_or(|known| !outside.0.contains(known));
        let next = run.to_owned();
        // Both while the new one is on its way: ended in between, the old database is still the right one.
        Mark(known.into_iter().chain([next.clone()]).collect()).write(mark)?;
        self.transact(|tx| tx.set_meta(MARK, &next))?;
        Mark(vec![next]).write(mark)?;
        Ok(cut || other)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        if self.leased && self.hurt.is_none() {
            // Left in place it only makes the next start look twice.
            let _ = self.conn.execute("UPDATE meta SET value = '' WHERE key = ?1", [LEASE]);
        }
    }
}

/// The mark outside the state: names of the last run, of the last two while a run begins.
#[derive(Debug, Default)]
struct Mark(Vec<String>);

impl Mark {
    fn read(path: &Path) -> Result<Self, Error> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self(text.lines().map(str::to_owned).collect())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            // Not a text: half a line after a power cut says no more than none.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Ok(Self::default()),
            Err(error) => Err(Error::file("read", path)(error)),
        }
    }

    fn write(&self, path: &Path) -> Result<(), Error> {
        let fresh: PathBuf = path.with_extension("new");
        let dir = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(dir).map_err(Error::file("make", dir))?;
        let mut file = backup::private(&fresh)?;
        let text = self.0.iter().map(|line| format!("{line}\n")).collect::<String>();
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&fresh, path))
            .map_err(Error::file("write", path))?;
        backup::sync_dir(dir)
    }
}

/// Whether a run was ever marked there.
pub(super) fn was_marked(mark: &Path) -> bool {
    mark.exists()
}

/// Whether the file is there into which commits go first.
pub(super) fn has_log(conn_path: &Path) -> bool {
    let mut name = conn_path.as_os_str().to_owned();
    name.push("-wal");
    Path::new(&name).exists()
}

/// Closes a connection by putting an empty one in its place.
pub(super) fn closed() -> Result<Connection, Error> {
    Ok(Connection::open_in_memory()?)
}

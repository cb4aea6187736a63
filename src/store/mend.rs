//! After an error that leaves the outcome open: only what the disk says counts.

use std::path::Path;

use rusqlite::OpenFlags;

use super::{Error, Found, Store, Tx, backup, health, lease};
use crate::model::{AccountRef, Instant, WriteRef};

/// Why nothing more may be done on this connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hurt {
    /// There was no room.
    Full,
    /// The disk, a lock, memory.
    Failed(String),
    /// Pages that do not fit together.
    Corrupt(String),
}

impl Hurt {
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error {
            Error::Full => Some(Self::Full),
            // Somebody holds the lock: the transaction never began.
            Error::Busy => None,
            Error::Corrupt(what) => Some(Self::Corrupt(what.clone())),
            error if error.may_pass() => Some(Self::Failed(error.to_string())),
            _ => None,
        }
    }
}

/// How a database hurt itself, for those who can do something about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// There was no room.
    Full,
    /// The disk, a lock, memory: what it said.
    Failed(String),
    /// It must be replaced, which only a start does.
    Corrupt(String),
}

/// Of a place in the state and one outside.
#[derive(Debug, Clone, Copy)]
pub struct Whereabouts<'a> {
    /// The database.
    pub database: &'a Path,
    /// The file outside the state that says which run was the last.
    pub mark: &'a Path,
    /// A name that no other run has.
    pub run: &'a str,
    /// Decisions of an earlier state are there.
    pub decided: bool,
}

impl Store {
    /// Opens the database of a daemon: checked, replaced if it is damaged, and for this process alone. If commits of
    /// the last run may be missing, nothing is posted before a second whole listing.
    ///
    /// # Errors
    /// [`Error::Leased`], [`Error::Newer`], [`Error::NotOurs`], or of the disk.
    pub fn start(at: Whereabouts<'_>, now: Instant) -> Result<(Self, Found), Error> {
        let had_log = lease::has_log(at.database);
        let earlier = at.decided || lease::was_marked(at.mark) || !backup::list(at.database).is_empty();
        let (mut store, mut found) = health::open(at.database, now)?;
        let new = matches!(found, Found::New | Found::Damaged { restored: None, .. });
        // The process that works with it must be known before anything is changed.
        let other = store.lease(had_log || new, at.mark, at.run)?;
        let damaged = matches!(found, Found::Damaged { .. });
        match found {
            Found::New if earlier => found = Found::Lost,
            Found::Whole if other => found = Found::Lost,
            _ => {}
        }
        if damaged || found == Found::Lost {
            store.transact(|tx| tx.mistrust(now))?;
        }
        Ok((store, found))
    }

    /// How it is hurt, if it is.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.hurt.as_ref().map(|hurt| match hurt {
            Hurt::Full => Damage::Full,
            Hurt::Failed(what) => Damage::Failed(what.clone()),
            Hurt::Corrupt(what) => Damage::Corrupt(what.clone()),
        })
    }

    /// What somebody else saw of its file: nothing more is done with it.
    pub fn condemn(&mut self, what: &str) {
        self.hurt = Some(Hurt::Corrupt(what.to_owned()));
    }

    /// Closes the connection and opens the file again. Does nothing to a database in memory.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the file is damaged: only a start replaces it. Else of the disk: try again later.
    pub fn mend(&mut self) -> Result<(), Error> {
        if let Some(path) = self.path.clone() {
            // First closed, then opened: the old connection's cache holds pages that the disk may never have got.
            self.conn = lease::closed()?;
            // Made anew it would be an empty one.
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let fresh = Self::prepare(rusqlite::Connection::open_with_flags(&path, flags)?, Some(&path))?;
            let done = health::quick_check(&fresh.conn).and_then(|()| {
                // What the log holds may be in the system's memory alone: the failed sync will not be repeated for it.
                match fresh
                    .conn
                    .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                    .map_err(Error::from)
                {
                    // On a full disk the log may still have room where the file has none.
                    Ok(()) | Err(Error::Full) => {}
                    Err(error) => return Err(error),
                }
                // A disk that takes nothing is noticed here and not by the next outcome.
                fresh.conn.execute("UPDATE meta SET value = value WHERE key = 'lease'", [])?;
                Ok(())
            });
            if let Err(error) = done {
                self.hurt = Hurt::of(&error).or_else(|| self.hurt.take());
                return Err(error);
            }
            let mut fresh = fresh;
            std::mem::swap(&mut self.conn, &mut fresh.conn);
            std::mem::swap(&mut self.unfinished, &mut fresh.unfinished);
        }
        self.hurt = None;
        Ok(())
    }
}

impl Tx<'_> {
    /// Commits of the last run may be missing: what was attempted may have been applied since, and of every account
    /// two whole listings are seen before anything is posted.
    ///
    /// Sealed writes without an attempt stay as they are: they may have left since under the same id, or been dissolved
    /// and sealed anew, and in either case it is the listing that says so.
    ///
    /// # Errors
    /// Of the database.
    pub fn mistrust(&self, now: Instant) -> Result<(), Error> {
        self.conn.execute(
            "UPDATE write SET state = 2, ended_at = ?1, absent_at = NULL, reason = NULL \
             WHERE state IN (1, 2) OR (state = 0 AND attempts > 0)",
            [now.millis()],
        )?;
        self.conn.execute("UPDATE account SET listed_kinds = 12", [])?;
        self.set_meta("mistrust", &now.to_string())
    }

    /// Takes back intents whose bytes never left: not among `given`, the ones that somebody carries out.
    ///
    /// # Errors
    /// Of the database.
    pub fn take_back(&self, account: AccountRef, given: &dyn Fn(WriteRef) -> bool) -> Result<(), Error> {
        for mut write in self.unfinished(account)? {
            if write.state == super::WriteState::Sending && !given(write.id) {
                write.state = super::WriteState::Pending;
                write.attempts = write.attempts.saturating_sub(1);
                self.save_write(&write)?;
            }
        }
        Ok(())
    }
}

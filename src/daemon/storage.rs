//! What the keeper of the database knows of its disk, for delivery, reading and the status.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::status::Alert;
use crate::store::{Ballast, Damage, Error, Found, Room};

/// How often, and how many times in a row, one who waits looks whether the database is closed: it is opened again after
/// a second or two where that helps.
const LOOK: Duration = Duration::from_secs(1);
const LOOKS: u8 = 5;

/// Shared by all who have the clerk's handle.
#[derive(Debug, Default)]
pub struct Storage {
    /// `None`: a state that is thrown away.
    ballast: Option<Ballast>,
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    /// Why the database is closed.
    out: Option<Damage>,
    /// Why everything waits though the database is open.
    waiting: Option<String>,
    /// What a person should know of this start.
    found: Option<String>,
    /// The ballast was given up: it is made again only when there is plenty of room.
    released: bool,
    room: Option<Room>,
    low: bool,
}

impl Storage {
    /// Of a state directory. Gives up the ballast at once if the disk is full: a start has to write too.
    #[must_use]
    pub fn new(state_dir: &Path) -> Self {
        let ballast = Ballast::new(state_dir);
        let storage = Self { ballast: Some(ballast), now: Mutex::default() };
        if storage.room().is_some_and(|room| room.free < room.low() / 8) {
            storage.release();
        }
        storage
    }

    /// What a start found.
    pub fn set_found(&self, found: &Found) {
        let words = match found {
            Found::Whole | Found::New => return,
            Found::Lost => {
                "the database of the last run is gone: everything is read again, and nothing is sent before \
                            Keito was listed twice"
                    .to_owned()
            }
            Found::Damaged { aside, restored } => {
                let aside = aside.file_name().unwrap_or_default().display();
                let from = match restored.as_ref().and_then(|path| path.file_name()) {
                    Some(name) => format!("the backup {} is in its place", name.display()),
                    None => "there was no backup, it begins empty".to_owned(),
                };
                format!(
                    "the database was damaged and is in {aside} now; {from}; everything is read again, and nothing is \
                     sent before Keito was listed twice"
                )
            }
        };
        tracing::error!("{words}");
        self.now().found = Some(words);
    }

    /// Whether requests may leave: what they bring back must find room.
    pub fn may_send(&self) -> bool {
        let Some(ballast) = &self.ballast else { return true };
        let Some(room) = self.room() else { return true };
        let wanted = if self.now().released { room.plenty() } else { room.low() + room.ballast() };
        let mut there = ballast.is_there();
        if !there && room.free > wanted {
            match ballast.make(room) {
                Ok(()) => (there, self.now().released) = (true, false),
                Err(error) => tracing::debug!("no ballast: {error}"),
            }
        }
        let low = !there || room.is_low();
        let mut now = self.now();
        now.room = Some(room);
        if low && !now.low {
            let free = room.free >> 20;
            tracing::warn!(
                "the disk of the state is nearly full ({free} MiB free): nothing is sent, free some space"
            );
        } else if !low && now.low {
            tracing::info!("there is room again: sending goes on");
        }
        now.low = low;
        !low
    }

    /// Whether more may be read from logs, which lose nothing by waiting.
    pub fn may_read(&self) -> bool {
        let Some(ballast) = &self.ballast else { return true };
        let room = self.room();
        let may = ballast.is_there() || room.is_none_or(|room| !room.is_low());
        if !may {
            // Delivery may be asleep with nothing to do.
            let mut now = self.now();
            (now.low, now.room) = (true, room);
        }
        may
    }

    /// What to tell those who ask while the database is closed; `None`: it is open.
    pub(super) fn refusal(&self) -> Option<Error> {
        self.now().out.as_ref().map(|damage| match damage {
            Damage::Corrupt(what) => Error::Corrupt(what.clone()),
            Damage::Full | Damage::Failed(_) => Error::Closed,
        })
    }

    /// Whether it is worth looking again soon.
    pub fn is_low(&self) -> bool {
        self.now().low
    }

    /// The database was closed.
    pub(super) fn hurt(&self, damage: &Damage) {
        if *damage == Damage::Full {
            self.release();
        }
        let mut now = self.now();
        if now.out.is_none() {
            let words = words_of(damage);
            tracing::error!("the database is closed after an error, to be opened again: {words}");
        }
        now.out = Some(damage.clone());
    }

    /// Everything waits for this to pass; `None`: nothing waits any more.
    pub(super) fn wait_for(&self, error: Option<String>) {
        let mut now = self.now();
        if let Some(error) = error.as_ref().filter(|_| now.waiting.is_none()) {
            tracing::warn!("{error}");
        }
        now.waiting = error;
    }

    /// Ends, with what to tell, when the database has been closed for a while without a break.
    pub async fn long_closed(&self) -> String {
        let mut looks = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let out = self.now().out.as_ref().map(words_of);
            looks = if out.is_some() { looks + 1 } else { 0 };
            if let Some(words) = out.filter(|_| looks == LOOKS) {
                return format!("the database is closed and tried again: {words}; ask again when it is open");
            }
        }
    }

    /// It is open again.
    pub(super) fn mended(&self) {
        if self.now().out.take().is_some() {
            tracing::info!("the database is open again");
        }
    }

    fn release(&self) {
        let Some(ballast) = &self.ballast else { return };
        self.now().released = true;
        match ballast.release() {
            Ok(true) => tracing::warn!("the ballast is given up, so that what is on its way can be recorded"),
            Ok(false) => {}
            Err(error) => tracing::error!("{error}"),
        }
    }

    /// What status shows.
    #[must_use]
    pub fn alerts(&self) -> Vec<Alert> {
        let now = self.now();
        let mut list = Vec::new();
        if now.low {
            list.push(Alert::DiskLow { free: now.room.map_or(0, |room| room.free) });
        }
        let out = now.out.as_ref().map(words_of);
        let out = out.map(|what| format!("the database is closed and tried again: {what}"));
        list.extend(
            out.or(now.waiting.clone()).or(now.found.clone()).map(|message| Alert::Database { message }),
        );
        list
    }

    fn room(&self) -> Option<Room> {
        self.ballast.as_ref().and_then(Ballast::room)
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words_of(damage: &Damage) -> String {
    match damage {
        Damage::Full => "the disk is full".to_owned(),
        Damage::Failed(what) => what.clone(),
        Damage::Corrupt(what) => format!("it is damaged: {what}"),
    }
}

//! `entry = "day"`: one entry per local day, link and agent. Its first session makes it; the others grow it, or join it
//! while it has not left.

use super::Scope;
use super::seal::Desk;
use super::session::Loaded;
use crate::keito::metadata::MAX_KEYS;
use crate::ledger::days::Calendar;
use crate::ledger::due::OpenEntry;
use crate::ledger::stretches::Stretch;
use crate::model::{Covers, Day, KeitodId, Link, SessionId, SessionKey};
use crate::store::{Error, RecordRow, Tx, WriteRow, WriteState};

/// The sessions of an entry.
#[derive(Debug, Clone)]
pub(super) struct Members {
    /// The session that the entry names: its first.
    pub(super) home: SessionId,
    /// All of them.
    pub(super) all: Vec<SessionId>,
    /// It is a day's entry, and says which they are.
    pub(super) named: bool,
}

impl Members {
    /// Of an entry that a session makes.
    pub(super) fn only(loaded: &Loaded, per_day: bool) -> Self {
        let home = loaded.head.native.clone();
        Self { all: vec![home.clone()], home, named: per_day }
    }

    /// Of an entry that a session grows.
    pub(super) fn with(
        tx: &Tx<'_>,
        record: &RecordRow,
        loaded: &Loaded,
        per_day: bool,
    ) -> Result<Self, Error> {
        let head = record.new.session.map(|home| tx.session_head(home)).transpose()?.flatten();
        let home = head.map_or_else(|| loaded.head.native.clone(), |head| head.native);
        let mut all: Vec<SessionId> =
            tx.sessions_on(record.id)?.into_iter().map(|(_, native)| native).collect();
        all.extend([home.clone(), loaded.head.native.clone()]);
        all.sort_unstable();
        all.dedup();
        Ok(Self { named: per_day || all.len() > 1, home, all })
    }

    /// Their keys added up.
    pub(super) fn covers(&self, agent: &str) -> Covers {
        Covers::of(self.all.iter().map(|native| SessionKey::new(agent, native.as_str()).0))
    }

    /// The first bytes of their keys, where the entry names them.
    pub(super) fn keys(&self, agent: &str) -> Option<Vec<[u8; 3]>> {
        let keys = self.all.iter().map(|native| SessionKey::new(agent, native.as_str()).prefix());
        self.named.then(|| keys.collect())
    }
}

/// The entries that a session's time can go onto, whichever session of the agent made them.
pub(super) fn open_entries(
    tx: &Tx<'_>,
    scope: &Scope,
    loaded: &Loaded,
    calendar: &Calendar,
) -> Result<Vec<OpenEntry>, Error> {
    let Some(open) = loaded.open_range() else { return Ok(Vec::new()) };
    let id = loaded.head.id;
    let mut entries = Vec::new();
    for entry in tx.live_entries_beside(scope.id, id, days(calendar, open))? {
        let unfinished = tx.unfinished_of(entry.id)?;
        if entry.new.remote.is_none() && unfinished.is_none() {
            continue;
        }
        let sessions = tx.sessions_on(entry.id)?;
        if sessions.len() >= MAX_KEYS && sessions.iter().all(|(of, _)| *of != id) {
            continue;
        }
        let (written_at, _) = tx.last_write(entry.id)?;
        entries.push(OpenEntry {
            record: entry.id,
            day: entry.new.day,
            link: entry.new.link.clone(),
            busy: unfinished.is_some_and(|write| !can_change(&write)),
            written_at: written_at.or(entry.listed_at).unwrap_or_default(),
        });
    }
    Ok(entries)
}

impl Desk<'_, '_> {
    /// When the agent's work of a day began, in whichever session: those that settle later join the entry, and its first
    /// instant never changes.
    pub(super) fn first_of_day(&self, loaded: &Loaded, day: Day, first: i64) -> Result<i64, Error> {
        let midnight = day.yesterday().map_or(i64::MIN, |before| self.calendar.end_of(before));
        let from = self.settings.admitted(Some(self.scope), &loaded.head.agent).first_from(midnight);
        Ok(self.tx.first_work_beside(loaded.head.id, (from, first))?.map_or(first, |found| found.min(first)))
    }
}

/// Whether the bytes of a write never left.
pub(super) fn can_change(write: &WriteRow) -> bool {
    write.state == WriteState::Pending && write.attempts == 0
}

/// The local days of a range, with one to spare on both sides: the zone may change in it.
fn days(calendar: &Calendar, (first, last): Stretch) -> (Day, Day) {
    let (from, to) = (calendar.day(first), calendar.day(last));
    (from.yesterday().unwrap_or(from), to.tomorrow().unwrap_or(to))
}

/// Of a day's entry: where its time begins, and how much of the day earlier entries of its agent and link hold.
pub(super) fn entry_id(
    agent: &crate::model::Agent,
    day: Day,
    link: &Link,
    first: i64,
    earlier: u64,
) -> KeitodId {
    let parts: [&[u8]; 7] = [
        b"day",
        agent.as_str().as_bytes(),
        &day.to_string().into_bytes(),
        link.project.as_str().as_bytes(),
        link.task.as_str().as_bytes(),
        &first.to_be_bytes(),
        &earlier.to_be_bytes(),
    ];
    KeitodId::new(format!("k1{:032x}", crate::model::hash128(&parts)))
}

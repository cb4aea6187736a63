//! Records, writes, and what they cover.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Error, Tx, terms};
use crate::ledger::stretches::Stretch;
use crate::model::{
    AccountRef, Amount, Day, Instant, KeitodId, Kind, Link, ProjectId, RecordRef, RemoteId, SessionRef,
    TaskId, Tokens, Usd, WriteRef,
};

/// State of a write (design section 7). `Unknown` with `absent_at` set is shown as reconciling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WriteState {
    /// Waits for its time, a listing or its turn.
    Pending,
    /// Its bytes are leaving; found at start it is `Unknown`.
    Sending,
    /// It may have been applied.
    Unknown,
    /// Applied.
    Done,
    /// Definitely refused; kept for a person.
    Dead,
    /// Two records, or a foreign one, cover the same facts; kept for a person.
    Conflict,
    /// Given up by a person; what it covers counts as billed.
    Discarded,
}

impl WriteState {
    fn code(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Sending => 1,
            Self::Unknown => 2,
            Self::Done => 5,
            Self::Dead => 6,
            Self::Conflict => 7,
            Self::Discarded => 8,
        }
    }

    pub(super) fn of(code: i64) -> Self {
        match code {
            0 => Self::Pending,
            1 => Self::Sending,
            2 => Self::Unknown,
            5 => Self::Done,
            6 => Self::Dead,
            8 => Self::Discarded,
            _ => Self::Conflict,
        }
    }

    /// The word in queue and status.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Conflict => "conflict",
            Self::Discarded => "discarded",
        }
    }
}

/// Whether a record can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordState {
    /// It can grow (entries).
    Live,
    /// A person edited or locked it: more time goes to a new part.
    Closed,
    /// A person deleted it at Keito; it is never created again.
    Deleted,
}

/// Hours and seconds that an entry of ours may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnState {
    /// Hours as sent or echoed.
    pub hours: Amount,
    /// `duration_seconds` of the metadata.
    pub seconds: u64,
}

/// A record to insert.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Our id.
    pub keitod_id: KeitodId,
    /// Entry or expense.
    pub kind: Kind,
    /// Its session; `None` if the logs are not here.
    pub session: Option<SessionRef>,
    /// Date.
    pub day: Day,
    /// Project and task (the task of an expense is that of its link).
    pub link: Link,
    /// Model of an expense; of an entry the one with most output.
    pub model: String,
    /// Part number.
    pub part: u32,
    /// Holds only excess.
    pub excess: bool,
    /// First instant covered.
    pub first_at: Instant,
    /// Last instant covered.
    pub last_at: Instant,
    /// Seconds of an entry.
    pub seconds: u64,
    /// Requests of an expense.
    pub requests: u64,
    /// Amount of an expense as it is sent.
    pub amount: Option<Amount>,
    /// Exact cost.
    pub usd: Option<Usd>,
    /// Adopted from a listing.
    pub remote: Option<RemoteId>,
    /// Adopted without full proof.
    pub assumed: bool,
}

/// A record.
#[derive(Debug, Clone)]
pub struct RecordRow {
    /// Its row.
    pub id: RecordRef,
    /// The fields it was made with.
    pub new: NewRecord,
    /// Whether it can change.
    pub state: RecordState,
    /// When a write of it was answered 2xx.
    pub answered_at: Option<Instant>,
    /// When a listing showed it last.
    pub listed_at: Option<Instant>,
    /// (hours, seconds) pairs that are ours: the last confirmed first, then what was sent since.
    pub ours: Vec<OwnState>,
}

/// A write to insert.
#[derive(Debug, Clone)]
pub struct NewWrite {
    /// Whose bytes these are.
    pub record: RecordRef,
    /// PATCH instead of POST.
    pub patch: bool,
    /// The bytes.
    pub body: Vec<u8>,
    /// `Idempotency-Key`.
    pub idempotency: String,
    /// Seconds that an entry has after this write.
    pub seconds: u64,
    /// Now.
    pub sealed_at: Instant,
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteRow {
    /// Its row.
    pub id: WriteRef,
    /// Its record.
    pub record: RecordRef,
    /// PATCH instead of POST.
    pub patch: bool,
    /// Seconds that an entry has after this write.
    pub seconds: u64,
    /// State.
    pub state: WriteState,
    /// Why it is dead, in conflict, or waits.
    pub reason: Option<String>,
    /// Attempts so far.
    pub attempts: u32,
    /// When its bytes were fixed.
    pub sealed_at: Instant,
    /// Not before.
    pub next_at: Instant,
    /// When the last attempt ended.
    pub ended_at: Option<Instant>,
    /// When a reading showed for the first time that it is not there.
    pub absent_at: Option<Instant>,
    /// From its record.
    pub kind: Kind,
    /// From its record.
    pub day: Day,
    /// From its record.
    pub session: Option<SessionRef>,
    /// From its record.
    pub remote: Option<RemoteId>,
    /// From its record.
    pub keitod_id: KeitodId,
    /// From its record.
    pub link: Link,
    /// From its record: holds only excess.
    pub excess: bool,
}

pub(super) const WRITE: &str = "SELECT w.id, w.record, w.method, w.seconds, w.state, w.reason, w.attempts, w.sealed_at, w.next_at, \
                     w.ended_at, w.absent_at, r.kind, r.day, r.session, r.remote, r.keitod_id, r.project, r.task, r.excess \
                     FROM write w JOIN record r ON r.id = w.record";

pub(super) const RECORD: &str = "SELECT id, keitod_id, kind, session, day, project, task, model, part, excess, first_at, last_at, \
                      seconds, requests, amount, usd, remote, assumed, state, answered_at, listed_at, ours FROM record";

fn day_at(row: &Row<'_>, index: usize) -> rusqlite::Result<Day> {
    let text = row.get_ref(index)?.as_str()?;
    text.parse().map_err(|error: jiff::Error| {
        rusqlite::Error::FromSqlConversionFailure(index, rusqlite::types::Type::Text, Box::new(error))
    })
}

pub(super) fn write_row(row: &Row<'_>) -> rusqlite::Result<WriteRow> {
    let at = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(terms::instant));
    Ok(WriteRow {
        id: WriteRef(row.get(0)?),
        record: RecordRef(row.get(1)?),
        patch: row.get(2)?,
        seconds: terms::count(row.get(3)?),
        state: WriteState::of(row.get(4)?),
        reason: row.get(5)?,
        attempts: row.get(6)?,
        sealed_at: terms::instant(row.get(7)?),
        next_at: terms::instant(row.get(8)?),
        ended_at: at(9)?,
        absent_at: at(10)?,
        kind: terms::kind_of(row.get(11)?),
        day: day_at(row, 12)?,
        session: Some(row.get(13)?).filter(|id| *id != 0).map(SessionRef),
        remote: row.get::<_, Option<String>>(14)?.map(RemoteId::new),
        keitod_id: KeitodId::new(row.get::<_, String>(15)?),
        link: Link {
            project: ProjectId::new(row.get::<_, String>(16)?),
            task: TaskId::new(row.get::<_, String>(17)?),
        },
        excess: row.get(18)?,
    })
}

pub(super) fn record_row(row: &Row<'_>) -> rusqlite::Result<RecordRow> {
    let at = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(terms::instant));
    let ours: String = row.get(21)?;
    Ok(RecordRow {
        id: RecordRef(row.get(0)?),
        new: NewRecord {
            keitod_id: KeitodId::new(row.get::<_, String>(1)?),
            kind: terms::kind_of(row.get(2)?),
            session: Some(row.get(3)?).filter(|id| *id != 0).map(SessionRef),
            day: day_at(row, 4)?,
            link: Link {
                project: ProjectId::new(row.get::<_, String>(5)?),
                task: TaskId::new(row.get::<_, String>(6)?),
            },
            model: row.get(7)?,
            part: row.get(8)?,
            excess: row.get(9)?,
            first_at: terms::instant(row.get(10)?),
            last_at: terms::instant(row.get(11)?),
            seconds: terms::count(row.get(12)?),
            requests: terms::count(row.get(13)?),
            amount: row.get::<_, Option<String>>(14)?.and_then(|text| Amount::parse(&text)),
            usd: row.get::<_, Option<String>>(15)?.and_then(|text| text.parse().ok()).map(Usd),
            remote: row.get::<_, Option<String>>(16)?.map(RemoteId::new),
            assumed: row.get(17)?,
        },
        state: match row.get::<_, i64>(18)? {
            0 => RecordState::Live,
            1 => RecordState::Closed,
            _ => RecordState::Deleted,
        },
        answered_at: at(19)?,
        listed_at: at(20)?,
        ours: ours.split(',').filter_map(own_state).collect(),
    })
}

fn own_state(text: &str) -> Option<OwnState> {
    let (hours, seconds) = text.split_once('|')?;
    Some(OwnState { hours: Amount::parse(hours)?, seconds: seconds.parse().ok()? })
}

impl Tx<'_> {
    /// Inserts a record; `adopted` if a listing showed it.
    ///
    /// # Errors
    /// Of the database; the `keitod_id` must be new in this account.
    pub fn insert_record(
        &self,
        account: AccountRef,
        record: &NewRecord,
        adopted: bool,
    ) -> Result<RecordRef, Error> {
        let id = self
            .conn
            .prepare_cached(
                "INSERT INTO record (account, keitod_id, kind, session, day, project, task, model, part, excess, first_at, last_at, \
                 seconds, requests, amount, usd, remote, assumed, adopted, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 0)",
            )?
            .insert(params![
                account.0,
                record.keitod_id.as_str(),
                terms::kind(record.kind),
                record.session.map_or(0, |session| session.0),
                record.day.to_string(),
                record.link.project.as_str(),
                record.link.task.as_str(),
                record.model,
                record.part,
                record.excess,
                record.first_at.millis(),
                record.last_at.millis(),
                terms::int(record.seconds),
                terms::int(record.requests),
                record.amount.map(|amount| amount.to_string()),
                record.usd.map(|usd| usd.0.to_string()),
                record.remote.as_ref().map(RemoteId::as_str),
                record.assumed,
                adopted,
            ])?;
        self.inserted(RecordRef(id));
        Ok(RecordRef(id))
    }

    /// Inserts a sealed write.
    ///
    /// # Errors
    /// Of the database.
    pub fn insert_write(&self, write: &NewWrite) -> Result<WriteRef, Error> {
        let id = self
            .conn
            .prepare_cached(
                "INSERT INTO write (record, method, body, idempotency, seconds, state, sealed_at, next_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?6)",
            )?
            .insert(params![
                write.record.0,
                write.patch,
                write.body,
                write.idempotency,
                terms::int(write.seconds),
                write.sealed_at.millis()
            ])?;
        Ok(WriteRef(id))
    }

    /// Marks stretches of a session as held by an entry.
    ///
    /// # Errors
    /// Of the database.
    pub fn cover(
        &self,
        account: AccountRef,
        session: SessionRef,
        record: RecordRef,
        write: Option<WriteRef>,
        stretches: &[Stretch],
    ) -> Result<(), Error> {
        let mut insert = self.conn.prepare_cached(
            "INSERT OR REPLACE INTO covered (account, session, start, end, record, write) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for (start, end) in stretches {
            self.touch_stretch(*start, *end);
            insert.execute(params![
                account.0,
                session.0,
                start,
                end,
                record.0,
                write.map_or(0, |write| write.0)
            ])?;
        }
        Ok(())
    }

    /// Unfinished writes of an account, oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub fn unfinished(&self, account: AccountRef) -> Result<Vec<WriteRow>, Error> {
        let mut select = self
            .conn
            .prepare_cached(&format!("{WRITE} WHERE r.account = ?1 AND w.state < 5 ORDER BY w.id"))?;
        let rows = select.query_map([account.0], write_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One write with its bytes and `Idempotency-Key`.
    ///
    /// # Errors
    /// Of the database.
    pub fn write(&self, id: WriteRef) -> Result<Option<(WriteRow, Vec<u8>, String)>, Error> {
        let mut select = self.conn.prepare_cached(&format!("{WRITE} WHERE w.id = ?1"))?;
        let Some(row) = select.query_row([id.0], write_row).optional()? else { return Ok(None) };
        let mut select = self.conn.prepare_cached("SELECT body, idempotency FROM write WHERE id = ?1")?;
        let (body, key) = select.query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Some((row, body, key)))
    }

    /// The unfinished write of a record.
    ///
    /// # Errors
    /// Of the database.
    pub fn unfinished_of(&self, record: RecordRef) -> Result<Option<WriteRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!("{WRITE} WHERE w.record = ?1 AND w.state < 5"))?;
        Ok(select.query_row([record.0], write_row).optional()?)
    }

    /// Stores the state of a write with the fields that change.
    ///
    /// # Errors
    /// Of the database.
    pub fn save_write(&self, write: &WriteRow) -> Result<(), Error> {
        self.conn
            .prepare_cached(
                "UPDATE write SET state = ?2, reason = ?3, attempts = ?4, next_at = ?5, ended_at = ?6, absent_at = ?7, \
                 done_at = CASE WHEN ?2 >= 5 THEN coalesce(done_at, ?6) END WHERE id = ?1",
            )?
            .execute(params![
                write.id.0,
                write.state.code(),
                write.reason,
                write.attempts,
                write.next_at.millis(),
                write.ended_at.map(Instant::millis),
                write.absent_at.map(Instant::millis)
            ])?;
        Ok(())
    }

    /// Puts every write that was being sent when the process ended to `Unknown`.
    ///
    /// # Errors
    /// Of the database.
    pub fn recover_sending(&self, now: Instant) -> Result<usize, Error> {
        Ok(self.conn.execute(
            "UPDATE write SET state = 2, ended_at = ?1, absent_at = NULL WHERE state = 1",
            [now.millis()],
        )?)
    }

    /// A record by our id.
    ///
    /// # Errors
    /// Of the database.
    pub fn record_by_id(&self, account: AccountRef, id: &KeitodId) -> Result<Option<RecordRow>, Error> {
        let mut select =
            self.conn.prepare_cached(&format!("{RECORD} WHERE account = ?1 AND keitod_id = ?2"))?;
        Ok(select.query_row(params![account.0, id.as_str()], record_row).optional()?)
    }

    /// A record by its row.
    ///
    /// # Errors
    /// Of the database.
    pub fn record(&self, id: RecordRef) -> Result<Option<RecordRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!("{RECORD} WHERE id = ?1"))?;
        Ok(select.query_row([id.0], record_row).optional()?)
    }

    /// Entries of a session, oldest first.
    ///
    /// # Errors
    /// Of the database.
    pub fn entries_of(&self, account: AccountRef, session: SessionRef) -> Result<Vec<RecordRow>, Error> {
        let mut select = self.conn.prepare_cached(&format!(
            "{RECORD} WHERE account = ?1 AND session = ?2 AND kind = 0 ORDER BY id"
        ))?;
        let rows = select.query_map([account.0, session.0], record_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number that the next part gets: 1 + the known records of the same kind, session, day, project and model.
    ///
    /// # Errors
    /// Of the database.
    pub fn next_part(&self, account: AccountRef, record: &NewRecord) -> Result<u32, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT 1 + count(*) FROM record WHERE account = ?1 AND kind = ?2 AND session = ?3 AND day = ?4 AND project = ?5 \
             AND (kind = 0 OR model = ?6)",
        )?;
        Ok(select.query_row(
            params![
                account.0,
                terms::kind(record.kind),
                record.session.map_or(0, |session| session.0),
                record.day.to_string(),
                record.link.project.as_str(),
                record.model
            ],
            |row| row.get(0),
        )?)
    }

    /// What a confirmed answer or a listing says of a record.
    ///
    /// # Errors
    /// Of the database.
    pub fn save_record(&self, record: &RecordRow) -> Result<(), Error> {
        let state = match record.state {
            RecordState::Live => 0,
            RecordState::Closed => 1,
            RecordState::Deleted => 2,
        };
        self.saves(record)?;
        let ours: Vec<String> =
            record.ours.iter().map(|own| format!("{}|{}", own.hours, own.seconds)).collect();
        self.conn
            .prepare_cached(
                "UPDATE record SET state = ?2, remote = ?3, answered_at = ?4, listed_at = ?5, ours = ?6, seconds = ?7, \
                 last_at = ?8, amount = ?9, first_at = ?10 WHERE id = ?1",
            )?
            .execute(params![
                record.id.0,
                state,
                record.new.remote.as_ref().map(RemoteId::as_str),
                record.answered_at.map(Instant::millis),
                record.listed_at.map(Instant::millis),
                ours.join(","),
                terms::int(record.new.seconds),
                record.new.last_at.millis(),
                record.new.amount.map(|amount| amount.to_string()),
                record.new.first_at.millis()
            ])?;
        Ok(())
    }

    /// Removes a write that never left or was refused, with all that it billed. If this was its POST the record goes
    /// too; if it was growth, the record has the seconds again that it had before.
    ///
    /// # Errors
    /// Of the database.
    pub fn dissolve(&self, write: &WriteRow) -> Result<(), Error> {
        if write.patch {
            self.conn
                .prepare_cached(
                    "UPDATE record SET seconds = max(0, seconds - (SELECT coalesce(sum(end - start), 0) FROM covered WHERE write = ?2)) \
                     WHERE id = ?1",
                )?
                .execute([write.record.0, write.id.0])?;
        }
        self.conn
            .prepare_cached(
                "UPDATE session SET recheck = 1 WHERE id IN (SELECT session FROM covered WHERE write = ?1)",
            )?
            .execute([write.id.0])?;
        self.touch_returned("DELETE FROM covered WHERE write = ?1 RETURNING start, end", [write.id.0])?;
        self.conn.prepare_cached("DELETE FROM write WHERE id = ?1")?.execute([write.id.0])?;
        if !write.patch {
            self.unbill(write.record)?;
            self.conn.prepare_cached("DELETE FROM record WHERE id = ?1")?.execute([write.record.0])?;
        }
        if let Some(session) = write.session {
            self.recheck(session)?;
        }
        Ok(())
    }

    /// Has what is due of a session computed again.
    ///
    /// # Errors
    /// Of the database.
    pub fn recheck(&self, session: SessionRef) -> Result<(), Error> {
        self.conn.prepare_cached("UPDATE session SET recheck = 1 WHERE id = ?1")?.execute([session.0])?;
        Ok(())
    }

    /// Notes when the bytes of a write began to leave.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_sent(&self, write: WriteRef, now: Instant) -> Result<(), Error> {
        self.conn
            .prepare_cached("UPDATE write SET sent_at = ?2 WHERE id = ?1")?
            .execute([write.0, now.millis()])?;
        Ok(())
    }

    /// Dates of records of a kind that were answered and that no listing has shown yet, but for those that two readings
    /// lacked.
    ///
    /// # Errors
    /// Of the database.
    pub fn unlisted_days(&self, account: AccountRef, kind: Kind) -> Result<Vec<Day>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT DISTINCT day FROM record WHERE account = ?1 AND kind = ?2 AND answered_at IS NOT NULL AND listed_at IS NULL \
             AND state <> 2",
        )?;
        let rows = select.query_map([account.0, terms::kind(kind)], |row| day_at(row, 0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Holds (session, model): what stands at Keito does not add up.
    ///
    /// # Errors
    /// Of the database.
    pub fn hold_unproven(
        &self,
        account: AccountRef,
        session: SessionRef,
        model: &str,
        record: RecordRef,
        (posted, local): (&Tokens, &Tokens),
    ) -> Result<(), Error> {
        let text = |tokens: &Tokens| tokens.classes().map(|count| count.to_string()).join(" ");
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO unproven (account, session, model, record, posted, local) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![account.0, session.0, model, record.0, text(posted), text(local)])?;
        self.recheck(session)
    }

    /// A session by agent and native id, if its logs are here.
    ///
    /// # Errors
    /// Of the database.
    pub fn find_session(&self, agent: &str, native: &str) -> Result<Option<SessionRef>, Error> {
        let mut select = self.conn.prepare_cached(
            "SELECT s.id FROM session s JOIN agent a ON a.id = s.agent WHERE a.name = ?1 AND s.native = ?2",
        )?;
        Ok(select.query_row([agent, native], |row| Ok(SessionRef(row.get(0)?))).optional()?)
    }
}

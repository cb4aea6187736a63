//! The queue: records with their latest write, and what is on no record yet.

use rusqlite::{Connection, Row};

use super::super::outbox::WriteState;
use super::super::{DueRow, Error, terms};
use super::{Reader, counts};
use crate::ledger::held::Held;
use crate::model::{AccountRef, Amount, Hours, Kind, SessionRef, Usd, hash128};
use crate::status::{Queue, QueueFilter, QueueItem, QueueState, remedy};

/// A group of waiting work with the names of its session.
#[derive(Debug, Clone)]
pub(in crate::store) struct Group {
    pub(super) agent: String,
    pub(super) native: String,
    pub(in crate::store) due: DueRow,
}

impl Group {
    /// `h` and 12 hex digits of what the group is about: the same in every database that has read the same logs.
    pub(in crate::store) fn id(&self) -> String {
        let due = &self.due;
        let kind = if due.expense { "expense" } else { "entry" };
        let parts = [
            self.agent.as_str(),
            &self.native,
            kind,
            &due.day,
            &due.project,
            &due.task,
            &due.model,
            &due.reason,
        ];
        let hash = hash128(&parts.map(str::as_bytes));
        format!("h{:012x}", hash >> 80)
    }

    fn state(&self) -> QueueState {
        match self.due.reason.as_str() {
            "" => QueueState::Open,
            "excluded" => QueueState::Excluded,
            _ => QueueState::Held,
        }
    }

    pub(super) fn item(&self) -> QueueItem {
        let due = &self.due;
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let state = self.state();
        let reason = if state == QueueState::Held { some(&due.reason) } else { None };
        QueueItem {
            id: self.id(),
            kind: if due.expense { "expense" } else { "entry" }.to_owned(),
            state,
            agent: Some(self.agent.clone()),
            session: Some(self.native.clone()),
            day: due.day.clone(),
            project: some(&due.project),
            task: some(&due.task),
            project_name: None,
            task_name: None,
            detail: None,
            model: some(&due.model),
            part: None,
            hours: (!due.expense).then(|| Hours::from_seconds(due.seconds).to_string()),
            amount: None,
            seconds: due.seconds,
            requests: due.requests,
            cost_usd: due.usd.map(|usd| Usd(usd).to_string()),
            remedy: reason.as_deref().and_then(remedy).map(str::to_owned),
            reason,
            attempts: 0,
            next_at: None,
            remote_id: None,
        }
    }
}

/// All that is on no record yet.
pub(in crate::store) fn groups(conn: &Connection) -> Result<Vec<Group>, Error> {
    let mut select = conn.prepare_cached(
        "SELECT a.name, s.native, d.session, d.kind, d.day, d.project, d.task, d.model, d.reason, d.seconds, d.requests, d.usd, d.tokens \
         FROM due d JOIN session s ON s.id = d.session JOIN agent a ON a.id = s.agent \
         ORDER BY d.day DESC, a.name, s.native, d.kind, d.project, d.task, d.model, d.reason",
    )?;
    let rows = select.query_map([], |row| {
        let due = DueRow {
            session: SessionRef(row.get(2)?),
            expense: row.get(3)?,
            day: row.get(4)?,
            project: row.get(5)?,
            task: row.get(6)?,
            model: row.get(7)?,
            reason: row.get(8)?,
            seconds: terms::count(row.get(9)?),
            requests: terms::count(row.get(10)?),
            tokens: terms::count(row.get(12)?),
            usd: row.get::<_, Option<String>>(11)?.and_then(|text| text.parse().ok()),
        };
        Ok(Group { agent: row.get(0)?, native: row.get(1)?, due })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The state of a record whose latest write is in `state`; `absent`: one reading did not show it.
pub(super) fn state_of(state: WriteState, absent: bool) -> QueueState {
    match state {
        WriteState::Pending => QueueState::Pending,
        WriteState::Sending => QueueState::Sending,
        WriteState::Unknown if absent => QueueState::Reconciling,
        WriteState::Unknown => QueueState::Unknown,
        WriteState::Done => QueueState::Done,
        WriteState::Dead => QueueState::Dead,
        WriteState::Conflict => QueueState::Conflict,
        WriteState::Discarded => QueueState::Discarded,
    }
}

/// The held reason of a pending write, if it has one (`code: what Keito said`).
pub(super) fn held_code(reason: &str) -> Option<&str> {
    let code = reason.split(':').next().unwrap_or(reason);
    [Held::ProjectClosed, Held::LockedPeriod].into_iter().any(|held| held.code() == code).then_some(code)
}

/// A record with its latest write; the columns of [`record_item`].
pub(super) const RECORD: &str = "SELECT r.id, r.keitod_id, r.kind, a.name, s.native, r.day, r.project, r.task, r.model, \
     r.part, r.amount, r.usd, max(r.seconds, coalesce(w.seconds, 0)), r.requests, r.remote, r.state, \
     w.state, w.reason, w.attempts, w.next_at, w.absent_at IS NOT NULL \
     FROM record r LEFT JOIN write w ON w.id = (SELECT max(id) FROM write WHERE record = r.id) \
     LEFT JOIN session s ON s.id = r.session LEFT JOIN agent a ON a.id = s.agent";

/// A record's row and how the queue shows it.
pub(super) fn record_item(row: &Row<'_>) -> rusqlite::Result<(i64, QueueItem)> {
    let kind = terms::kind_of(row.get(2)?);
    // A record without a write was found in a listing: it is there.
    let write = row.get::<_, Option<i64>>(16)?.map_or(WriteState::Done, WriteState::of);
    let mut state = state_of(write, row.get(20)?);
    let reason = row.get::<_, Option<String>>(17)?.or(match row.get::<_, i64>(15)? {
        1 => Some("closed_by_person".to_owned()),
        2 => Some("deleted_by_person".to_owned()),
        _ => None,
    });
    let code = reason.as_deref().filter(|_| state == QueueState::Pending).and_then(held_code);
    let mut way_out = state.remedy();
    if let Some(code) = code {
        (state, way_out) = (QueueState::Held, remedy(code));
    }
    let (seconds, waits) = (terms::count(row.get(12)?), state.is_unfinished());
    let next_at = row.get::<_, Option<i64>>(19)?.filter(|_| waits).map(|at| terms::instant(at).to_string());
    let amount: Option<String> = row.get(10)?;
    let usd: Option<String> = row.get(11)?;
    let item = QueueItem {
        id: row.get(1)?,
        kind: if kind == Kind::Entry { "entry" } else { "expense" }.to_owned(),
        state,
        agent: row.get(3)?,
        session: row.get(4)?,
        day: row.get(5)?,
        project: Some(row.get(6)?).filter(|text: &String| !text.is_empty()),
        task: Some(row.get(7)?).filter(|text: &String| !text.is_empty()),
        project_name: None,
        task_name: None,
        detail: None,
        model: Some(row.get(8)?).filter(|text: &String| !text.is_empty()),
        part: Some(row.get(9)?),
        hours: (kind == Kind::Entry).then(|| Hours::from_seconds(seconds).to_string()),
        amount: amount.and_then(|text| Amount::parse(&text)).map(|amount| amount.to_string()),
        seconds,
        requests: terms::count(row.get(13)?),
        cost_usd: usd.and_then(|text| text.parse().ok()).map(|usd| Usd(usd).to_string()),
        reason,
        remedy: way_out.map(str::to_owned),
        attempts: row.get::<_, Option<u32>>(18)?.unwrap_or(0),
        next_at,
        remote_id: row.get(14)?,
    };
    Ok((row.get(0)?, item))
}

impl Reader {
    /// The queue of an account (`None`: of all) with its counts, what needs a person first, then the newest day first.
    ///
    /// # Errors
    /// Of the database.
    pub fn queue(
        &self,
        account: Option<AccountRef>,
        filter: &QueueFilter,
        now: crate::model::Instant,
    ) -> Result<Queue, Error> {
        self.at_once(|conn| {
            let mut items: Vec<QueueItem> =
                groups(conn)?.iter().map(Group::item).filter(|item| filter.wants(item.state)).collect();
            let mut select = conn.prepare_cached(&format!(
                "{RECORD} WHERE ?1 IS NULL OR r.account = ?1 ORDER BY r.day DESC, r.id DESC"
            ))?;
            let mut rows = select.query([account.map(|account| account.0)])?;
            while let Some(row) = rows.next()? {
                let (_, item) = record_item(row)?;
                if filter.wants(item.state) {
                    items.push(item);
                }
            }
            items.sort_by(|a, b| a.state.cmp(&b.state).then_with(|| b.day.cmp(&a.day)));
            items.truncate(filter.limit);
            Ok(Queue { schema_version: 1, counts: counts::queue(conn, account, now)?, items })
        })
    }

    /// The waiting work behind an id of the queue (`h…`).
    ///
    /// # Errors
    /// Of the database.
    pub fn due_group(&self, id: &str) -> Result<Option<DueRow>, Error> {
        self.at_once(|conn| {
            Ok(groups(conn)?.into_iter().find(|group| group.id() == id).map(|group| group.due))
        })
    }
}

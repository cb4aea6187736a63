//! What admitting a range before the cut-off would send: it is admitted in a copy of the state, everything that is due is
//! sealed there, and the difference is told. So it is exact in hours, amounts, shared time and what Keito has already.

use std::collections::{BTreeMap, HashMap};

use super::acts::ActError;
use super::listing::Whole;
use super::{Clerk, Settled};
use crate::coverage::Listed;
use crate::ledger::admitted::Earlier;
use crate::ledger::due::Place;
use crate::ledger::stretches;
use crate::model::{CategoryId, Day, Hours, Instant, Kind, RecordRef, SessionRef, Usd, WriteRef};
use crate::store::{DueRow, Error, RecordRow, WriteRow};

/// A whole listing that was read beside.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Of what.
    pub kind: Kind,
    /// All its rows.
    pub rows: Vec<Listed>,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Day,
    /// When it was begun.
    pub began: Instant,
}

/// What would be sent of a range, and what would not.
#[derive(Debug, Clone, Default)]
pub struct Foreseen {
    /// By day and project.
    pub lines: BTreeMap<(String, String), Line>,
    /// What goes nowhere by the user's will: seconds and requests.
    pub excluded: (u64, u64),
    /// Time of sessions too short to be billed for.
    pub below_min_seconds: u64,
    /// Time over the cap of a session's day.
    pub capped_seconds: u64,
    /// Sessions with work in the range.
    pub sessions: u64,
    /// Names of projects, where the repositories' files have them.
    pub names: BTreeMap<String, String>,
    /// The workspace's currency; `None`: unknown.
    pub currency: Option<String>,
}

/// One day of one project.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sent {
    /// Entries that are made or grow.
    pub entries: u64,
    /// Seconds on them.
    pub seconds: u64,
    /// Their hours, in hundredths.
    pub hundredths: i64,
    /// Expenses.
    pub expenses: u64,
    /// Requests on them.
    pub requests: u64,
    /// What these cost.
    pub usd: Usd,
    /// What the expenses amount to, in pico units of the workspace's currency.
    pub amount: i128,
}

/// What waits for one reason.
#[derive(Debug, Clone, Copy, Default)]
pub struct Waits {
    /// Seconds.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Their cost, where there is a price.
    pub usd: Option<Usd>,
}

/// One day of one project.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// What is sent.
    pub sent: Sent,
    /// What is held, by reason; an empty reason is work that waits for more of it, or for its agent's alarm to end.
    pub held: BTreeMap<String, Waits>,
}

impl Foreseen {
    /// Whether the range holds nothing that its admission would send or hold.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// Where everything stands between two steps.
struct Stand {
    writes: HashMap<WriteRef, u64>,
    dues: Vec<DueRow>,
    left_out: (u64, u64),
}

impl Clerk {
    /// What admitting a range would send. Only for a copy of the state: everything that is due is sealed in it. `seen`:
    /// what stands at Keito in these days.
    ///
    /// # Errors
    /// Without an account, or of the database.
    pub fn foresee(
        &mut self,
        earlier: &Earlier,
        seen: Vec<Seen>,
        now: Instant,
    ) -> Result<Foreseen, ActError> {
        if self.account.as_ref().is_some_and(|scope| scope.row.me_at.is_none()) {
            self.pretend(&CategoryId::new("<expense category>"), &super::Presumed::default(), now)?;
        }
        self.settle(Settled { time: true, expenses: true })?;
        self.work_off(now)?;
        for Seen { kind, rows, from, to, began } in seen {
            // Nothing is posted on it: that it is as old as its first page does no harm.
            self.listed(&Whole { kind, rows, from, to, began, asked: began }, now)?;
        }
        self.work_off(now)?;
        let range = (earlier.from, earlier.until);
        let sessions = self.store.view().sessions_between(range, earlier.agent.as_ref())?;
        let mut found = Foreseen { sessions: sessions.len() as u64, ..Foreseen::default() };
        let before = self.stand(&sessions, &mut found.names, now)?;
        self.admit(earlier, now)?;
        self.work_off(now)?;
        let after = self.stand(&sessions, &mut found.names, now)?;
        self.compare_stands(&before, &after, &mut found)?;
        found.currency = self.account.as_ref().and_then(|scope| scope.row.currency.clone());
        Ok(found)
    }

    fn work_off(&mut self, now: Instant) -> Result<(), Error> {
        while self.poll(now, 0)?.more {}
        Ok(())
    }

    fn stand(
        &mut self,
        sessions: &[SessionRef],
        names: &mut BTreeMap<String, String>,
        now: Instant,
    ) -> Result<Stand, Error> {
        let mut left_out = (0, 0);
        for session in sessions {
            let Some((loaded, sheet)) = self.sheet_of(*session, now)? else { continue };
            left_out = (left_out.0 + sheet.below_min_seconds, left_out.1 + sheet.capped_seconds);
            for spot in &loaded.spots {
                if let (Place::To { link, .. }, name) = (&spot.place, &spot.detail.names[1])
                    && !name.is_empty()
                {
                    names.insert(link.project.as_str().to_owned(), name.clone());
                }
            }
        }
        let writes = self.unfinished()?.into_iter().map(|write| (write.id, write.seconds)).collect();
        Ok(Stand { writes, dues: self.store.view().dues()?, left_out })
    }

    fn unfinished(&self) -> Result<Vec<WriteRow>, Error> {
        self.account.as_ref().map_or(Ok(Vec::new()), |scope| self.store.view().unfinished(scope.id))
    }

    fn compare_stands(&self, before: &Stand, after: &Stand, found: &mut Foreseen) -> Result<(), Error> {
        for write in self.unfinished()? {
            let known = before.writes.get(&write.id).copied();
            if known == Some(write.seconds) {
                continue;
            }
            let Some(record) = self.store.view().record(write.record)? else { continue };
            let key = (write.day.to_string(), write.link.project.as_str().to_owned());
            let sent = &mut found.lines.entry(key).or_default().sent;
            if write.kind == Kind::Expense {
                sent.add_expense(&record);
                continue;
            }
            let earlier = match known {
                Some(seconds) => seconds,
                None if write.patch => write.seconds.saturating_sub(self.grown(write.record, write.id)?),
                None => 0,
            };
            sent.add_entry(earlier, write.seconds);
        }
        let key = |due: &DueRow| {
            let place = (due.project.clone(), due.task.clone(), due.model.clone(), due.reason.clone());
            (due.session, due.expense, due.day.clone(), place)
        };
        let known: HashMap<_, &DueRow> = before.dues.iter().map(|due| (key(due), due)).collect();
        for due in &after.dues {
            let old = known.get(&key(due));
            let seconds = due.seconds.saturating_sub(old.map_or(0, |old| old.seconds));
            let requests = due.requests.saturating_sub(old.map_or(0, |old| old.requests));
            if seconds == 0 && requests == 0 {
                continue;
            }
            if due.reason == "excluded" {
                found.excluded = (found.excluded.0 + seconds, found.excluded.1 + requests);
                continue;
            }
            let line = found.lines.entry((due.day.clone(), due.project.clone())).or_default();
            let waits = line.held.entry(due.reason.clone()).or_default();
            (waits.seconds, waits.requests) = (waits.seconds + seconds, waits.requests + requests);
            let old = old.and_then(|old| old.usd).unwrap_or_default();
            let usd = due.usd.map(|usd| waits.usd.unwrap_or_default().plus(Usd(usd - old)));
            waits.usd = usd.or(waits.usd);
        }
        found.below_min_seconds = after.left_out.0.saturating_sub(before.left_out.0);
        found.capped_seconds = after.left_out.1.saturating_sub(before.left_out.1);
        Ok(())
    }

    /// What a PATCH adds to its entry.
    fn grown(&self, record: RecordRef, write: WriteRef) -> Result<u64, Error> {
        let view = self.store.view();
        let own = stretches::seconds(&view.stretches_of(record, Some(write))?);
        let beside = view.stretches_beside(record, Some(write))?;
        Ok(own + beside.iter().map(|(_, time)| stretches::seconds(time)).sum::<u64>())
    }
}

impl Sent {
    fn add_entry(&mut self, before: u64, after: u64) {
        let hundredths = |seconds| i64::try_from(Hours::from_seconds(seconds).hundredths).unwrap_or(i64::MAX);
        self.entries += 1;
        self.seconds += after.saturating_sub(before);
        self.hundredths += hundredths(after) - hundredths(before);
    }

    fn add_expense(&mut self, record: &RecordRow) {
        self.expenses += 1;
        self.requests += record.new.requests;
        self.usd = self.usd.plus(record.new.usd.unwrap_or_default());
        self.amount += record.new.amount.map_or(0, |amount| amount.pico());
    }

    /// Adds another day or project.
    pub fn add(&mut self, other: &Self) {
        self.entries += other.entries;
        self.seconds += other.seconds;
        self.hundredths += other.hundredths;
        self.expenses += other.expenses;
        self.requests += other.requests;
        self.usd = self.usd.plus(other.usd);
        self.amount += other.amount;
    }
}

impl Waits {
    /// Adds another day or project.
    pub fn add(&mut self, other: &Self) {
        (self.seconds, self.requests) = (self.seconds + other.seconds, self.requests + other.requests);
        self.usd = other.usd.map(|usd| usd.plus(self.usd.unwrap_or_default())).or(self.usd);
    }
}

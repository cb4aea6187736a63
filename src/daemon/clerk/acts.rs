//! What people do about the outbox: retry, discard, approve, pause, resume.

use super::bench::Bench;
use super::decision::{Decision, Facts, Ruling, Verb};
use super::listing::{UNPROVED, undo_tally};
use super::rulings::facts_of;
use super::session::Loaded;
use super::{Clerk, Scope};
use crate::deliver::PauseReason;
use crate::ledger::due::{self, REQUESTS_PER_EXPENSE, Sum, Waits};
use crate::ledger::held::Held;
use crate::ledger::stretches;
use crate::model::{Instant, Kind, Link, ProjectId, SessionRef, TaskId};
use crate::store::{DueRow, Error, RecordRow, SessionHead, Tx, WriteRow, WriteState};

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acted {
    /// The word for where it stands now: `pending`, `open`, `discarded`, `approved`, `paused`, `running`.
    pub state: &'static str,
    /// What it was about, by the id in the queue.
    pub id: Option<String>,
    /// Records that hold what was given up.
    pub records: Vec<String>,
    /// Which pause ended.
    pub was: Option<&'static str>,
    /// What the change of the zone does.
    pub zone: Option<super::ZoneChange>,
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// It makes no sense as things stand.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database, or the file of decisions.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Why an action makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No record and no held work has this id.
    #[error("no record and no held work {id}: see `keitod queue list`")]
    NotFound {
        /// As given.
        id: String,
    },
    /// There is nobody to deliver to, so that nothing can be decided for him.
    #[error("no account is known yet: set KEITO_API_KEY and KEITO_ACCOUNT_ID, then `keitod run`")]
    NoAccount,
    /// A zone that the tz database does not have.
    #[error("{zone} is no zone of the tz database: use a name such as Europe/London")]
    NoZone {
        /// As given.
        zone: String,
    },
    /// Changes of the zone come one after the other.
    #[error("the zone is changed from {last} on already: give a later instant")]
    ZoneLater {
        /// The change that is known.
        last: Instant,
    },
    /// A discard without a reason.
    #[error("give a reason in up to 200 characters: it stands in decisions.jsonl")]
    NoReason,
    /// Held work leaves by its own way out.
    #[error("{id} is held, {reason}: {remedy}")]
    Held {
        /// As given.
        id: String,
        /// Its reason.
        reason: String,
        /// The way out.
        remedy: &'static str,
    },
    /// Work that nothing holds.
    #[error("{id} is {state}: nothing holds it up, there is nothing to decide")]
    NotHeld {
        /// As given.
        id: String,
        /// `open` or `excluded`.
        state: &'static str,
    },
    /// Approval is for work that waits for it.
    #[error("{id} is {state}: only work held for `review` is approved, and time that is `unproven`")]
    NotForReview {
        /// As given.
        id: String,
        /// Where it stands.
        state: &'static str,
    },
    /// No alarm stops this agent.
    #[error("{agent} is not stopped by a format alarm: there is nothing to approve")]
    NotStopped {
        /// As given.
        agent: String,
    },
    /// Its bytes are leaving.
    #[error("{id} is on the wire: ask again when its answer is there")]
    Sending {
        /// As given.
        id: String,
    },
    /// It may have arrived.
    #[error("whether {id} arrived is being found out by listings: nothing can be decided before that")]
    Unknown {
        /// As given.
        id: String,
    },
    /// Two records, or a foreign one.
    #[error(
        "{id} is in conflict ({reason}): it may stand at Keito already; compare there, then `keitod queue discard {id}`"
    )]
    Conflict {
        /// As given.
        id: String,
        /// Why.
        reason: String,
    },
    /// It is there, or given up.
    #[error("{id} is {state}: there is nothing to do")]
    Ended {
        /// As given.
        id: String,
        /// `done` or `discarded`.
        state: &'static str,
    },
    /// Only what was definitely refused may be sealed anew.
    #[error("{id} is {state}, not refused: only dead records are sealed anew; try without --reseal")]
    NotRefused {
        /// As given.
        id: String,
        /// Where it stands.
        state: &'static str,
    },
    /// Somebody else's record may hold the same.
    #[error("{rival} at Keito may hold the same as {id}: compare, then discard {id} or delete {rival} there")]
    Rival {
        /// As given.
        id: String,
        /// The other.
        rival: String,
    },
    /// A range that cannot be admitted.
    #[error(transparent)]
    Range(#[from] super::RangeError),
    /// No session has this id, or begins with it.
    #[error("no session {session} with work to assign: see `keitod sessions`")]
    NoSession {
        /// As given.
        session: String,
    },
    /// Several sessions begin with it.
    #[error("{} sessions begin with {session}: {}", ids.len(), ids.join(", "))]
    Ambiguous {
        /// As given.
        session: String,
        /// Agent and id of each.
        ids: Vec<String>,
    },
    /// Nothing that is not billed yet is selected.
    #[error("nothing is selected that could be assigned: see `keitod queue list`")]
    NothingSelected,
    /// Nothing that is selected waits for a lock.
    #[error("nothing that is selected is held `locked_period`: see `keitod queue list --state held`")]
    NothingLocked,
    /// Nothing is sent with a date ahead of the workspace's today.
    #[error("{date} is in the future: the workspace's today is {today}")]
    DateAhead {
        /// As given.
        date: crate::model::Day,
        /// The workspace's.
        today: crate::model::Day,
    },
    /// Time of several days would not fit on one date.
    #[error(
        "an entry would have more than 24 hours on that date: assign the days one by one, to different dates"
    )]
    TooLong,
    /// The held work is another by now.
    #[error("{id} has changed meanwhile: see `keitod queue list`")]
    Changed {
        /// As given.
        id: String,
    },
}

/// Longest reason, in characters.
const REASON: usize = 200;

enum Found {
    Record(Box<RecordRow>, Option<Box<WriteRow>>),
    Group(DueRow),
}

impl Clerk {
    fn find(&self, id: &str) -> Result<Found, ActError> {
        let scope = self.account.as_ref().ok_or(Refused::NoAccount)?;
        let view = self.store.view();
        let by_id = view.record_by_id(scope.id, &crate::model::KeitodId::new(id))?;
        let record = match by_id {
            None => view.record_by_remote(scope.id, id)?,
            found => found,
        };
        if let Some(record) = record {
            let write = view.latest_write(record.id)?;
            return Ok(Found::Record(Box::new(record), write.map(Box::new)));
        }
        let group = view.due_group(id)?;
        Ok(Found::Group(group.ok_or_else(|| Refused::NotFound { id: id.to_owned() })?))
    }

    /// Sends the same bytes again: a refused write, a probe that nothing could prove, or one that waits for its time.
    /// `reseal`: a refused write is dissolved instead, and what is due is sealed anew.
    ///
    /// # Errors
    /// If that could send something twice, or of the database.
    pub fn retry(&mut self, id: &str, reseal: bool, now: Instant) -> Result<Acted, ActError> {
        let (record, write) = match self.find(id)? {
            Found::Record(record, write) => (record, write.map(|write| *write)),
            Found::Group(due) => return Err(held(id, &due).into()),
        };
        let Some(mut write) = write else { return Err(ended(id, "done").into()) };
        let id = id.to_owned();
        let unproved = write.reason.as_deref() == Some(UNPROVED);
        match write.state {
            WriteState::Dead => {}
            WriteState::Pending | WriteState::Unknown if reseal => {
                return Err(Refused::NotRefused { id, state: write.state.word() }.into());
            }
            WriteState::Pending => {}
            WriteState::Unknown if unproved => {}
            WriteState::Unknown => return Err(Refused::Unknown { id }.into()),
            WriteState::Sending => return Err(Refused::Sending { id }.into()),
            WriteState::Conflict => {
                let reason = write.reason.unwrap_or_default();
                return Err(Refused::Conflict { id, reason }.into());
            }
            WriteState::Done | WriteState::Discarded => return Err(ended(&id, write.state.word()).into()),
        }
        // While it was dead nobody asked whether a record that came meanwhile covers the same.
        if let Some(rival) = self.store.view().rivals(&record)?.first().filter(|_| !write.patch) {
            return Err(Refused::Rival { id, rival: rival.new.keitod_id.as_str().to_owned() }.into());
        }
        let Some(scope) = self.account.as_ref() else { return Err(Refused::NoAccount.into()) };
        let state = if reseal { "open" } else { "pending" };
        self.store.transact(|tx| {
            if reseal {
                undo_tally(tx, scope, &record)?;
                return tx.dissolve(&write);
            }
            (write.state, write.reason, write.absent_at) = (WriteState::Pending, None, None);
            write.next_at = now;
            tx.save_write(&write)
        })?;
        Ok(Acted { state, id: Some(id), ..Acted::default() })
    }

    /// Gives something up: it counts as billed and is never sent, also by a database that knows nothing of it.
    ///
    /// # Errors
    /// If it stands at Keito or may still arrive, or of the database.
    pub fn discard(&mut self, id: &str, reason: &str, now: Instant) -> Result<Acted, ActError> {
        let reason: String = reason.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
        if reason.is_empty() || reason.chars().count() > REASON {
            return Err(Refused::NoReason.into());
        }
        let mut facts = match self.find(id)? {
            Found::Record(_, Some(write)) if write.state == WriteState::Discarded => {
                return Ok(Acted { state: "discarded", id: Some(id.to_owned()), ..Acted::default() });
            }
            Found::Record(record, write) => vec![self.facts_of_write(id, &record, write.as_deref())?],
            Found::Group(due) => self.facts_of_group(id, &due, Verb::Discard, now)?,
        };
        facts.iter_mut().for_each(|facts| facts.reason = Some(reason.clone()));
        let list: Vec<_> = facts.into_iter().map(|facts| (now, Verb::Discard, facts)).collect();
        self.decide(&list)?;
        if let Err(error) = self.rule(&list, now) {
            // It is written down: nothing leaves before it is obeyed.
            self.rulings.obeyed = false;
            return Err(error.into());
        }
        let records = list.iter().map(|(_, _, facts)| facts.id.as_str().to_owned()).collect();
        Ok(Acted { state: "discarded", id: Some(id.to_owned()), records, ..Acted::default() })
    }

    /// Lets work go that waits for a person's look.
    ///
    /// # Errors
    /// If it does not wait for that, or of the database.
    pub fn approve(&mut self, id: &str, now: Instant) -> Result<Acted, ActError> {
        let due = match self.find(id)? {
            Found::Record(_, write) => {
                let state = write.map_or("done", |write| write.state.word());
                return Err(Refused::NotForReview { id: id.to_owned(), state }.into());
            }
            Found::Group(due) if due.waits_for_a_person() => due,
            Found::Group(due) => return Err(held(id, &due).into()),
        };
        let facts = self.facts_of_group(id, &due, Verb::Approve, now)?;
        let list: Vec<_> = facts.into_iter().map(|facts| (now, Verb::Approve, facts)).collect();
        self.decide(&list)?;
        self.store.transact(|tx| tx.recheck(due.session))?;
        Ok(Acted { state: "approved", id: Some(id.to_owned()), ..Acted::default() })
    }

    /// Nothing leaves any more until [`Clerk::resume`].
    ///
    /// # Errors
    /// Without an account, or of the database.
    pub fn pause(&mut self, now: Instant) -> Result<Acted, ActError> {
        let scope = self.account.as_mut().ok_or(Refused::NoAccount)?;
        scope.desk.pause(PauseReason::User, now);
        self.save_account()?;
        Ok(Acted { state: "paused", ..Acted::default() })
    }

    /// Ends the pause that status shows; one that it hid is shown then. Doing it without one changes nothing.
    ///
    /// # Errors
    /// Without an account, or of the database.
    pub fn resume(&mut self) -> Result<Acted, ActError> {
        let scope = self.account.as_mut().ok_or(Refused::NoAccount)?;
        let was = scope.desk.pause.map(|pause| pause.reason.code());
        scope.desk.resume();
        let state = if scope.desk.pause.is_some() { "paused" } else { "running" };
        self.save_account()?;
        Ok(Acted { state, was, ..Acted::default() })
    }

    /// Written down first; what follows in the store is derived from it, again after a crash.
    fn decide(&mut self, list: &[(Instant, Verb, Facts)]) -> Result<(), ActError> {
        let Some(account) = self.account.as_ref().map(|scope| scope.of.clone()) else {
            return Err(Refused::NoAccount.into());
        };
        let decision = |(at, verb, facts): &(Instant, Verb, Facts)| Decision {
            at: *at,
            account: Some(account.clone()),
            ruling: Ruling::On(*verb, Box::new(facts.clone())),
        };
        Ok(self.rulings.write(list.iter().map(decision).collect())?)
    }

    fn facts_of_write(
        &self,
        id: &str,
        record: &RecordRow,
        write: Option<&WriteRow>,
    ) -> Result<Facts, ActError> {
        let Some(write) = write else { return Err(ended(id, "done").into()) };
        let id = id.to_owned();
        match write.state {
            WriteState::Sending => return Err(Refused::Sending { id }.into()),
            WriteState::Unknown if write.patch => return Err(Refused::Unknown { id }.into()),
            WriteState::Done | WriteState::Discarded => return Err(ended(&id, write.state.word()).into()),
            WriteState::Pending | WriteState::Unknown | WriteState::Dead | WriteState::Conflict => {}
        }
        let view = self.store.view();
        let gone = || Refused::NotFound { id: record.new.keitod_id.as_str().to_owned() };
        let facts = facts_of(&view, record)?.ok_or_else(gone)?;
        if !write.patch {
            return Ok(facts);
        }
        let parts = view.stretches_of(record.id, Some(write.id))?;
        let place = (facts.day, facts.link.clone());
        let growth = Facts::time(Verb::Discard, (&facts.agent, &facts.session), place, parts);
        let others = view.stretches_beside(record.id, Some(write.id))?;
        let beside: u64 = others.iter().map(|(_, time)| stretches::seconds(time)).sum();
        let seconds = growth.seconds + beside;
        Ok(Facts { of: Some(record.new.keitod_id.clone()), seconds, others, ..growth }.with_own_time(record))
    }

    fn facts_of_group(
        &mut self,
        id: &str,
        due: &DueRow,
        verb: Verb,
        now: Instant,
    ) -> Result<Vec<Facts>, ActError> {
        let state = match due.reason.as_str() {
            "" => Some("open"),
            "excluded" => Some("excluded"),
            _ => None,
        };
        if let Some(state) = state {
            return Err(Refused::NotHeld { id: id.to_owned(), state }.into());
        }
        let changed = || Refused::Changed { id: id.to_owned() };
        let (head, key, sum) = self.group(due, now)?.ok_or_else(changed)?;
        let none = || Link { project: ProjectId::new(""), task: TaskId::new("") };
        let place = (key.1, key.2.clone().unwrap_or_else(none));
        let who = (&head.agent, &head.native);
        let facts = if due.expense {
            of_requests(verb, who, &place, &key.3, &sum)
        } else {
            vec![Facts::time(verb, who, place, stretches::union(sum.stretches))]
        };
        if facts.iter().all(|facts| facts.requests == 0 && facts.seconds == 0) {
            return Err(changed().into());
        }
        Ok(facts)
    }

    /// The facts of a group, computed afresh: the queue keeps only their sums.
    fn group(
        &mut self,
        due: &DueRow,
        now: Instant,
    ) -> Result<Option<(SessionHead, due::WaitingKey, Sum)>, Error> {
        let Some((loaded, sheet)) = self.sheet_of(due.session, now)? else { return Ok(None) };
        let found = sheet.waiting.into_iter().find(|(key, _)| is_row(key, due));
        Ok(found.map(|(key, sum)| (loaded.head, key, sum)))
    }

    /// A session as it is, and what is due of it.
    pub(super) fn sheet_of(
        &mut self,
        session: SessionRef,
        now: Instant,
    ) -> Result<Option<(Loaded, due::Sheet)>, Error> {
        let (calendar, _) = self.calendar();
        let (category, today) = (self.category(), self.workspace_today(now, &calendar));
        let Self { store, settings, policy, account, appended, settled, rulings, shares, books, .. } = self;
        store.transact(|tx: &Tx<'_>| {
            let (scope, seen): (Option<&Scope>, _) = (account.as_ref(), appended.get(&session).copied());
            let Some(mut loaded) = Self::load(tx, policy.as_mut(), scope, session, seen, now)? else {
                return Ok(None);
            };
            if settings.shares {
                let rank = super::shares::rank(tx, &loaded)?;
                loaded.session.others = shares.others(tx, scope, &loaded, &rank)?;
            }
            let bench = Bench {
                settings,
                policy: policy.as_ref(),
                account: scope,
                category: category.as_ref(),
                calendar: &calendar,
                today,
                settled: *settled,
                rulings,
                books,
                now,
            };
            let sheet = bench.with_rules(&loaded.head, |rules| due::due(&loaded.session, rules));
            Ok(Some((loaded, sheet)))
        })
    }
}

fn is_row((expense, day, link, model, waiting): &due::WaitingKey, row: &DueRow) -> bool {
    let (project, task) = link.as_ref().map_or(("", ""), |link| (link.project.as_str(), link.task.as_str()));
    let due::Waiting::Held(held) = waiting else { return false };
    *expense == row.expense
        && day.to_string() == row.day
        && (project, task, &**model, held.code()) == (&*row.project, &*row.task, &*row.model, &*row.reason)
}

/// As expenses are cut: parts of at most so many requests, what requests grew by apart from new ones.
fn of_requests(
    verb: Verb,
    who: (&crate::model::Agent, &crate::model::SessionId),
    place: &(crate::model::Day, Link),
    model: &str,
    sum: &Sum,
) -> Vec<Facts> {
    let mut items: Vec<Waits> = sum.items.clone();
    items.sort_by_key(|item| (item.excess, item.at, item.key));
    let alike = items.chunk_by(|a, b| a.excess == b.excess);
    let parts = alike.flat_map(|alike| alike.chunks(REQUESTS_PER_EXPENSE));
    let facts = parts.map(|part| {
        let requests: Vec<_> = part.iter().map(|item| (item.key, item.tokens)).collect();
        let at = |of: Option<&Waits>| of.map(|item| item.at).unwrap_or_default();
        let mut facts = Facts::time(verb, who, place.clone(), Vec::new());
        (facts.kind, facts.model) = (Kind::Expense, model.to_owned());
        (facts.first_at, facts.last_at) = (at(part.first()), at(part.last()));
        facts.excess = part.first().is_some_and(|item| item.excess);
        facts.with_requests(&requests).with_own_id(verb)
    });
    facts.collect()
}

fn held(id: &str, due: &DueRow) -> Refused {
    let id = id.to_owned();
    match due.reason.as_str() {
        "" => Refused::NotHeld { id, state: "open" },
        "excluded" => Refused::NotHeld { id, state: "excluded" },
        reason => {
            let remedy = Held::parse(reason).map_or("see `keitod queue show`", Held::remedy);
            Refused::Held { id, reason: reason.to_owned(), remedy }
        }
    }
}

fn ended(id: &str, state: &'static str) -> Refused {
    Refused::Ended { id: id.to_owned(), state }
}

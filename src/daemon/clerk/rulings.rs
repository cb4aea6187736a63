//! The decisions that are known, written down before what rests on them is committed.

use super::assigned::Assignment;
use super::decision::{Decision, Facts, Forget, Journal, Ruling, Verb};
use crate::ledger::admitted::Earlier;
use crate::ledger::days::Calendar;
use crate::ledger::due::Request;
use crate::ledger::stretches::{self, Stretch};
use crate::model::{Agent, Instant, KeitodId, Kind, SessionId};
use crate::store::{Account, Error, RecordRow, RecordState, Tx};

/// All decisions of the file, and those added since.
pub(super) struct Rulings {
    journal: Box<dyn Journal + Send>,
    all: Vec<Decision>,
    /// How many of them an earlier process left.
    earlier: usize,
    /// The database has what those of the account say.
    pub(super) obeyed: bool,
}

impl Default for Rulings {
    fn default() -> Self {
        Self::new(Vec::new(), Box::new(Forget))
    }
}

impl Rulings {
    pub(super) fn new(found: Vec<Decision>, journal: Box<dyn Journal + Send>) -> Self {
        let earlier = found.len();
        Self { journal, all: found, earlier, obeyed: earlier == 0 }
    }

    /// Writes decisions down, durably.
    pub(super) fn write(&mut self, decisions: Vec<Decision>) -> Result<(), Error> {
        if decisions.is_empty() {
            return Ok(());
        }
        self.journal.write(&decisions).map_err(|error| match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Error::Full,
            _ => Error::Unrecorded(error),
        })?;
        self.all.extend(decisions);
        Ok(())
    }

    fn of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Decision> {
        let same = |of: &Account| of.origin == account.origin && of.account == account.account;
        self.all.iter().filter(move |decision| decision.account.as_ref().is_some_and(same))
    }

    /// An earlier process decided something for this account.
    pub(super) fn has_earlier(&self, account: &Account) -> bool {
        let same = |of: &Account| of.origin == account.origin && of.account == account.account;
        self.all[..self.earlier].iter().any(|decision| decision.account.as_ref().is_some_and(same))
    }

    /// The zone that was pinned last, with its changes since, as [`Calendar::parse`] reads it.
    pub(super) fn zone(&self, account: &Account) -> Option<String> {
        let mut text: Option<String> = None;
        for decision in self.of(account) {
            if let Ruling::Zone(zone, from) = &decision.ruling {
                text = match (text, from) {
                    (Some(text), Some(from)) => Some(Calendar::with_change(&text, *from, zone)),
                    _ => Some(zone.clone()),
                };
            }
        }
        text
    }

    /// What of before the cut-off was admitted.
    pub(super) fn admitted(&self, account: &Account) -> Vec<Earlier> {
        let ranges = self.of(account).filter_map(|decision| match &decision.ruling {
            Ruling::Backfill(earlier) => Some(earlier.clone()),
            _ => None,
        });
        ranges.collect()
    }

    /// What was mapped after the fact, oldest first.
    pub(super) fn assignments(&self, account: &Account) -> Vec<Assignment> {
        let assigned = self.of(account).filter_map(|decision| match &decision.ruling {
            Ruling::Assign(assignment) => Some(Assignment::clone(assignment)),
            _ => None,
        });
        assigned.collect()
    }

    /// What was decided of facts but approvals, parts first, excess last: it adds to what they hold.
    pub(super) fn coverage(&self, account: &Account) -> Vec<(Instant, Verb, Facts)> {
        let facts = self.of(account).filter_map(|decision| match &decision.ruling {
            Ruling::On(verb, facts) if *verb != Verb::Approve => {
                Some((decision.at, *verb, Facts::clone(facts)))
            }
            _ => None,
        });
        let mut facts: Vec<_> = facts.collect();
        facts.sort_by_key(|(_, _, facts)| facts.excess);
        facts
    }

    /// Those of excess alone: each listing of expenses may bring what they add to.
    pub(super) fn excess<'a>(
        &'a self,
        account: &'a Account,
    ) -> impl Iterator<Item = (Instant, Verb, &'a Facts)> {
        self.of(account).filter_map(|decision| match &decision.ruling {
            Ruling::On(verb, facts) if *verb != Verb::Approve && facts.excess => {
                Some((decision.at, *verb, &**facts))
            }
            _ => None,
        })
    }

    fn approved<'a>(&'a self, account: Option<&'a Account>) -> impl Iterator<Item = &'a Facts> {
        let all = account.into_iter().flat_map(|account| self.of(account));
        all.filter_map(|decision| match &decision.ruling {
            Ruling::On(Verb::Approve, facts) => Some(&**facts),
            _ => None,
        })
    }

    /// Approved time of a session.
    pub(super) fn approved_time(
        &self,
        account: Option<&Account>,
        (agent, session): (&Agent, &SessionId),
    ) -> Vec<Stretch> {
        let own = self.approved(account).filter(|facts| facts.kind == Kind::Entry);
        let own = own.filter(|facts| facts.agent == *agent && facts.session == *session);
        stretches::union(own.flat_map(|facts| facts.stretches.iter().copied()).collect())
    }

    /// The approvals of an agent's requests.
    pub(super) fn approved_requests<'a>(
        &'a self,
        account: Option<&'a Account>,
        agent: &Agent,
    ) -> Vec<&'a Facts> {
        self.approved(account).filter(|facts| facts.kind == Kind::Expense && facts.agent == *agent).collect()
    }

    fn has(&self, account: &Account, id: &KeitodId, state: RecordState) -> bool {
        self.of(account).any(|decision| match &decision.ruling {
            // What was given up, and what was deleted, needs no word that it is closed too.
            Ruling::On(verb, facts) if facts.id == *id => match verb {
                Verb::Approve => false,
                Verb::ClosedByPerson => state == RecordState::Closed,
                Verb::Discard | Verb::DeletedByPerson => true,
            },
            _ => false,
        })
    }

    /// Writes down which records this transaction found closed or deleted by a person; last in it, before its commit.
    pub(super) fn note_closed(&mut self, tx: &Tx<'_>, account: &Account, now: Instant) -> Result<(), Error> {
        let mut list = Vec::new();
        for id in tx.closed() {
            let Some(record) = tx.record(id)? else { continue };
            let verb = match record.state {
                RecordState::Live => continue,
                RecordState::Closed => Verb::ClosedByPerson,
                RecordState::Deleted => Verb::DeletedByPerson,
            };
            if self.has(account, &record.new.keitod_id, record.state) {
                continue;
            }
            // Of a session whose logs are not here nothing could be sent again.
            if let Some(facts) = facts_of(tx, &record)? {
                let ruling = Ruling::On(verb, Box::new(facts));
                list.push(Decision { at: now, account: Some(account.clone()), ruling });
            }
        }
        self.write(list)
    }
}

/// Whether one of these approvals means this request.
pub(super) fn approves(approvals: &[&Facts], request: &Request) -> bool {
    approvals.iter().any(|facts| {
        facts.model == *request.model
            && (facts.first_at..=facts.last_at).contains(&request.at)
            && facts.keys.binary_search(&request.key.prefix()).is_ok()
    })
}

/// What a record holds, by content.
pub(super) fn facts_of(tx: &Tx<'_>, record: &RecordRow) -> Result<Option<Facts>, Error> {
    let of = &record.new;
    let Some(head) = of.session.map(|session| tx.session_head(session)).transpose()?.flatten() else {
        return Ok(None);
    };
    let stretches = if of.kind == Kind::Entry { tx.stretches_of(record.id, None)? } else { Vec::new() };
    let mut facts =
        Facts::time(Verb::Discard, (&head.agent, &head.native), (of.day, of.link.clone()), stretches);
    facts.others = if of.kind == Kind::Entry { tx.stretches_beside(record.id, None)? } else { Vec::new() };
    (facts.id, facts.kind) = (of.keitod_id.clone(), of.kind);
    (facts.first_at, facts.last_at, facts.seconds) = (of.first_at, of.last_at, of.seconds);
    facts.model.clone_from(&of.model);
    (facts.excess, facts.remote) = (of.excess, of.remote.clone());
    let keys: Vec<_> = tx.keys_of(record.id)?.into_iter().map(|held| (held.key, held.tokens)).collect();
    Ok(Some(facts.with_requests(&keys)))
}

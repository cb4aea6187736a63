//! What people decided, and what the clerk saw them do at Keito: values that outlive the database.
//!
//! They name facts by content, not our records: a wiped database reads them back and bills nobody for what they cover.

use std::fmt;
use std::io;

use super::assigned::Assignment;
use crate::coverage::{Listed, Posted};
use crate::ledger::admitted::Earlier;
use crate::ledger::stretches::Stretch;
use crate::model::{
    Agent, Covers, Day, Instant, KeitodId, Kind, Link, RemoteId, RequestKey, SessionId, Tokens, hash128,
};
use crate::store::Account;

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// When.
    pub at: Instant,
    /// For which account; the cut-off is for all.
    pub account: Option<Account>,
    /// What.
    pub ruling: Ruling,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Ruling {
    /// Only facts at or after this instant become records.
    Since(Instant),
    /// Days are those of this IANA zone, from an instant on; without one from the beginning.
    Zone(String, Option<Instant>),
    /// Work before the cut-off becomes records too.
    Backfill(Earlier),
    /// Facts were mapped after the fact.
    Assign(Box<Assignment>),
    /// Something about these facts.
    On(Verb, Box<Facts>),
}

/// What was decided about facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// They may be sent although everything waits for review.
    Approve,
    /// They are given up and count as billed.
    Discard,
    /// A person deleted their record at Keito: it is never made again.
    DeletedByPerson,
    /// A person edited or locked their entry at Keito: it does not grow any more.
    ClosedByPerson,
}

impl Verb {
    /// The `kind` in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Discard => "discard",
            Self::DeletedByPerson => "deleted_by_person",
            Self::ClosedByPerson => "closed_by_person",
        }
    }

    /// The verb of a `kind`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Approve, Self::Discard, Self::DeletedByPerson, Self::ClosedByPerson];
        all.into_iter().find(|verb| verb.word() == word)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Facts by content.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// The record that held them, else an id of their own made from them.
    pub id: KeitodId,
    /// The entry that was to grow by them.
    pub of: Option<KeitodId>,
    /// Time or expense.
    pub kind: Kind,
    /// Their agent.
    pub agent: Agent,
    /// Their session.
    pub session: SessionId,
    /// Their model; of time the one with most output, or none.
    pub model: String,
    /// Local day.
    pub day: Day,
    /// Where they went or would have gone; empty without a link.
    pub link: Link,
    /// First instant.
    pub first_at: Instant,
    /// Last instant.
    pub last_at: Instant,
    /// Seconds of time.
    pub seconds: u64,
    /// Exactly which time; Unix seconds, so that no zone is in them.
    pub stretches: Vec<Stretch>,
    /// Time of other sessions on the same entry, that of a day.
    pub others: Vec<(SessionId, Vec<Stretch>)>,
    /// Sum of the request keys.
    pub covers: Covers,
    /// First three bytes of each key, sorted.
    pub keys: Vec<[u8; 3]>,
    /// Requests.
    pub requests: u64,
    /// Tokens.
    pub tokens: Tokens,
    /// Only what requests grew by after they were billed.
    pub excess: bool,
    /// Keito's id.
    pub remote: Option<RemoteId>,
    /// What the person said.
    pub reason: Option<String>,
}

impl Facts {
    /// Time of a session under an id made from it and `of`.
    #[must_use]
    pub fn time(verb: Verb, head: (&Agent, &SessionId), at: (Day, Link), stretches: Vec<Stretch>) -> Self {
        let first = stretches.iter().map(|(start, _)| *start).min().unwrap_or(0);
        let last = stretches.iter().map(|(_, end)| *end).max().unwrap_or(0);
        let seconds = crate::ledger::stretches::seconds(&stretches);
        let parts: [&[u8]; 6] = [
            verb.word().as_bytes(),
            head.0.as_str().as_bytes(),
            head.1.as_str().as_bytes(),
            &first.to_be_bytes(),
            &last.to_be_bytes(),
            &seconds.to_be_bytes(),
        ];
        Self {
            id: KeitodId::new(format!("k1{:032x}", hash128(&parts))),
            of: None,
            kind: Kind::Entry,
            agent: head.0.clone(),
            session: head.1.clone(),
            model: String::new(),
            day: at.0,
            link: at.1,
            first_at: Instant::from_seconds(first),
            last_at: Instant::from_seconds(last),
            seconds,
            stretches,
            others: Vec::new(),
            covers: Covers::default(),
            keys: Vec::new(),
            requests: 0,
            tokens: Tokens::default(),
            excess: false,
            remote: None,
            reason: None,
        }
    }

    /// Of growth that is other sessions' time alone: the range is theirs, and the id tells it from any other.
    #[must_use]
    pub fn with_own_time(mut self, record: &crate::store::RecordRow) -> Self {
        let all = || self.others.iter().flat_map(|(_, time)| time).chain(&self.stretches);
        let (first, last) = (all().map(|(start, _)| *start).min(), all().map(|(_, end)| *end).max());
        (self.first_at, self.last_at) =
            (Instant::from_seconds(first.unwrap_or(0)), Instant::from_seconds(last.unwrap_or(0)));
        if !self.others.is_empty() {
            let parts: [&[u8]; 3] =
                [b"growth", record.new.keitod_id.as_str().as_bytes(), &self.seconds.to_be_bytes()];
            self.id = KeitodId::new(format!("k1{:032x}", hash128(&parts)));
        }
        self
    }

    /// Sets the requests: their keys with the tokens that are meant of each.
    #[must_use]
    pub fn with_requests(mut self, requests: &[(RequestKey, Tokens)]) -> Self {
        self.covers = Covers::of(requests.iter().map(|(key, _)| key.0));
        self.keys = requests.iter().map(|(key, _)| key.prefix()).collect();
        self.keys.sort_unstable();
        self.requests = requests.len() as u64;
        requests.iter().for_each(|(_, tokens)| self.tokens.add(tokens));
        self
    }

    /// An id made from all of it, for requests that no record held.
    #[must_use]
    pub fn with_own_id(mut self, verb: Verb) -> Self {
        let counts: Vec<u8> = self.tokens.classes().iter().flat_map(|count| count.to_be_bytes()).collect();
        let parts: [&[u8]; 6] = [
            verb.word().as_bytes(),
            self.agent.as_str().as_bytes(),
            self.model.as_bytes(),
            &self.covers.0.to_be_bytes(),
            &[u8::from(self.excess)],
            &counts,
        ];
        self.id = KeitodId::new(format!("k1{:032x}", hash128(&parts)));
        self
    }

    /// As if Keito listed a record that holds them: what adoption reads.
    pub(super) fn listed(&self) -> (Listed, Posted) {
        let posted = Posted {
            keitod_id: self.id.clone(),
            session: self.session.as_str().to_owned(),
            agent: self.agent.as_str().to_owned(),
            model: self.model.clone(),
            first_at: self.first_at,
            last_at: self.last_at,
            covers: Some(self.covers),
            keys: Some(self.keys.clone()),
            requests: self.requests,
            tokens: self.tokens,
            usd: None,
            rate: None,
            markup_percent: None,
            seconds: self.seconds,
            part: 1,
            excess: self.excess,
            machine: String::new(),
        };
        let row = Listed {
            kind: self.kind,
            id: self.remote.clone().unwrap_or_else(|| RemoteId::new("")),
            user: None,
            day: self.day,
            project: self.link.project.as_str().to_owned(),
            task: self.link.task.as_str().to_owned(),
            hours: None,
            amount: None,
            notes: None,
            frozen: true,
            posted: None,
            skill_session: None,
        };
        (row, posted)
    }
}

/// Where decisions are written down. Called inside the transaction that acts on them, before its commit: a crash
/// between the two leaves a decision that is obeyed again, which changes nothing; the other order could lose one with
/// the database, and with it send again what a person had deleted.
pub trait Journal {
    /// Appends and syncs.
    ///
    /// # Errors
    /// If they may not be on disk: then nothing that rests on them is committed.
    fn write(&mut self, decisions: &[Decision]) -> io::Result<()>;
}

/// Keeps nothing: simulations and rehearsals.
#[derive(Debug, Clone, Copy)]
pub struct Forget;

impl Journal for Forget {
    fn write(&mut self, _: &[Decision]) -> io::Result<()> {
        Ok(())
    }
}

//! What a day cost in requests, and what it had to cost.
//!
//! The ideal is the sum of
//!
//! 1. one request for the user and two for the category (its page of expenses, and the categories themselves), and each
//!    of them again as often as it failed;
//! 2. every attempt of a write that left before the server had carried that write out: one for each write, and one more
//!    for each of its attempts that failed without being carried out;
//! 3. one listing per batch and kind, as often as a listing had to be asked for on that day until it came (listings asked
//!    for, by listings that came). Before it leaves, a write wants one that began after it was sealed; afterwards an
//!    ambiguous POST wants one when its attempt has ended, and another a grace time later if the server had not carried
//!    it out by then, and an ambiguous PATCH wants one when its attempt has ended. A batch is all that wants a listing of
//!    one kind within 60 s of the first, what is before and what is after an attempt apart: no listing is both.
//!
//! Everything else is waste: listings that a restart forgot or a delay outlived, those that prove the first record, a
//! listing that came too early for the next record, attempts after one that was carried out; and what of these failed.

use std::collections::BTreeSet;
use std::time::Duration;

use keitod::daemon::clerk::Effect;
use keitod::model::{Instant, Kind, WriteRef};
use keitod::store::WriteRow;

use super::history::GRACE;

const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Bill {
    /// Every request that left.
    sent: Vec<Instant>,
    /// Those that are updates.
    updates: Vec<Instant>,
    /// Those that are listings.
    lists: u64,
    failed_lists: u64,
    /// Failures of requests for the user and the category.
    failed_others: u64,
    others: u64,
    attempts: u64,
    /// Attempts of writes that the server had carried out before.
    vain: u64,
    applied: BTreeSet<WriteRef>,
    writes: BTreeSet<WriteRef>,
    /// Of each kind before an attempt, then of each kind after one.
    wants: [Vec<Instant>; 4],
    pub restarts: usize,
}

fn slot(kind: Kind) -> usize {
    usize::from(kind == Kind::Expense)
}

impl Bill {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn sealed(&mut self, write: &WriteRow) {
        if self.writes.insert(write.id) {
            self.wants[slot(write.kind)].push(write.sealed_at);
        }
    }

    pub fn left(&mut self, effect: &Effect, now: Instant) {
        self.sent.push(now);
        match effect {
            Effect::Me | Effect::Category { .. } | Effect::Projects { .. } => self.others += 1,
            Effect::List { .. } => self.lists += 1,
            Effect::Send { write, patch, .. } => {
                self.attempts += 1;
                self.vain += u64::from(self.applied.contains(write));
                if patch.is_some() {
                    self.updates.push(now);
                }
            }
        }
    }

    /// It has no answer, or a bad one.
    pub fn failed(&mut self, effect: &Effect) {
        match effect {
            Effect::Me | Effect::Category { .. } | Effect::Projects { .. } => self.failed_others += 1,
            Effect::List { .. } => self.failed_lists += 1,
            Effect::Send { .. } => {}
        }
    }

    pub fn applied(&mut self, effect: &Effect) {
        if let Effect::Send { write, .. } = effect {
            self.applied.insert(*write);
        }
    }

    /// The attempt ended now, and nobody knows what became of it.
    pub fn ambiguous(&mut self, effect: &Effect, now: Instant) {
        let Effect::Send { write, kind, patch, .. } = effect else { return };
        self.wants[2 + slot(*kind)].push(now);
        if patch.is_none() && !self.applied.contains(write) {
            self.wants[2 + slot(*kind)].push(now.plus(GRACE));
        }
    }

    fn batches(&self) -> u64 {
        let mut count = 0;
        for wants in &self.wants {
            let mut wants = wants.clone();
            wants.sort_unstable();
            let mut first: Option<Instant> = None;
            for at in wants {
                if first.is_none_or(|first| at.since(first) > MINUTE) {
                    (first, count) = (Some(at), count + 1);
                }
            }
        }
        count
    }

    pub fn requests(&self) -> u64 {
        self.sent.len() as u64
    }

    pub fn ideal(&self) -> u64 {
        let came = (self.lists - self.failed_lists).max(1);
        3 + self.failed_others + (self.attempts - self.vain) + self.batches() * self.lists / came
    }

    /// The most requests, and the most updates, in any 60 s.
    pub fn busiest(&self) -> (usize, usize) {
        (busiest(&self.sent), busiest(&self.updates))
    }

    pub fn writes(&self) -> usize {
        self.writes.len()
    }

    pub fn told(&self) -> String {
        let (all, updates) = self.busiest();
        format!(
            "{} writes: {} requests, ideal {}, ratio {}.{:03}; busiest 60 s {all}, updates {updates}; {} restarts\n\
             attempts {} ({} in vain), listings {} ({} failed, {} batches), others {} ({} failed)",
            self.writes.len(),
            self.requests(),
            self.ideal(),
            self.requests() / self.ideal(),
            self.requests() * 1000 / self.ideal() % 1000,
            self.restarts,
            self.attempts,
            self.vain,
            self.lists,
            self.failed_lists,
            self.batches(),
            self.others,
            self.failed_others,
        )
    }
}

fn busiest(sent: &[Instant]) -> usize {
    let (mut first, mut most) = (0, 0);
    for (last, at) in sent.iter().enumerate() {
        while at.since(sent[first]) >= MINUTE {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

//! Effects that somebody carries out: their answers are still to come.

use std::collections::BTreeSet;

use super::{Answer, Clerk, Effect, slot};
use crate::model::{Instant, Kind, WriteRef};
use crate::store::{Damage, Error};

/// What was given out and not answered.
#[derive(Debug, Default)]
pub(super) struct Given {
    me: bool,
    category: bool,
    projects: bool,
    lists: [bool; 2],
    sends: BTreeSet<WriteRef>,
}

impl Given {
    /// These leave now.
    pub(super) fn note(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Me => self.me = true,
                Effect::Category { .. } => self.category = true,
                Effect::Projects { .. } => self.projects = true,
                Effect::List { kind, .. } => self.lists[slot(*kind)] = true,
                Effect::Send { write, .. } => drop(self.sends.insert(*write)),
            }
        }
    }

    /// A page of the projects is on its way.
    pub(super) fn is_asked_for_projects(&self) -> bool {
        self.projects
    }

    /// Writes that are on their way.
    pub(super) fn sends(&self) -> impl Iterator<Item = &WriteRef> {
        self.sends.iter()
    }

    /// This has come back, and what follows from it is stored.
    pub(super) fn answered(&mut self, of: Asked) {
        match of {
            Asked::Me => self.me = false,
            Asked::Category => self.category = false,
            Asked::Projects => self.projects = false,
            Asked::List(kind) => self.lists[slot(kind)] = false,
            Asked::Send(write) => drop(self.sends.remove(&write)),
        }
    }
}

/// What an answer is the answer to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked {
    Me,
    Category,
    Projects,
    List(Kind),
    Send(WriteRef),
}

impl Asked {
    pub(super) fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Me(_) => Self::Me,
            Answer::Category { .. } => Self::Category,
            Answer::Projects { .. } => Self::Projects,
            Answer::List { kind, .. } => Self::List(*kind),
            Answer::Send { write, .. } | Answer::Broken { write } => Self::Send(*write),
        }
    }
}

impl Clerk {
    /// How the store is hurt, if it is: until [`Clerk::mend`] nothing else may be asked of the clerk.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.store.damage()
    }

    /// The file is damaged, says somebody who looked at all of it: only a start puts that right.
    pub fn condemn(&mut self, what: &str) {
        self.store.condemn(what);
    }

    /// Opens the store again and goes on from what it says. Requests that are under way go on too: their answers are
    /// still worth something.
    ///
    /// # Errors
    /// As [`crate::store::Store::mend`]; ask again later.
    pub fn mend(&mut self, now: Instant) -> Result<(), Error> {
        self.store.mend()?;
        let account = self.account.as_ref().map(|scope| scope.id);
        let Self { store, given, .. } = self;
        let account = store.transact(|tx| {
            // What was committed though the commit failed is found again, and what was taken for committed is not.
            tx.recheck_all()?;
            let Some(id) = account else { return Ok(None) };
            tx.take_back(id, &|write| given.sends.contains(&write))?;
            tx.account_of(id)
        })?;
        self.lines = Default::default();
        if let Some(account) = &account {
            self.set_account(Some(account), now)?;
        }
        (self.me_asked, self.category_asked) = (self.given.me, self.given.category);
        for (line, given) in self.lines.iter_mut().zip(self.given.lists) {
            // A page on its way belongs to the listing that asked for it, and must not be taken for one of a later.
            line.stale = given;
        }
        Ok(())
    }

    /// Whether anything may leave: what comes back could not be stored on a full disk.
    pub fn set_sends(&mut self, sends: bool) {
        self.sends = sends;
    }
}

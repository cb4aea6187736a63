//! The projects and tasks that Keito lists: links are checked against them before anything is sealed for them.
//!
//! Asked for once a day, and sooner when something is held because its project is closed. A server that does not list
//! them is no reason to hold anything: then it is its refusals that tell.

use std::time::Duration;

use super::{Clerk, Effect, Polled, ProjectPage, wake};
use crate::deliver::{Outcome, Unsent};
use crate::ledger::held::Held;
use crate::mapping::{Catalogue, Project};
use crate::model::Instant;
use crate::store::{Error, Tx, books_key};

const DAY: Duration = Duration::from_secs(86_400);
/// While something waits for a project to be opened again.
const SOON: Duration = Duration::from_secs(600);
/// So often in a row the listing may fail before nothing waits for it any more.
const TRIES: u32 = 3;

/// What is known of the account's projects.
#[derive(Debug, Default)]
pub(super) struct Books {
    known: Option<Catalogue>,
    looked_at: Option<Instant>,
    /// The next look comes sooner than usual: at this instant.
    again_at: Option<Instant>,
    failed: u32,
    pub(super) asked: bool,
    paging: Option<Paging>,
}

#[derive(Debug)]
struct Paging {
    active: bool,
    page: u32,
    found: Vec<Project>,
    /// Of the projects of one kind.
    rows: usize,
}

impl Books {
    /// As the database has them, for whoever may only look.
    pub(super) fn stored(tx: &Tx<'_>, account: crate::model::AccountRef) -> Result<Self, Error> {
        let text = tx.meta(&books_key(account))?;
        let kept = text.and_then(|text| serde_json::from_str::<(i64, Catalogue)>(&text).ok());
        Ok(Self { known: kept.map(|(_, known)| known), ..Self::default() })
    }

    /// All projects; `None`: nothing is known of them.
    pub(super) fn known(&self) -> Option<&Catalogue> {
        self.known.as_ref()
    }

    /// Keito has listed them, or does not.
    pub(super) fn is_settled(&self) -> bool {
        self.known.is_some() || self.looked_at.is_some() || self.failed >= TRIES
    }

    /// Takes them as not listed, if nothing is known of them: nothing waits for the list then.
    pub(super) fn presume(&mut self, now: Instant) {
        self.looked_at.get_or_insert(now);
    }

    fn due_at(&self) -> Option<Instant> {
        let daily = self.looked_at.map(|at| at.plus(DAY));
        match (daily, self.again_at) {
            (Some(daily), Some(again)) => Some(daily.min(again)),
            (daily, again) => daily.or(again),
        }
    }
}

impl Clerk {
    /// What an earlier process learned of the account's projects.
    pub(super) fn open_books(&mut self) -> Result<(), Error> {
        self.books = Books { asked: self.given.is_asked_for_projects(), ..Books::default() };
        let Some(scope) = &self.account else { return Ok(()) };
        let text = self.store.view().meta(&books_key(scope.id))?;
        let kept = text.and_then(|text| serde_json::from_str::<(i64, Catalogue)>(&text).ok());
        if let Some((at, known)) = kept {
            (self.books.known, self.books.looked_at) = (Some(known), Some(Instant::from_millis(at)));
        }
        self.want_books_if_held()
    }

    /// The account's projects, as Keito last listed them.
    #[must_use]
    pub fn catalogue(&self) -> Option<&Catalogue> {
        self.books.known()
    }

    /// Something waits for its project: it may have been opened meanwhile.
    pub(super) fn want_books_if_held(&mut self) -> Result<(), Error> {
        if self.settings.checks_links && self.waits_for_project()? {
            self.books.again_at = Some(Instant::from_millis(0));
        }
        Ok(())
    }

    fn waits_for_project(&self) -> Result<bool, Error> {
        let Some(scope) = &self.account else { return Ok(false) };
        let (view, code) = (self.store.view(), Held::ProjectClosed.code());
        let parked = |reason: &Option<String>| reason.as_deref().is_some_and(|of| of.starts_with(code));
        Ok(view.dues()?.iter().any(|due| due.reason == code)
            || view.unfinished(scope.id)?.iter().any(|write| parked(&write.reason)))
    }

    /// Asks for the next page, if it is time.
    pub(super) fn find_projects(&mut self, now: Instant, polled: &mut Polled) -> Result<(), Error> {
        if !self.settings.checks_links || self.books.asked {
            return Ok(());
        }
        if let Some(at) = self.books.due_at().filter(|at| *at > now && self.books.paging.is_none()) {
            wake(polled, at, false);
            return Ok(());
        }
        if !self.spend(now, false, polled)? {
            return Ok(());
        }
        let first = || Paging { active: true, page: 1, found: Vec::new(), rows: 0 };
        let paging = self.books.paging.get_or_insert_with(first);
        polled.effects.push(Effect::Projects { active: paging.active, page: paging.page });
        self.books.asked = true;
        Ok(())
    }

    pub(super) fn found_projects(
        &mut self,
        active: bool,
        outcome: Outcome<ProjectPage>,
        now: Instant,
        random: u32,
    ) -> Result<(), Error> {
        self.books.asked = false;
        self.note(&outcome, now, random);
        self.save_account()?;
        let Some(mut paging) = self.books.paging.take().filter(|paging| paging.active == active) else {
            return Ok(());
        };
        match outcome {
            Outcome::Applied(page) => {
                paging.rows += page.projects.len();
                paging.found.extend(page.projects);
                if page.more {
                    self.books.paging = Some(Paging { page: paging.page + 1, ..paging });
                    return Ok(());
                }
                // Rows that moved between pages: what it lacks is not closed.
                let whole = page.total.is_none_or(|total| total == paging.rows as u64);
                if !whole {
                    return self.books_failed(true, now);
                }
                if active {
                    self.books.paging = Some(Paging { active: false, page: 1, rows: 0, ..paging });
                    return Ok(());
                }
                self.set_catalogue(Catalogue { projects: paging.found }, now)
            }
            // The archived ones only have names to give.
            _ if !active => self.set_catalogue(Catalogue { projects: paging.found }, now),
            Outcome::NotSent(Unsent::Certificate(_)) | Outcome::AppliedUnread { .. } => {
                self.books_failed(false, now)
            }
            Outcome::NotSent(_) | Outcome::Unknown { .. } => self.books_failed(true, now),
            Outcome::Refused(refusal) => {
                self.books_failed(refusal.status == 429 || refusal.status >= 500, now)
            }
        }
    }

    fn books_failed(&mut self, passes: bool, now: Instant) -> Result<(), Error> {
        let settled = self.books.is_settled();
        self.books.failed = self.books.failed.saturating_add(1);
        let wait = Duration::from_secs(1).saturating_mul(1 << self.books.failed.min(12));
        if passes && self.books.failed < 12 {
            self.books.again_at = Some(now.plus(wait));
        } else {
            (self.books.looked_at, self.books.again_at) = (Some(now), None);
        }
        // What was ready waited for this alone.
        if self.books.is_settled() && !settled { self.recheck_all() } else { Ok(()) }
    }

    /// The projects as they were listed just now. What was sealed for one that is closed and never left is taken back,
    /// and what waits for one that is open again is tried.
    ///
    /// # Errors
    /// Of the database.
    pub fn set_catalogue(&mut self, mut listed: Catalogue, now: Instant) -> Result<(), Error> {
        let Some(id) = self.account.as_ref().map(|scope| scope.id) else { return Ok(()) };
        let mut seen = std::collections::BTreeSet::new();
        // A server that does not know the filter lists the active ones twice.
        listed.projects.retain(|project| seen.insert(project.id.clone()));
        // A key that sees none proves nothing; the refusals of its writes will.
        let known = Some(listed).filter(|listed| listed.projects.iter().any(|project| project.active));
        let settled = self.books.is_settled();
        let changed = known != self.books.known;
        (self.books.known, self.books.looked_at) = (known, Some(now));
        (self.books.failed, self.books.again_at, self.books.paging) = (0, None, None);
        if changed {
            let Self { store, account, books, .. } = self;
            let Some(scope) = account else { return Ok(()) };
            scope.desk.refusals.try_now(now);
            store.transact(|tx| {
                if let Some(known) = &books.known {
                    let text = serde_json::to_string(&(now.millis(), known)).unwrap_or_default();
                    tx.set_meta(&books_key(id), &text)?;
                    take_back(tx, scope, known)?;
                }
                Ok(())
            })?;
            self.save_account()?;
        } else if let Some(known) = &self.books.known {
            let text = serde_json::to_string(&(now.millis(), known)).unwrap_or_default();
            self.store.transact(|tx| tx.set_meta(&books_key(id), &text))?;
        }
        if changed || !settled {
            self.recheck_all()?;
        }
        if self.waits_for_project()? {
            self.books.again_at = Some(now.plus(SOON));
        }
        Ok(())
    }
}

/// Writes that never left, for a link on which nothing can be booked, are due again and held.
fn take_back(tx: &Tx<'_>, scope: &super::Scope, known: &Catalogue) -> Result<(), Error> {
    use crate::model::Kind;
    for write in tx.unfinished(scope.id)? {
        let task = (write.kind == Kind::Entry).then_some(&write.link.task);
        if write.patch || write.attempts > 0 || known.check(&write.link.project, task).is_ok() {
            continue;
        }
        // Taking one back may have taken others of the same sum with it.
        let Some((write, ..)) = tx.write(write.id)? else { continue };
        let Some(record) = tx.record(write.record)? else { continue };
        super::listing::undo_tally(tx, scope, &record)?;
        tx.dissolve(&write)?;
    }
    Ok(())
}

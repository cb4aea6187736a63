//! Requests that the clerk wants carried out, and what came of them.

use std::sync::Arc;

use crate::coverage::Listed;
use crate::deliver::Outcome;
use crate::mapping::Project;
use crate::model::{Amount, CategoryId, Day, Kind, RemoteId, UserId, WriteRef};

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// `GET /users/me`.
    Me,
    /// Look for the expense category in a page of all expenses of these dates; after the last page in
    /// `/expense_categories`.
    Category {
        /// First date.
        from: Day,
        /// Last date.
        to: Day,
        /// Page, from 1; 0: the categories themselves.
        page: u32,
    },
    /// A page of the projects.
    Projects {
        /// Those that can be booked on; else the archived ones.
        active: bool,
        /// Page, from 1.
        page: u32,
    },
    /// A page of a listing.
    List {
        /// Entries or expenses.
        kind: Kind,
        /// First date.
        from: Day,
        /// Last date.
        to: Day,
        /// Only this user's.
        user: Option<UserId>,
        /// Page, from 1.
        page: u32,
    },
    /// A sealed write.
    Send {
        /// Which.
        write: WriteRef,
        /// Entry or expense.
        kind: Kind,
        /// PATCH this record instead of POST.
        patch: Option<RemoteId>,
        /// The bytes.
        body: Arc<[u8]>,
        /// `Idempotency-Key`.
        idempotency: String,
    },
}

/// What `/users/me` says, as far as delivery needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeFound {
    /// The user.
    pub user: Option<UserId>,
    /// Company currency.
    pub currency: Option<String>,
    /// Company zone, else the user's.
    pub zone: Option<String>,
    /// The key cannot write: a read-only sync key.
    pub read_only: bool,
}

/// What a POST or PATCH echoed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Echoed {
    /// Keito's id.
    pub id: RemoteId,
    /// Hours as stored.
    pub hours: Option<Amount>,
    /// Amount as stored.
    pub amount: Option<Amount>,
}

/// A page of the projects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectPage {
    /// Those with an id.
    pub projects: Vec<Project>,
    /// Rows in all, if the server says.
    pub total: Option<u64>,
    /// There is another page.
    pub more: bool,
}

/// A page of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPage {
    /// Its rows.
    pub rows: Vec<Listed>,
    /// `total_entries`.
    pub total: Option<u64>,
    /// There is another page.
    pub more: bool,
    /// Rows without an id or date.
    pub unreadable: u64,
}

/// The outcome of an [`Effect`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// Of [`Effect::Me`].
    Me(Outcome<MeFound>),
    /// Of [`Effect::Category`]: the category if this page named it, and whether there is another page.
    Category {
        /// First date asked for.
        from: Day,
        /// Last date asked for.
        to: Day,
        /// Page asked for.
        page: u32,
        /// What came.
        outcome: Outcome<(Option<CategoryId>, bool)>,
    },
    /// Of [`Effect::Projects`].
    Projects {
        /// What was asked for.
        active: bool,
        /// What came.
        outcome: Outcome<ProjectPage>,
    },
    /// Of [`Effect::List`].
    List {
        /// Entries or expenses.
        kind: Kind,
        /// What came.
        outcome: Outcome<ListPage>,
    },
    /// Of [`Effect::Send`].
    Send {
        /// Which.
        write: WriteRef,
        /// What came.
        outcome: Outcome<Echoed>,
    },
    /// Carrying out an [`Effect::Send`] panicked: nobody knows whether something left.
    Broken {
        /// Which.
        write: WriteRef,
    },
}

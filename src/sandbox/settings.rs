//! The switches: each names something the real server may do either way.

use super::clock::Clock;
use super::refusal::Shape;
use super::rounding::Rounding;
use super::rows::{Category, Client, Person, Project, Task};
use super::seed;
use jiff::tz::TimeZone;
use std::fmt;

/// What the sandbox holds and how it behaves. [`Settings::default`] is the best supported reading of the real server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Seed of ids, shuffled lists and faults by chance.
    pub seed: u64,
    /// The clock that dates and `created_at` come from.
    pub clock: Clock,

    /// Company id, the value of `Keito-Account-Id`.
    pub account: String,
    /// Company name.
    pub company: String,
    /// Currency code.
    pub currency: String,
    /// The company's zone.
    pub zone: TimeZone,
    /// Time rounding.
    pub rounding: Rounding,
    /// The keys that are accepted.
    pub keys: Vec<Key>,
    /// People; each key names one of them.
    pub people: Vec<Person>,
    /// Clients.
    pub clients: Vec<Client>,
    /// Projects.
    pub projects: Vec<Project>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Expense categories.
    pub categories: Vec<Category>,

    /// What a key with the account id of somebody else gets.
    pub wrong_company: WrongCompany,
    /// Body of refusals.
    pub error_shape: Shape,
    /// Status of a refused field value: 400, or 422.
    pub invalid_status: u16,
    /// Status of a creation: 201 (seen in SDK fixtures), or 200 (as the specification says).
    pub create_status: u16,
    /// Single objects come as `{"time_entry": {…}}` instead of bare.
    pub wrap_single: bool,
    /// Unknown fields of a POST are refused. Not known of the real server; on, because it shows clients that send too much.
    pub strict_create: bool,
    /// Order of lists.
    pub order: Order,
    /// Rows a page without `per_page`.
    pub per_page: usize,
    /// Largest `per_page`; more is cut to it. 2000 by the specification, 200 by live notes.
    pub max_per_page: usize,
    /// `GET /expense_categories`.
    pub list_categories: Categories,
    /// `Idempotency-Key` on time entries.
    pub time_idempotency: Idempotency,
    /// `Idempotency-Key` on expenses.
    pub expense_idempotency: Idempotency,
    /// `total_cost` is cut to so many decimals before it is stored and echoed.
    pub cost_decimals: Option<u32>,
    /// Largest serialized `metadata`, bytes.
    pub metadata_limit: usize,
    /// What becomes of `billable` in a request.
    pub billability: Billability,
    /// Entries without notes are refused.
    pub require_notes: bool,
    /// Time older than so many days can neither be created nor changed.
    pub lock_after_days: Option<u32>,
    /// Expenses may carry a date ahead of the company's today.
    pub future_expense_dates: bool,
    /// The company uses expenses at all.
    pub expenses: bool,
    /// 429 with `Retry-After` beyond this rate.
    pub rate_limit: Option<LimitPerMinute>,
    /// Requests the journal keeps.
    pub journal: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            clock: Clock::default(),
            account: seed::ACCOUNT.to_owned(),
            company: "Lakeside Studio".to_owned(),
            currency: "USD".to_owned(),
            zone: TimeZone::UTC,
            rounding: Rounding::None,
            keys: vec![Key::full(seed::KEY, seed::ids::ME)],
            people: seed::people(),
            clients: seed::clients(),
            projects: seed::projects(),
            tasks: seed::tasks(),
            categories: seed::categories(),
            wrong_company: WrongCompany::NotFound,
            error_shape: Shape::Flat,
            invalid_status: 400,
            create_status: 201,
            wrap_single: false,
            strict_create: true,
            order: Order::NewestFirst,
            per_page: 100,
            max_per_page: 2000,
            list_categories: Categories::Html404,
            time_idempotency: Idempotency::Ignored,
            expense_idempotency: Idempotency::Ignored,
            cost_decimals: None,
            metadata_limit: 4096,
            billability: Billability::Allowed,
            require_notes: false,
            lock_after_days: None,
            future_expense_dates: false,
            expenses: true,
            rate_limit: None,
            journal: 20_000,
        }
    }
}

/// A key and what it opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// The bearer token. One with two dots passes for a JWT: it needs no account header.
    pub token: String,
    /// Whose key.
    pub user: String,
    /// What it may do.
    pub scope: Scope,
}

impl Key {
    /// A full-access key of `user`.
    pub fn full(token: impl Into<String>, user: impl Into<String>) -> Self {
        Self { token: token.into(), user: user.into(), scope: Scope::Full }
    }

    /// A personal read-only sync key of `user`.
    pub fn sync(token: impl Into<String>, user: impl Into<String>) -> Self {
        Self { token: token.into(), user: user.into(), scope: Scope::Sync }
    }

    pub(super) fn is_jwt(token: &str) -> bool {
        token.split('.').filter(|part| !part.is_empty()).count() == 3
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("user", &self.user).field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The two kinds of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything the owner may do.
    Full,
    /// Reads only; no company in `/users/me`, no `/tasks`.
    Sync,
}

/// What another company's id gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongCompany {
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
}

/// Order of a list; none is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By day, then creation, newest first.
    NewestFirst,
    /// The reverse.
    OldestFirst,
    /// By a hash of the id: arbitrary, but the same on each page.
    Shuffled,
}

/// What `/expense_categories` answers. No document names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Categories {
    /// The framework's HTML page.
    Html404,
    /// A list as Harvest has it.
    Listed,
    /// 403, as for a non-administrator at Harvest.
    Forbidden,
}

/// What an `Idempotency-Key` does. The real server's semantics are not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing.
    Ignored,
    /// A known key gets the first answer again.
    Honoured,
    /// A known key gets 409.
    Conflict,
}

/// What becomes of `billable`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billability {
    /// Taken.
    Allowed,
    /// Dropped; the task decides.
    Ignored,
    /// 403.
    Refused,
}

/// Requests in any 60 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPerMinute(pub usize);

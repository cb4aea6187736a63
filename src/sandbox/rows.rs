//! What the workspace holds, as plain values; snapshots for tests and the demo are clones of these.

use super::number::Number;
use crate::model::{Day, Instant};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A client of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A task; workspace-wide, but usable only on projects it is assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether time on it is billable unless the entry says otherwise.
    pub billable: bool,
    /// Whether new time may be logged on it.
    pub is_active: bool,
}

/// A project with the tasks assigned to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Short code.
    pub code: String,
    /// Id of its client.
    pub client: Option<String>,
    /// Ids of the assigned tasks.
    pub tasks: Vec<String>,
    /// Ids of the people assigned to it; a member sees only such projects. `None`: everyone.
    pub people: Option<Vec<String>>,
    /// False once archived.
    pub is_active: bool,
}

/// An expense category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// Price of a unit; with it, `units` gives the cost of an expense.
    pub unit_price: Option<rust_decimal::Decimal>,
}

/// What a person may see and do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sees and edits everything in the company.
    Admin,
    /// Sees own entries and assigned projects.
    Member,
}

/// A user of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id.
    pub id: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// E-mail address.
    pub email: String,
    /// Role.
    pub role: Role,
    /// Keito's `user_type` is `agent` instead of `human`.
    pub is_agent: bool,
}

impl Person {
    /// First and last name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

/// A metadata object: each value as its own JSON text.
#[derive(Debug, Clone, Default)]
pub struct Metadata(pub(super) BTreeMap<String, Box<RawValue>>);

impl Metadata {
    /// A value as text: strings without quotes, anything else as its JSON.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        let raw = self.0.get(key)?.get();
        Some(serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()))
    }

    /// The keys, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|(a, b)| a.0 == b.0 && a.1.get() == b.1.get())
    }
}

/// How far a record came in the approval flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// Not handed in.
    #[default]
    Unsubmitted,
    /// Approved: read-only.
    Approved,
}

/// Through what a record was created; Keito's `source`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// The web app.
    Web,
    /// The command line tool.
    Cli,
    /// The API; where a creation names nothing.
    Api,
    /// An agent.
    Agent,
    /// A calendar import; time only, like the rest.
    Calendar,
    /// The desktop app.
    Desktop,
    /// The mobile app.
    Mobile,
    /// An integration.
    Integration,
}

impl Via {
    const ALL: [Self; 8] = [
        Self::Web,
        Self::Cli,
        Self::Api,
        Self::Agent,
        Self::Calendar,
        Self::Desktop,
        Self::Mobile,
        Self::Integration,
    ];

    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Cli => "cli",
            Self::Api => "api",
            Self::Agent => "agent",
            Self::Calendar => "calendar",
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Integration => "integration",
        }
    }

    pub(super) fn of_time(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.as_str() == text)
    }

    /// Expenses know the first four only.
    pub(super) fn of_expense(text: &str) -> Option<Self> {
        Self::ALL[..4].iter().copied().find(|via| via.as_str() == text)
    }
}

/// A time entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Id.
    pub id: String,
    /// Whose time.
    pub user: String,
    /// Project id.
    pub project: String,
    /// Task id.
    pub task: String,
    /// Day, in the company's zone.
    pub spent_date: Day,
    /// Hours as sent, to the digit; lists show them rounded as the workspace says.
    pub hours: Number,
    /// Notes.
    pub notes: Option<String>,
    /// Billable.
    pub billable: bool,
    /// Where it came from; fixed.
    pub source: Via,
    /// Metadata.
    pub metadata: Option<Metadata>,
    /// `HH:mm`, company's zone.
    pub started_time: Option<String>,
    /// `HH:mm`, company's zone.
    pub ended_time: Option<String>,
    /// A running timer since this instant.
    pub running_since: Option<Instant>,
    /// Locked by a person or by age.
    pub is_locked: bool,
    /// Invoiced.
    pub is_billed: bool,
    /// Approval.
    pub approval: Approval,
    /// When it was stored.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

/// An expense. There is no way to change or delete one over the API.
#[derive(Debug, Clone, PartialEq)]
pub struct Expense {
    /// Id.
    pub id: String,
    /// Whose expense.
    pub user: String,
    /// Project id.
    pub project: String,
    /// Category id.
    pub category: String,
    /// Day.
    pub spent_date: Day,
    /// Cost in the company's currency, to the digit (or cut as [`super::Settings::cost_decimals`] says).
    pub total_cost: Number,
    /// Units, if sent.
    pub units: Option<u64>,
    /// Notes.
    pub notes: Option<String>,
    /// Billable.
    pub billable: bool,
    /// Where it came from.
    pub source: Via,
    /// Metadata.
    pub metadata: Option<Metadata>,
    /// Locked.
    pub is_locked: bool,
    /// Invoiced.
    pub is_billed: bool,
    /// Approval.
    pub approval: Approval,
    /// When it was stored.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
}

//! The words of the field as types: agent, session, usage, activity, money, tokens, ids.
//!
//! Nothing here knows serde, SQL, HTTP or a clock. A type that can be built holds its invariant.

mod cell;
mod fact;
mod ids;
mod instant;
mod key;
mod money;
mod refs;
mod tokens;

pub use cell::Cell;
pub use fact::{
    Activity, Birth, Facts, Geo, Mark, Meaning, Names, Payer, Plan, Quality, Reject, RejectReason, Reported,
    Sighting, Speed, Sym, Terms, Tier, Turn, Who,
};
pub use ids::{
    AccountId, Agent, CategoryId, KeitodId, ModelName, ProjectId, RemoteId, SessionId, TaskId, UserId,
};
pub use instant::Instant;
pub use key::{ActivityKey, Covers, LineKey, MessageKey, RequestKey, SessionKey, hash64, hash128};
pub use money::{Amount, Hours, Usd};
pub use refs::{
    AccountRef, BranchRef, DirRef, FileRef, ModelRef, ProviderRef, RecordRef, RequestRef, SessionRef,
    WriteRef,
};
pub use tokens::Tokens;

/// A local calendar day.
pub use jiff::civil::Date as Day;

/// Which of the two things that keitod writes to Keito.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A time entry.
    Entry,
    /// An LLM-usage expense.
    Expense,
}

/// A Keito project and task that a working directory maps to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// The Keito project.
    pub project: ProjectId,
    /// The Keito task; it must be assigned to the project.
    pub task: TaskId,
}

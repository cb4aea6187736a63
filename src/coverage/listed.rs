//! A record as Keito lists it.

use crate::model::{Amount, Covers, Day, Instant, KeitodId, Kind, RemoteId, Tokens, UserId};

/// One row of a listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// Entry or expense.
    pub kind: Kind,
    /// Keito's id.
    pub id: RemoteId,
    /// Whose it is.
    pub user: Option<UserId>,
    /// The date it stands on.
    pub day: Day,
    /// Project id.
    pub project: String,
    /// Task id of an entry.
    pub task: String,
    /// Hours of an entry, as the server printed them.
    pub hours: Option<Amount>,
    /// Amount of an expense.
    pub amount: Option<Amount>,
    /// Notes.
    pub notes: Option<String>,
    /// Locked, approved, billed or closed: nobody may change it any more.
    pub frozen: bool,
    /// What our metadata says; `None` for records of others.
    pub posted: Option<Posted>,
    /// `session_id` in the metadata of a record without `keitod_id`: the Keito skill's.
    pub skill_session: Option<String>,
}

/// The metadata that keitod wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct Posted {
    /// Our id.
    pub keitod_id: KeitodId,
    /// The session.
    pub session: String,
    /// The agent.
    pub agent: String,
    /// The model.
    pub model: String,
    /// First instant covered.
    pub first_at: Instant,
    /// Last instant covered.
    pub last_at: Instant,
    /// Sum of the keys.
    pub covers: Option<Covers>,
    /// First three bytes of each key; `None` if the record has none.
    pub keys: Option<Vec<[u8; 3]>>,
    /// Requests on it.
    pub requests: u64,
    /// Its own token counts; reasoning is information.
    pub tokens: Tokens,
    /// Exact cost before currency and markup, in pico-USD.
    pub usd: Option<i128>,
    /// Exchange rate and markup as sent, for the rounding sums.
    pub rate: Option<String>,
    /// See `rate`.
    pub markup_percent: Option<String>,
    /// Seconds of an entry.
    pub seconds: u64,
    /// Part number.
    pub part: u32,
    /// It holds only what came on top of requests that other records bill.
    pub excess: bool,
    /// Hash of the machine that sent it.
    pub machine: String,
}

//! The document of `keitod explain --json` and `GET /v1/explain/{id}`. Instants are RFC 3339 UTC, days those of the
//! pinned zone, money decimal strings, tokens and seconds integers. It holds no text of any conversation.

use serde::Serialize;
use serde_json::Value;

use crate::report::{Sums, TokenCounts};
use crate::status::{QueueDetail, QueueItem};

/// What an explanation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A record.
    Record,
    /// Work on no record, as the queue groups it.
    Held,
    /// A session.
    Session,
    /// A local day.
    Day,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Always 1.
    pub schema_version: u32,
    /// What `id` is.
    pub kind: Kind,
    /// The whole id of what was asked for.
    pub id: String,
    /// The zone of its days.
    pub timezone: Option<String>,
    /// The rule by which time counts.
    pub time_rule: TimeRule,
    /// The cut-off: nothing before it becomes a record.
    pub since: Option<String>,
    /// A record or held work as `keitod queue show` has it, its writes with their very bytes included.
    pub queue: Option<QueueDetail>,
    /// What Keito answered and listed of a record.
    pub echoed: Option<Echoed>,
    /// A record's sums against what was sent.
    pub check: Option<Check>,
    /// The same session or day in `keitod report`; null for a record.
    pub report: Option<Sums>,
    /// Over all sessions, of what this is about.
    pub totals: Totals,
    /// The records that hold of it, and the groups in which the rest waits, as `keitod queue list` has them.
    pub records: Vec<QueueItem>,
    /// The sessions, in the order of their first event.
    pub sessions: Vec<Story>,
    /// The logs that were looked at for lines.
    pub files: Vec<FileLine>,
}

/// What stands at Keito, as far as it was answered or listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Echoed {
    /// Keito's id.
    pub remote_id: String,
    /// Last 2xx of a write.
    pub answered_at: Option<String>,
    /// Last seen in a listing.
    pub listed_at: Option<String>,
    /// What an entry says there: the states that are ours, from the last confirmed one on.
    pub entry: Vec<EntryState>,
    /// What an expense amounts to there.
    pub amount: Option<String>,
}

/// Hours and seconds of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EntryState {
    /// `hours`.
    pub hours: String,
    /// `metadata.duration_seconds`.
    pub seconds: u64,
}

/// The time rule and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "they are the keys of `[time]`")]
pub struct TimeRule {
    pub name: &'static str,
    pub idle_gap_seconds: u64,
    pub tool_gap_seconds: u64,
    pub min_seconds: u64,
    pub max_seconds: Option<u64>,
    pub overlap: &'static str,
    pub entry: &'static str,
}

/// A record's own numbers made again from what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Check {
    /// Of an entry.
    Time {
        /// Seconds of the stretches that it holds.
        seconds: u64,
        /// Seconds that it says it has.
        record_seconds: u64,
        /// The hours of `seconds`, half to even.
        hours: String,
        /// The hours that the last of its writes has.
        sent_hours: Option<String>,
        /// Whether both are the same.
        equal: bool,
    },
    /// Of an expense.
    Cost {
        /// Requests that it holds.
        requests: u64,
        /// Their exact cost.
        cost_usd: String,
        /// Units of the currency per USD; null: USD.
        rate: Option<String>,
        /// Added to it, in percent.
        markup_percent: Option<String>,
        /// Cost times rate and markup.
        exact: String,
        /// What rounding left over from earlier expenses of the same project, task, day and model.
        carried: String,
        /// Both, rounded as amounts are sent.
        amount: String,
        /// The amount that was sent.
        sent_amount: Option<String>,
        /// The currency, if it is known.
        currency: Option<String>,
        /// Whether amount and sent amount are the same.
        equal: bool,
    },
}

/// Sums over what is explained.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Agent seconds by the time rule.
    pub counted_seconds: u64,
    /// Waiting for a person.
    pub human_seconds: u64,
    /// Not counted.
    pub dropped_seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Their tokens.
    pub tokens: TokenCounts,
    /// Their cost, frozen where billed, by today's prices where not; null: none is priced.
    pub cost_usd: Option<String>,
    /// Requests without a price, wholly or for what they grew by.
    pub unpriced_requests: u64,
    /// Where seconds and requests are.
    pub stands: Vec<StandSum>,
}

/// What is in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandSum {
    /// See [`PartLine::status`].
    pub status: &'static str,
    /// The record that holds it, or the group of the queue in which it waits.
    pub id: Option<String>,
    /// Why it is held.
    pub reason: Option<&'static str>,
    /// Seconds.
    pub seconds: u64,
    /// Requests.
    pub requests: u64,
    /// Their cost.
    pub cost_usd: Option<String>,
}

/// A session, or what of it this is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// Its agent.
    pub agent: String,
    /// The agent's own id.
    pub session: String,
    /// Its sums.
    pub totals: Totals,
    /// Where its work went, and what said so.
    pub places: Vec<PlaceLine>,
    /// The event that begins its timeline.
    pub first: Option<EventLine>,
    /// What lies between its events, in order.
    pub gaps: Vec<GapLine>,
    /// Events that wait for their instant: they lie more than five minutes ahead.
    pub events_ahead: u64,
    /// Its requests, in order of time.
    pub requests: Vec<RequestLine>,
}

/// Where work went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlaceLine {
    /// From 1, for the lines that point here.
    pub number: usize,
    /// The working directory that the log names.
    pub directory: Option<String>,
    /// The branch: the directory's as keitod saw it, else the log's.
    pub branch: Option<String>,
    /// The repository's name.
    pub repo: Option<String>,
    /// By which way it got there: `directory` (its own), `session_last` (nothing maps this directory: where the session was
    /// last), `session_first` (where it began), `default`, `nothing`.
    pub way: &'static str,
    /// What said so: `keito_file`, `rule`, `default`, `assigned`, `excluded_by_rule`, `keito_file_disabled`,
    /// `keito_file_switched_off`, `mapping_error`, `nothing`.
    pub by: &'static str,
    /// The `.keito` file that said so.
    pub file: Option<String>,
    /// The `[[rule]]` that said so, counted from 1.
    pub rule: Option<usize>,
    /// What is wrong with the file.
    pub error: Option<String>,
    /// Keito project.
    pub project: Option<String>,
    /// Keito task.
    pub task: Option<String>,
    /// The names that the repository's file has for them: client, project, task.
    pub client_name: Option<String>,
    /// See above.
    pub project_name: Option<String>,
    /// See above.
    pub task_name: Option<String>,
    /// Why work here is held, if it is.
    pub held: Option<&'static str>,
    /// Work here is never sent.
    pub excluded: bool,
    /// The link's own `min_seconds` and `max_seconds`.
    pub min_seconds: Option<u64>,
    /// See above.
    pub max_seconds: Option<u64>,
    /// How parallel sessions add up here.
    pub overlap: Option<&'static str>,
    /// Added to cost here, in percent.
    pub markup_percent: Option<String>,
}

/// A place in a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Index into `files`.
    pub file: usize,
    /// The line, from 1; null in documents and databases.
    pub line: Option<u64>,
    /// A database's row, by what its query is ordered by.
    pub row: Option<i64>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventLine {
    /// When.
    pub at: String,
    /// Who: `agent`, `tool`, `person`, `program`.
    pub by: &'static str,
    /// Where it stands.
    pub source: Option<Source>,
}

/// What lies between two events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GapLine {
    /// The event before.
    pub from: String,
    /// The event that closes it; both cut where this is about a part of it.
    pub to: String,
    /// Its length; the three below add up to it.
    pub seconds: u64,
    /// What counts: its last seconds.
    pub counted_seconds: u64,
    /// Waiting for a person.
    pub human_seconds: u64,
    /// Not counted.
    pub dropped_seconds: u64,
    /// `short`, `proven_by_tool`, `proven_by_turn`, `person`, `program`, `unproven`.
    pub why: &'static str,
    /// Who closed it: `agent`, `tool`, `person`, `program`.
    pub closed_by: &'static str,
    /// Number of its place.
    pub place: Option<usize>,
    /// Where the event that closes it stands.
    pub source: Option<Source>,
    /// Where its counted seconds are.
    pub parts: Vec<PartLine>,
}

/// Counted seconds in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartLine {
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// How many.
    pub seconds: u64,
    /// Local day.
    pub day: String,
    /// `billed` (on the record `id`), `open` (due), `held`, `excluded`, `below_min`, `capped`, `other_session`,
    /// `posted_before` (an entry at Keito has as many seconds of it already), `before_cutoff`; of requests also
    /// `not_billed` (the link bills no such cost), `clock_ahead`.
    pub status: &'static str,
    /// The record, or the group of the queue.
    pub id: Option<String>,
    /// Why it is held.
    pub reason: Option<&'static str>,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RequestLine {
    /// Its instant: that of its first line.
    pub at: String,
    /// Local day.
    pub day: String,
    /// The model that answered.
    pub model: String,
    /// Whose price list applies, where the log names it.
    pub provider: Option<String>,
    /// Its tokens by class.
    pub tokens: TokenCounts,
    /// `exact`, `lower_bound`, `estimated`.
    pub quality: &'static str,
    /// Who paid, as far as the log proves it: `subscription`, `by_request`.
    pub payer: Option<&'static str>,
    /// What the log says was charged.
    pub charged_usd: Option<String>,
    /// Number of its place.
    pub place: Option<usize>,
    /// Where it stands.
    pub source: Option<Source>,
    /// Its cost as `keitod report` has it; null: none.
    pub cost_usd: Option<String>,
    /// What records hold of it.
    pub on: Vec<OnRecord>,
    /// Where it stands, or what it grew by; null: all of it is on records.
    pub waits: Option<Waits>,
    /// Its price by the table in force, as `keitod prices explain` says it; null: all of it is on records.
    pub price: Option<Value>,
}

/// What a record holds of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OnRecord {
    /// The record.
    pub id: String,
    /// The tokens on it.
    pub tokens: TokenCounts,
    /// Their frozen cost; null: found at Keito, which has only the sum.
    pub cost_usd: Option<String>,
    /// The price row that it was frozen with; `reported`: the log says what was charged.
    pub price: String,
    /// How the table in force comes to the same cost; null: it has changed since.
    pub sum: Option<Value>,
}

/// Why a request, or what it grew by, is on no record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// See [`PartLine::status`].
    pub status: &'static str,
    /// The group of the queue.
    pub id: Option<String>,
    /// Why it is held.
    pub reason: Option<&'static str>,
    /// The tokens that wait.
    pub tokens: TokenCounts,
    /// Their cost by today's prices; null: they have none.
    pub cost_usd: Option<String>,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileLine {
    /// Its path.
    pub path: String,
    /// `read`, `gone`, `skipped`.
    pub state: &'static str,
    /// Why it was skipped.
    pub why: Option<String>,
}

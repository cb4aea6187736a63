//! Builds the `metadata` object of a record: flat, bounded, required keys never dropped.

mod members;

use self::members::Members;
pub use self::members::{MetadataJson, TooLong};
use crate::model::{Agent, Covers, Instant, KeitodId, ModelName, SessionId, Tokens, Usd};

/// The longest object, in bytes, with non-ASCII counted as `\uXXXX`. Keito refuses more than 4096 bytes.
pub const MAX_METADATA: usize = 4000;
/// The most prefixes that `keys` can list: a record covers no more requests or sessions than this.
pub const MAX_KEYS: usize = 400;
/// Required in both kinds.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// Our id of the record.
    pub keitod_id: &'a KeitodId,
    /// The agent's own session id; of a day's entry, that of its first session.
    pub session: &'a SessionId,
    /// The agent.
    pub agent: &'a Agent,
    /// The model; of an entry, that with most output, or `unknown`.
    pub model: &'a ModelName,
    /// Instant of the first fact covered.
    pub first_at: Instant,
    /// Instant of the last fact covered.
    pub last_at: Instant,
    /// Sum of the keys covered.
    pub covers: Covers,
    /// Hash of the machine, never its name.
    pub machine: &'a str,
    /// Number among like records, from 1.
    pub part: u32,
}

/// Optional in both kinds, in the order in which they are kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Optional<'a> {
    /// The repository's file asks for drafts; sent only if set.
    pub draft: bool,
    /// Name of this agent at this machine.
    pub agent_id: Option<&'a str>,
    /// Who serves the model.
    pub provider: Option<&'a str>,
    /// How well the counts are known.
    pub quality: Option<&'a str>,
    /// Seconds from first to last, gaps included.
    pub wall_seconds: Option<u64>,
    /// The rule of time, `gap300/v1`.
    pub time_method: Option<&'a str>,
    /// What the cost means, `list_price`.
    pub cost_basis: Option<&'a str>,
    /// Version of the price table.
    pub price_version: Option<&'a str>,
    /// Branch.
    pub git_branch: Option<&'a str>,
    /// Repository, without user info (`github.com/acme/api`).
    pub repo: Option<&'a str>,
    /// Keys of the repository's own file, in its order.
    pub extra: &'a [(String, Extra)],
}

/// A value of the repository's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// Text; fractions too, as their digits.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Flag(bool),
}

/// Metadata of a time entry.
#[derive(Debug, Clone, Copy)]
pub struct EntryMeta<'a> {
    /// Required in both kinds.
    pub identity: Identity<'a>,
    /// Agent seconds of this entry.
    pub duration_seconds: u64,
    /// Prefixes of the session keys of an entry that covers a whole day (`entry = "day"`), in any order.
    pub day_sessions: Option<&'a [[u8; 3]]>,
    /// Tokens and cost of the session, day and link, as information: the expenses bill them.
    pub usage: Option<(Tokens, Option<Usd>)>,
    /// The optional keys.
    pub optional: Optional<'a>,
}

/// Metadata of an expense.
#[derive(Debug, Clone, Copy)]
pub struct ExpenseMeta<'a> {
    /// Required in both kinds.
    pub identity: Identity<'a>,
    /// Prefixes of the keys of the requests covered, in any order, one each.
    pub keys: &'a [[u8; 3]],
    /// Sum over the requests covered.
    pub tokens: Tokens,
    /// Unrounded cost.
    pub cost_usd: Usd,
    /// Units of the workspace's currency per USD, as digits, if it is not USD.
    pub rate: Option<&'a str>,
    /// Markup in percent, as digits, if there is one.
    pub markup_percent: Option<&'a str>,
    /// An excess part; sent only if set.
    pub excess: bool,
    /// The optional keys.
    pub optional: Optional<'a>,
}

/// Metadata of a time entry.
///
/// # Errors
/// [`TooLong`] with more than [`MAX_KEYS`] sessions.
pub fn entry(meta: &EntryMeta<'_>) -> Result<MetadataJson, TooLong> {
    let mut required = identity(&meta.identity);
    required.number("duration_seconds", meta.duration_seconds);
    if let Some(sessions) = meta.day_sessions {
        required.number("sessions", sessions.len());
        required.prefixes("keys", sessions);
    }
    let mut optional = Members::default();
    optional.only_if("draft", meta.optional.draft);
    if let Some((tokens, cost)) = &meta.usage {
        counts(&mut optional, tokens);
        optional.text("cost_usd", cost.map(|cost| cost.to_string()).as_deref());
    }
    common(&mut optional, &meta.optional, meta.usage.map(|(tokens, _)| tokens.reasoning));
    required.finish(optional, meta.optional.extra)
}

/// Metadata of an expense.
///
/// # Errors
/// [`TooLong`] with more than [`MAX_KEYS`] requests.
pub fn expense(meta: &ExpenseMeta<'_>) -> Result<MetadataJson, TooLong> {
    let mut required = identity(&meta.identity);
    required.number("requests", meta.keys.len());
    required.prefixes("keys", meta.keys);
    counts(&mut required, &meta.tokens);
    required.text("cost_usd", Some(&meta.cost_usd.to_string()));
    required.text("rate", meta.rate);
    required.text("markup_percent", meta.markup_percent);
    required.only_if("excess", meta.excess);
    let mut optional = Members::default();
    optional.only_if("draft", meta.optional.draft);
    common(&mut optional, &meta.optional, Some(meta.tokens.reasoning));
    required.finish(optional, meta.optional.extra)
}

fn identity(of: &Identity<'_>) -> Members {
    let mut members = Members::default();
    members.text("keitod_id", Some(of.keitod_id.as_str()));
    members.text("session_id", Some(of.session.as_str()));
    members.text("agent_type", Some(of.agent.as_str()));
    members.text("model", Some(of.model.as_str()));
    members.text("first_at", Some(&of.first_at.to_string()));
    members.text("last_at", Some(&of.last_at.to_string()));
    members.text("covers", Some(&of.covers.to_string()));
    members.text("machine", Some(of.machine));
    members.number("part", of.part);
    members
}

fn counts(members: &mut Members, tokens: &Tokens) {
    members.number("input_tokens", tokens.input);
    members.number("output_tokens", tokens.output);
    members.number("cached_input_tokens", tokens.cache_read);
    members.number("cache_write_tokens", tokens.cache_write());
    members.number("cache_write_1h_tokens", tokens.cache_write_1h);
}

fn common(members: &mut Members, of: &Optional<'_>, reasoning: Option<u64>) {
    members.text("agent_id", of.agent_id);
    members.text("provider", of.provider);
    if let Some(reasoning) = reasoning.filter(|tokens| *tokens > 0) {
        members.number("reasoning_tokens", reasoning);
    }
    members.text("quality", of.quality);
    if let Some(seconds) = of.wall_seconds {
        members.number("wall_seconds", seconds);
    }
    members.text("time_method", of.time_method);
    members.text("cost_basis", of.cost_basis);
    members.text("price_version", of.price_version);
    members.text("git_branch", of.git_branch);
    members.text("repo", of.repo);
    members.text("keitod_version", Some(env!("CARGO_PKG_VERSION")));
}

#[cfg(test)]
mod tests;

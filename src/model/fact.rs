//! What a source reads out of a log: sightings of requests, activities, and what could not be read.
//!
//! Strings that repeat (session, model, directory) are held once per batch in [`Names`] and referred to by [`Sym`].

use std::collections::HashMap;
use std::sync::Arc;

use super::{ActivityKey, Instant, LineKey, MessageKey, RequestKey, Tokens, Usd};

/// An index into the [`Names`] of the same [`Facts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sym(u32);

/// So many names are compared one by one.
const FEW: usize = 8;

/// Each distinct string of a batch, once.
#[derive(Debug, Clone, Default)]
pub struct Names {
    index: HashMap<Arc<str>, Sym>,
    list: Vec<Arc<str>>,
}

impl Names {
    /// The symbol of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> Sym {
        // Most batches hold a handful, which are found sooner by looking at them.
        let known = match self.list.len() {
            ..=FEW => self.list.iter().zip(0..).find(|(known, _)| ***known == *text).map(|(_, at)| Sym(at)),
            _ => self.index.get(text).copied(),
        };
        if let Some(sym) = known {
            return sym;
        }
        let sym = Sym(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        let shared: Arc<str> = text.into();
        self.list.push(Arc::clone(&shared));
        self.index.insert(shared, sym);
        sym
    }

    /// The text behind a symbol; empty for one of another batch.
    #[must_use]
    pub fn text(&self, sym: Sym) -> &str {
        self.list.get(sym.0 as usize).map_or("", |text| text)
    }
}

/// How well a request's counts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// The log holds the final counts.
    Exact,
    /// Never more than was used: the log holds a placeholder that was not completed.
    LowerBound,
    /// A step of a running total, or the agent's own estimate. Held until the user allows it.
    Estimated,
}

/// Where the request was served, as far as it changes the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Geo {
    /// No uplift.
    #[default]
    Global,
    /// Served in the United States.
    Us,
    /// Served in another region that the customer chose (OpenAI's data residency, Mistral's EU endpoint).
    Regional,
    /// Reported, but not a place that the price table knows: unpriced.
    Other,
}

/// Speed of the answer, as the response reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Speed {
    /// The ordinary speed.
    #[default]
    Standard,
    /// Fast mode.
    Fast,
    /// Reported, but not a speed that the price table knows: unpriced.
    Other,
}

/// Service tier, as the response reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tier {
    /// The ordinary tier, or none reported.
    #[default]
    Standard,
    /// Batch processing.
    Batch,
    /// Flexible (slower, cheaper) processing.
    Flex,
    /// Priority processing.
    Priority,
    /// Reported, but not a tier that the price table knows: unpriced.
    Other,
}

/// What besides tokens and model decides the price of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Terms {
    /// Fast or not.
    pub speed: Speed,
    /// Where it was served.
    pub geo: Geo,
    /// Service tier.
    pub tier: Tier,
    /// Web searches that the vendor ran for this request, billed per call.
    pub web_searches: u32,
    /// A class came out negative or absurd: the request is held as `bad_usage`, its tokens are zero here.
    pub bad_usage: bool,
}

/// What a cost in the log stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// What was charged for this request: it is the bill, whatever the list says.
    Charged,
    /// The agent's own sum at list prices: compared with ours, never sent.
    Listed,
}

/// A cost that the log itself names for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reported {
    /// The amount.
    pub usd: Usd,
    /// What it stands for.
    pub meaning: Meaning,
}

/// Who pays for the requests of a session, as far as its log proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payer {
    /// A subscription: no request is charged by itself.
    Subscription,
    /// Each request is charged: an API key, credits, overage beyond a plan.
    Metered,
}

/// Evidence of who pays from this instant on, until newer evidence of the same session.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The session whose log says so.
    pub session: Sym,
    /// The line's instant.
    pub at: Instant,
    /// Who pays.
    pub payer: Payer,
}

/// One look at a request in one session's log: a streamed line, a copy by resume or fork, a replay.
/// Which sightings are the same request is decided by the ledger (design section 2).
#[derive(Debug, Clone)]
pub struct Sighting {
    /// The session whose log holds it.
    pub session: Sym,
    /// The session that the log itself names as the one that made the request (Claude's `requestSessionId`).
    pub origin: Option<Sym>,
    /// Where copies of the message meet.
    pub message: MessageKey,
    /// The key that this copy alone would give the request.
    pub key: RequestKey,
    /// Whether the line has a request id.
    pub has_request_id: bool,
    /// The line's own id.
    pub line: Option<LineKey>,
    /// The line's instant.
    pub at: Instant,
    /// The answering model.
    pub model: Sym,
    /// Whose price list applies, where the log names it (`openrouter`, `github-copilot`); `None`: by the model's name.
    pub provider: Option<Sym>,
    /// What the log says it cost.
    pub reported: Option<Reported>,
    /// Working directory of the record.
    pub dir: Option<Sym>,
    /// Branch that the log names: a hint.
    pub branch: Option<Sym>,
    /// Counts of this line.
    pub tokens: Tokens,
    /// Terms of this line.
    pub terms: Terms,
    /// Quality of this line, before any [`Mark`].
    pub quality: Quality,
    /// A copy nested in another record (Claude's `progress`): its instant counts only while no line of its own is seen.
    pub nested: bool,
    /// Byte offset of the line in its file.
    pub offset: u64,
}

impl Sighting {
    /// Whether it stands for all that a session used before its log begins, as a total tells: it is of use only where
    /// nothing else is known of that time. Its message is that of the last request in it.
    #[must_use]
    pub fn is_remainder(&self) -> bool {
        self.nested && self.quality == Quality::Estimated
    }
}

/// Who closes a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Model output.
    Agent,
    /// A tool call's result, a notification of the agent's own background work.
    Tool,
    /// A person's prompt or answer.
    Prompt,
    /// A prompt by a program (SDK, scheduler): it starts work, and the gap before it is nobody's.
    Script,
}

/// One instant at which the session did something.
#[derive(Debug, Clone)]
pub struct Activity {
    /// The session whose log holds it.
    pub session: Sym,
    /// The session that the log itself names as the one that did it, in a copy.
    pub origin: Option<Sym>,
    /// Content key: equal in every copy.
    pub key: ActivityKey,
    /// The line's instant.
    pub at: Instant,
    /// Who did it.
    pub who: Who,
    /// Working directory of the record.
    pub dir: Option<Sym>,
    /// Branch that the log names: a hint.
    pub branch: Option<Sym>,
    /// Milliseconds of work before `at` that the log proves (a logged duration, or a call that never asks): it matters
    /// in gaps longer than `idle_gap`.
    pub proven_ms: u32,
    /// Byte offset of the line in its file.
    pub offset: u64,
}

/// A turn whose duration the agent logged, in a session whose permission mode never asks.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The session whose log holds it.
    pub session: Sym,
    /// Content key: equal in every copy.
    pub key: ActivityKey,
    /// The turn's end.
    pub at: Instant,
    /// The turn's length in milliseconds.
    pub duration_ms: u32,
}

/// A later line shows that this message was cut: its counts are a lower bound.
#[derive(Debug, Clone)]
pub struct Mark {
    /// The session whose log says so.
    pub session: Sym,
    /// The message that was cut.
    pub message: MessageKey,
}

/// A line that is never copied shows that a session existed: of copies the earlier born is the original.
#[derive(Debug, Clone)]
pub struct Birth {
    /// The session.
    pub session: Sym,
    /// The instant of the line.
    pub at: Instant,
}

/// Why a line could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RejectReason {
    /// Not JSON, or cut.
    NotJson,
    /// Not valid UTF-8.
    NotUtf8,
    /// NUL bytes, as a crash leaves them.
    Nul,
    /// JSON of a shape that this record type never has; the field is named in the status.
    Shape,
    /// No instant, or one that is no time.
    NoInstant,
    /// Longer than `tail.max_line`.
    TooLong,
}

/// A line that could not be read: counted and shown, its text never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reject {
    /// Byte offset in the file.
    pub offset: u64,
    /// Length in bytes without the newline.
    pub length: u64,
    /// Why.
    pub reason: RejectReason,
}

/// All that one run of a decoder found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Strings of this batch.
    pub names: Names,
    /// Looks at requests.
    pub sightings: Vec<Sighting>,
    /// Activities.
    pub activities: Vec<Activity>,
    /// Logged turns.
    pub turns: Vec<Turn>,
    /// Evidence of who pays.
    pub plans: Vec<Plan>,
    /// Cut messages.
    pub marks: Vec<Mark>,
    /// Signs of how old sessions are.
    pub births: Vec<Birth>,
    /// Answers that only tell of an error: no usage is logged for them.
    pub failures: Vec<ActivityKey>,
    /// Lines that could not be read.
    pub rejects: Vec<Reject>,
    /// Lines seen, good or bad.
    pub lines: u64,
}

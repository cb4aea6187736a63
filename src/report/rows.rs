//! What a report is made of, as the store hands it over: small integers, names apart.

use std::collections::HashMap;
use std::sync::Arc;

use crate::ledger::spans::SpanKind;
use crate::model::{
    Agent, DirRef, Instant, ModelRef, Quality, Reported, RequestRef, SessionRef, Terms, Tokens, Usd,
};

/// A request by its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its row.
    pub id: RequestRef,
    /// The session that owns it.
    pub session: SessionRef,
    /// Its instant.
    pub at: Instant,
    /// The answering model.
    pub model: ModelRef,
    /// Its working directory.
    pub dir: Option<DirRef>,
    /// Final counts as far as they are known.
    pub tokens: Tokens,
    /// Terms of its price.
    pub terms: Terms,
    /// Whose price list applies, where the log names it.
    pub provider: Option<Arc<str>>,
    /// What the log says it cost.
    pub reported: Option<Reported>,
    /// Quality; a cut message is a lower bound here.
    pub quality: Quality,
    /// What records hold of it.
    pub billed: Option<Billed>,
}

/// What records hold of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// The project it was billed to: a later change of the mapping does not move it.
    pub project: Arc<str>,
    /// The price it was sealed with and the tokens that it is for. `None`: only adopted records hold it, of which the
    /// sum alone is known, so it is priced as if it were new.
    pub frozen: Option<(Usd, Tokens)>,
}

/// A span of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanRow {
    /// Its session.
    pub session: SessionRef,
    /// Unix seconds.
    pub start: i64,
    /// Unix seconds, after `start`.
    pub end: i64,
    /// What it is.
    pub kind: SpanKind,
    /// Directory of the event that closed it.
    pub dir: Option<DirRef>,
}

/// A session with activity, but with no span and no request: a single event, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdleRow {
    /// The session.
    pub session: SessionRef,
    /// Its first activity.
    pub at: Instant,
    /// The directory of that.
    pub dir: Option<DirRef>,
}

/// A stretch of a session that an entry holds, and the project it was billed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedRow {
    /// The session.
    pub session: SessionRef,
    /// Unix seconds.
    pub start: i64,
    /// Unix seconds, after `start`.
    pub end: i64,
    /// Project of the entry.
    pub project: Arc<str>,
}

/// Who a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName {
    /// Index into [`Names::agents`].
    pub agent: usize,
    /// The agent's own id.
    pub native: String,
}

/// The names behind the integers.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Agents.
    pub agents: Vec<Agent>,
    /// Sessions.
    pub sessions: HashMap<SessionRef, SessionName>,
    /// Models.
    pub models: HashMap<ModelRef, Arc<str>>,
    /// Directories: absolute paths.
    pub dirs: HashMap<DirRef, Arc<str>>,
}

impl Names {
    /// A model's name; empty if it is unknown.
    #[must_use]
    pub fn model(&self, model: ModelRef) -> &str {
        self.models.get(&model).map_or("", |name| name)
    }

    /// A session's agent.
    #[must_use]
    pub fn agent(&self, session: SessionRef) -> Option<&Agent> {
        self.agents.get(self.sessions.get(&session)?.agent)
    }

    /// A directory's path.
    #[must_use]
    pub fn dir(&self, dir: DirRef) -> Option<&str> {
        self.dirs.get(&dir).map(|path| &**path)
    }
}

/// All that a report reads, from one moment of the database.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// Requests.
    pub requests: Vec<RequestRow>,
    /// Spans, ordered by session and start.
    pub spans: Vec<SpanRow>,
    /// Sessions that neither of the two shows.
    pub idle: Vec<IdleRow>,
    /// Stretches on entries, ordered by session and start.
    pub pinned: Vec<PinnedRow>,
    /// Agent seconds of each session over all days, whatever range the other rows were read for.
    pub agent_seconds: HashMap<SessionRef, u64>,
    /// Where these sessions worked outside of the range that the other rows were read for, in order of time on each
    /// side of it.
    pub around: Vec<(SessionRef, Instant, DirRef)>,
    /// Names.
    pub names: Names,
}

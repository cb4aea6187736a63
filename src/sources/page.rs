//! Where the facts of a line go: what they have in common is said once.

use super::usage::Bad;
use crate::model::{
    Activity, ActivityKey, Facts, Instant, Meaning, MessageKey, Quality, Reported, RequestKey, Sighting, Sym,
    Terms, Tokens, Who,
};

/// The name for a model that the log does not tell: no price table has it, so the request is held and shown.
pub(super) const UNKNOWN_MODEL: &str = "unknown";

/// What the facts of one line have in common.
pub(super) struct Page<'a> {
    facts: &'a mut Facts,
    session: Sym,
    dir: Option<Sym>,
    branch: Option<Sym>,
    provider: Option<Sym>,
    reported: Option<Reported>,
    offset: u64,
}

/// One request.
pub(super) struct Request<'a> {
    pub(super) message: MessageKey,
    pub(super) key: RequestKey,
    pub(super) at: Instant,
    pub(super) model: Option<&'a str>,
    pub(super) tokens: Result<Tokens, Bad>,
    pub(super) quality: Quality,
}

impl<'a> Page<'a> {
    /// For a line at `offset` of a session's log.
    pub(super) fn new(facts: &'a mut Facts, session: &str, dir: Option<&str>, offset: u64) -> Self {
        let session = facts.names.intern(session);
        let dir = dir.filter(|dir| !dir.is_empty()).map(|dir| facts.names.intern(dir));
        Self { facts, session, dir, branch: None, provider: None, reported: None, offset }
    }

    /// With the branch that the log names.
    pub(super) fn on(mut self, branch: Option<&str>) -> Self {
        self.branch = branch.map(|branch| self.facts.names.intern(branch));
        self
    }

    /// With the provider that the log names for its requests: whose list applies.
    pub(super) fn by(mut self, provider: Option<&str>) -> Self {
        self.provider = provider.map(|provider| self.facts.names.intern(provider));
        self
    }

    /// With what the log says that its request cost.
    pub(super) fn costing(mut self, reported: Option<Reported>) -> Self {
        self.reported = reported;
        self
    }

    /// Adds a request. Counts of zero are an attempt that failed, and none; unless it was charged.
    pub(super) fn request(&mut self, request: &Request<'_>) {
        let (tokens, bad_usage) = match request.tokens {
            Ok(tokens) => (tokens, false),
            Err(Bad) => (Tokens::default(), true),
        };
        let is_charged =
            self.reported.is_some_and(|reported| reported.meaning == Meaning::Charged && reported.usd.0 > 0);
        if tokens.is_zero() && !bad_usage && !is_charged {
            return;
        }
        let model = self.facts.names.intern(request.model.unwrap_or(UNKNOWN_MODEL));
        self.facts.sightings.push(Sighting {
            session: self.session,
            origin: None,
            message: request.message,
            key: request.key,
            has_request_id: false,
            line: None,
            at: request.at,
            model,
            provider: self.provider,
            reported: self.reported,
            dir: self.dir,
            branch: self.branch,
            tokens,
            terms: Terms { bad_usage, ..Terms::default() },
            quality: request.quality,
            nested: false,
            offset: self.offset,
        });
    }

    /// Adds an activity.
    pub(super) fn act(&mut self, key: ActivityKey, at: Instant, who: Who, proven_ms: u32) {
        let Self { session, dir, branch, offset, .. } = *self;
        let origin = None;
        self.facts.activities.push(Activity {
            session,
            origin,
            key,
            at,
            who,
            dir,
            branch,
            proven_ms,
            offset,
        });
    }
}

//! One request or two? (design section 2)
//!
//! A message is seen many times: streamed lines, copies by resume and fork, replays, nested copies. [`absorb`] puts a
//! sighting to the request it belongs to, or makes a new one. The result does not depend on the order of sightings.

use crate::model::{
    BranchRef, DirRef, FileRef, Instant, LineKey, ModelRef, ProviderRef, Quality, Reported, RequestKey,
    SessionRef, Terms, Tokens,
};

/// A sighting with its names resolved to rows.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Whose log holds it, and what it says of itself.
    pub copy: Copy,
    /// Model, counts and terms of this line.
    pub usage: Usage,
    /// Directory of the record.
    pub dir: Option<DirRef>,
    /// Branch that the log names.
    pub branch: Option<BranchRef>,
}

/// The part of a sighting that is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The answering model.
    pub model: ModelRef,
    /// Counts.
    pub tokens: Tokens,
    /// Terms.
    pub terms: Terms,
    /// Quality.
    pub quality: Quality,
    /// Whose price list applies, where the line names it.
    pub provider: Option<ProviderRef>,
    /// What the line says it cost.
    pub reported: Option<Reported>,
    /// The file of the line.
    pub file: FileRef,
    /// The line's byte offset.
    pub offset: u64,
}

/// Evidence of one copy: with a request id one per session, without one per line (its key holds the line's instant).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The session whose log holds it.
    pub session: SessionRef,
    /// The key that this copy alone gives.
    pub key: RequestKey,
    /// Whether it has a request id.
    pub has_request_id: bool,
    /// Its first instant.
    pub at: Instant,
    /// The line's own id; kept only without a request id.
    pub line: Option<LineKey>,
    /// The session that the log names as the one that made the request.
    pub origin: Option<SessionRef>,
    /// Nested in another record: its instant counts only while there is no other.
    pub nested: bool,
}

/// A request: the copies that are the same, and the best of their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// All copies, at least one.
    pub copies: Vec<Copy>,
    /// The line with the largest output.
    pub usage: Usage,
    /// Directory of the earliest line.
    pub dir: Option<DirRef>,
    /// Branch of the earliest line.
    pub branch: Option<BranchRef>,
}

impl Request {
    fn new(seen: Seen) -> Self {
        Self { copies: vec![seen.copy], usage: seen.usage, dir: seen.dir, branch: seen.branch }
    }

    /// The instant of its first line.
    #[must_use]
    pub fn at(&self) -> Instant {
        self.earliest().map_or_else(Instant::default, |copy| copy.at)
    }

    /// The key of the copy with the earliest instant; ties: one with a request id, then the smaller key.
    #[must_use]
    pub fn key(&self) -> RequestKey {
        self.earliest().map_or(RequestKey(0), |copy| copy.key)
    }

    fn earliest(&self) -> Option<&Copy> {
        self.copies.iter().min_by_key(|copy| (copy.nested, copy.at, !copy.has_request_id, copy.key))
    }

    fn add(&mut self, copy: Copy) -> bool {
        match self.copies.iter_mut().find(|known| known.session == copy.session && known.key == copy.key) {
            None => {
                self.copies.push(copy);
                true
            }
            Some(known) => {
                let before = known.clone();
                // A line of its own beats a nested copy, whose instant may be that of the copying.
                if (copy.nested, copy.at) < (known.nested, known.at) {
                    (known.nested, known.at, known.line) = (copy.nested, copy.at, copy.line);
                }
                known.origin = known.origin.or(copy.origin);
                *known != before
            }
        }
    }

    fn join(&mut self, other: Self) {
        if (other.at(), other.dir.is_none()) < (self.at(), self.dir.is_none()) {
            (self.dir, self.branch) = (other.dir, other.branch);
        }
        self.usage = better(self.usage, other.usage);
        for copy in other.copies {
            self.add(copy);
        }
    }

    fn same_as(&self, other: &Self) -> bool {
        let inputs_equal = !self.usage.terms.bad_usage
            && self.usage.tokens.classes()[..4] == other.usage.tokens.classes()[..4];
        self.copies.iter().any(|mine| other.copies.iter().any(|theirs| same(mine, theirs, inputs_equal)))
    }
}

fn same(a: &Copy, b: &Copy, inputs_equal: bool) -> bool {
    if a.session == b.session {
        return true;
    }
    if a.has_request_id && b.has_request_id {
        // Differing request ids with one instant or one prompt are replays (`/btw`).
        return a.key == b.key || a.at == b.at || inputs_equal;
    }
    a.at == b.at || (a.line.is_some() && a.line == b.line)
}

/// A count goes before an estimate. The larger output counts; between equals the completed line, then the larger prompt, then one that names its cost: a total
/// order, so that the order of reading decides nothing.
fn better(a: Usage, b: Usage) -> Usage {
    let rank = |usage: &Usage| {
        (
            !usage.terms.bad_usage,
            usage.quality != Quality::Estimated,
            usage.tokens.output,
            usage.quality == Quality::Exact,
            usage.tokens.prompt(),
            usage.tokens.classes(),
            usage.model,
            usage.reported,
            usage.provider,
        )
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// What a sighting did to the requests of its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It said nothing new.
    None,
    /// The request at this index is new or changed; those at `gone` (before any removal) were joined into it.
    At {
        /// Index in the list after the call.
        index: usize,
        /// Indices, before the call, of requests that are now part of it.
        gone: Vec<usize>,
    },
}

/// Puts a sighting to the request among `requests` (all of one message) that it belongs to; makes a new one if there
/// is none; joins those that it shows to be the same.
pub fn absorb(requests: &mut Vec<Request>, seen: Seen) -> Change {
    let mut fresh = Request::new(seen);
    let Some(index) = requests.iter().position(|known| known.same_as(&fresh)) else {
        requests.push(fresh);
        return Change::At { index: requests.len() - 1, gone: Vec::new() };
    };
    if fresh.dir.is_none() {
        (fresh.dir, fresh.branch) = (requests[index].dir, requests[index].branch);
    }
    let before = requests[index].clone();
    requests[index].join(fresh);
    let mut gone = Vec::new();
    // A joined sighting can bring evidence that ties the request to another one, and that one to a third.
    while let Some(other) = (0..requests.len())
        .find(|other| *other != index && !gone.contains(other) && requests[*other].same_as(&requests[index]))
    {
        let joined = requests[other].clone();
        requests[index].join(joined);
        gone.push(other);
    }
    if gone.is_empty() && requests[index] == before {
        return Change::None;
    }
    let mut at = index;
    let mut removed = gone.clone();
    removed.sort_unstable_by(|a, b| b.cmp(a));
    for other in removed {
        requests.remove(other);
        at -= usize::from(other < index);
    }
    Change::At { index: at, gone }
}

//! What is asked and what is answered.

use std::fmt;

use super::{Class, Factor, Rate};
use crate::model::{Instant, Terms, Tokens, Usd};

/// A request to be priced.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Whose list applies, where the log or the agent says so (`openrouter`, `github-copilot`); `None`: by the name.
    pub platform: Option<&'a str>,
    /// The model as logged; the one that answered, not the one that was asked for.
    pub model: &'a str,
    /// The request's instant: it fixes the price.
    pub at: Instant,
    /// Its tokens, classes disjoint.
    pub tokens: &'a Tokens,
    /// Speed, place, tier and calls, as the response reports them.
    pub terms: &'a Terms,
}

/// Where a price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The table in the binary.
    Embedded,
    /// A table fetched by `keitod prices update`.
    Refreshed,
    /// A `[[price]]` of the user.
    Override,
}

impl Origin {
    /// The name in records and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Refreshed => "refreshed",
            Self::Override => "override",
        }
    }
}

/// Which row priced a request. Two requests share a price row if these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Provenance<'t> {
    /// Where the deciding row is from.
    pub origin: Origin,
    /// Version of the table.
    pub version: &'t str,
    /// Id of the table's row; `None` if only an override knows the model.
    pub row: Option<&'t str>,
    /// Id of the override that lies over it.
    pub user: Option<&'t str>,
}

impl fmt::Display for Provenance<'_> {
    /// `embedded 2026-11-21 anthropic/claude-opus-4-6@start`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.origin.name(), self.version)?;
        for id in self.user.into_iter().chain(self.row) {
            write!(f, " {id}")?;
        }
        Ok(())
    }
}

/// A class, its tokens and its rate before factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The token class.
    pub class: Class,
    /// Tokens in it.
    pub tokens: u64,
    /// Their rate.
    pub rate: Rate,
}

/// What a reader of the price should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Notes {
    /// Priority tier: prepaid capacity was used, the amount is the equivalent at standard rates.
    pub committed: bool,
    /// A prompt tier was reached.
    pub long_context: bool,
    /// Speed or batch was read from the model's name, the response did not report it.
    pub terms_from_name: bool,
    /// A Vertex name shows no endpoint: the global one was assumed.
    pub endpoint_assumed: bool,
    /// Cached tokens were billed as input: the vendor lists no rate for them.
    pub cache_rate_assumed: bool,
    /// Searches have a free quota that no log shows: their fee is left out.
    pub search_fee_excluded: bool,
    /// The vendor does not say which model is behind the name; the best evidence was used.
    pub model_estimated: bool,
}

/// A priced request with all that explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced<'t> {
    /// The price.
    pub usd: Usd,
    /// Whose list it is.
    pub platform: &'t str,
    /// The canonical model.
    pub model: &'t str,
    /// The row.
    pub provenance: Provenance<'t>,
    /// Token classes in use.
    pub lines: Vec<Line>,
    /// Product of the factors on the token classes.
    pub factor: Factor,
    /// Fees by call, without factors; part of `usd`.
    pub fees: Usd,
    /// Flags.
    pub notes: Notes,
}

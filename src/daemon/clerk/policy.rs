//! What the config says, asked by the clerk: mapping, prices, money. A simulation brings its own.

use std::sync::Arc;

use crate::ledger::due::{self, Place, Price};
use crate::ledger::held::Held;
use crate::model::{Agent, Amount, BranchRef, Day, DirRef, Instant, Link, Tokens};
use crate::store::{Account, Error, Tx};

/// Where facts of a directory go, with what is written onto their records.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Link, held or excluded.
    pub place: Place,
    /// For notes and metadata.
    pub detail: Detail,
}

/// What notes and metadata say of a link.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detail {
    /// Repository by name, for notes.
    pub repo: String,
    /// Repository as it is sent; `None`: not sent.
    pub send_repo: Option<String>,
    /// Branch.
    pub branch: Option<String>,
    /// Whether the branch is sent.
    pub send_branch: bool,
    /// Names from the repository's file: client, project, task.
    pub names: [String; 3],
    /// Notes template of the rule.
    pub notes: Option<crate::config::Template>,
    /// Notes say `[redacted]`.
    pub redact: bool,
    /// `metadata.draft = true`.
    pub draft: bool,
    /// The repository's own metadata keys.
    pub extra: Vec<(String, crate::keito::Extra)>,
    /// `cost_basis` in metadata.
    pub cost_basis: Option<&'static str>,
    /// Markup as configured, in percent.
    pub markup_percent: Option<String>,
    /// `agent_id` in metadata.
    pub agent_id: Option<String>,
    /// The date that its facts are sent on, whatever their own.
    pub spent: Option<Day>,
}

/// USD → amount in the workspace's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Workspace currency per USD, as digits; `None`: USD.
    pub rate: Option<String>,
    /// Pico-USD → pico units of the currency, markup included, rounded half to even at 10^-12.
    pub numerator: i128,
    /// See `numerator`.
    pub denominator: i128,
}

impl Factor {
    /// USD to USD.
    #[must_use]
    pub fn one() -> Self {
        Self { rate: None, numerator: 1, denominator: 1 }
    }

    /// From the digits that a record carries: rate (none: 1) and markup in percent (none: 0).
    #[must_use]
    pub fn parse(rate: Option<&str>, markup_percent: Option<&str>) -> Option<Self> {
        let ten = |decimals: u32| 10_i128.checked_pow(decimals);
        let rate_digits = rate.map_or(Some(Amount { units: 1, decimals: 0 }), Amount::parse)?;
        let markup = markup_percent.map_or(Some(Amount { units: 0, decimals: 0 }), Amount::parse)?;
        let hundred = ten(markup.decimals)?.checked_mul(100)?;
        Some(Self {
            rate: rate.map(str::to_owned),
            numerator: rate_digits.units.checked_mul(hundred.checked_add(markup.units)?)?,
            denominator: ten(rate_digits.decimals)?.checked_mul(hundred)?,
        })
    }

    /// The amount of so many pico-USD; `None` if it is out of range.
    #[must_use]
    pub fn apply(&self, pico: i128) -> Option<i128> {
        let product = pico.checked_mul(self.numerator)?;
        let (whole, rest) = (product.div_euclid(self.denominator), product.rem_euclid(self.denominator));
        let up = match (rest * 2).cmp(&self.denominator) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Equal => whole % 2 != 0,
            std::cmp::Ordering::Less => false,
        };
        Some(whole + i128::from(up))
    }
}

/// A request and an agent for [`Policy::note`].
#[derive(Debug, Clone)]
pub struct NoteFor<'a> {
    /// Expense or entry.
    pub expense: bool,
    /// The agent.
    pub agent: &'a Agent,
    /// The model.
    pub model: &'a str,
    /// The session's id.
    pub session: &'a str,
    /// The date.
    pub day: Day,
    /// Requests on it.
    pub requests: u64,
    /// Seconds of an entry.
    pub seconds: u64,
    /// Tokens on it.
    pub tokens: Tokens,
}

/// The user's decisions.
pub trait Policy {
    /// Where a directory's facts go; `None`: it has no link of its own.
    ///
    /// # Errors
    /// Of the database, in which directories are remembered.
    fn spot(
        &mut self,
        tx: &Tx<'_>,
        agent: &Agent,
        dir: Option<DirRef>,
        branch: Option<BranchRef>,
        now: Instant,
    ) -> Result<Option<Arc<Spot>>, Error>;

    /// Whom is delivered to from now on: links to another workspace are held. `None`: to nobody who is known.
    fn deliver_to(&mut self, _account: Option<&Account>) {}

    /// Where facts go that a person mapped after the fact, whatever their directory says; `None`: this policy cannot.
    ///
    /// # Errors
    /// Of the database, in which directories are remembered.
    fn assigned(
        &mut self,
        _tx: &Tx<'_>,
        _agent: &Agent,
        (_dir, _branch): (Option<DirRef>, Option<BranchRef>),
        _to: (&Link, &[String; 3]),
        _now: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        Ok(None)
    }

    /// Whether what stands around a directory has changed since it was last looked at.
    ///
    /// # Errors
    /// Of the database.
    fn changed(&mut self, _tx: &Tx<'_>, _dir: DirRef, _now: Instant) -> Result<bool, Error> {
        Ok(false)
    }

    /// Looks again at what may change beside the directories (hooks of the Keito skill). Returns whether it did.
    fn look_again(&mut self) -> bool {
        false
    }

    /// `[default]`, for a session without any link.
    fn default_spot(&self, agent: &Agent) -> Option<Arc<Spot>>;

    /// The price of tokens of a request.
    ///
    /// # Errors
    /// Why it is held.
    fn price(&self, agent: &Agent, request: &due::Request, tokens: &Tokens) -> Result<Price, Held>;

    /// The exchange rate of a day and the markup of a link.
    ///
    /// # Errors
    /// Why it is held.
    fn factor(&self, detail: &Detail, day: Day, currency: Option<&str>) -> Result<Factor, Held>;

    /// Estimates of this agent may be billed.
    fn bill_estimates(&self, agent: &Agent) -> bool;

    /// Why this agent's entries are held, if they are.
    fn entries_held(&self, agent: &Agent) -> Option<Held>;

    /// The notes of a record.
    fn note(&self, detail: &Detail, of: &NoteFor<'_>) -> String;

    /// Version of the price table.
    fn price_version(&self) -> String;
}

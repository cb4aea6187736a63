//! The user's decisions in a simulation: spots by directory, a flat price per token and model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keitod::daemon::clerk::{Detail, Factor, NoteFor, Policy, Spot};
use keitod::ledger::basis::Cost;
use keitod::ledger::due::{self, Place, Price};
use keitod::ledger::held::Held;
use keitod::ledger::overlap::Overlap;
use keitod::model::{Agent, BranchRef, Day, DirRef, Instant, Link, ProjectId, TaskId, Tokens, Usd};
use keitod::store::{Error, Tx};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    To(&'static str),
    Nowhere,
    Excluded,
}

/// What holds of money at a time; its place among the others tells its prices from theirs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Money {
    pub markup: Option<String>,
    /// GBP per USD, where amounts are not in USD.
    pub rate: Option<String>,
}

#[derive(Debug)]
struct Decided {
    goes: BTreeMap<&'static str, Goes>,
    all_priced: bool,
    money: Vec<Money>,
    overlap: Overlap,
}

/// Shared with the clerk, so that a history can change it while the clerk runs.
#[derive(Debug, Clone)]
pub struct Mapping(Arc<Mutex<Decided>>);

impl Mapping {
    pub fn new() -> Self {
        let dirs = [
            ("/w/a", Goes::To("A")),
            ("/w/b", Goes::To("B")),
            ("/tmp/x", Goes::Nowhere),
            ("/w/private", Goes::Excluded),
        ];
        let (goes, money) = (dirs.into_iter().collect(), vec![Money::default()]);
        Self(Arc::new(Mutex::new(Decided { goes, all_priced: false, money, overlap: Overlap::Sum })))
    }

    pub fn set(&self, dir: &'static str, goes: Goes) {
        self.0.lock().unwrap().goes.insert(dir, goes);
    }

    pub fn price_everything(&self) {
        self.0.lock().unwrap().all_priced = true;
    }

    pub fn set_overlap(&self, overlap: Overlap) {
        self.0.lock().unwrap().overlap = overlap;
    }

    pub fn overlap(&self) -> Overlap {
        self.0.lock().unwrap().overlap
    }

    /// New prices, with this.
    pub fn set_money(&self, money: Money) {
        self.0.lock().unwrap().money.push(money);
    }

    /// All that held, in order.
    pub fn money(&self) -> Vec<Money> {
        self.0.lock().unwrap().money.clone()
    }

    fn get(&self, dir: &str) -> Goes {
        self.0.lock().unwrap().goes.get(dir).copied().unwrap_or(Goes::Nowhere)
    }

    fn everything_priced(&self) -> bool {
        self.0.lock().unwrap().all_priced
    }
}

/// Pico-USD per token of any class but output, which costs five times as much.
pub fn rate(model: &str) -> i128 {
    match model {
        "opus" => 4_999_999,
        "haiku" => 1_000_003,
        _ => 2_000_000,
    }
}

pub fn usd(model: &str, tokens: &Tokens) -> i128 {
    usd_at(0, model, tokens)
}

/// By the prices that came `step`th.
pub fn usd_at(step: usize, model: &str, tokens: &Tokens) -> i128 {
    let rate = rate(model) + 13_337 * i128::try_from(step).unwrap();
    rate * (i128::from(tokens.prompt()) + 5 * i128::from(tokens.output))
}

pub struct SimPolicy(pub Mapping);

impl Policy for SimPolicy {
    fn spot(
        &mut self,
        tx: &Tx<'_>,
        _: &Agent,
        dir: Option<DirRef>,
        _: Option<BranchRef>,
        _: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        let Some(dir) = dir else { return Ok(None) };
        let Some((path, _)) = tx.dir_of(dir)? else { return Ok(None) };
        let place = match self.0.get(&path) {
            Goes::Nowhere => return Ok(None),
            Goes::Excluded => Place::Excluded,
            Goes::To(project) => Place::To {
                link: Link { project: ProjectId::new(project), task: TaskId::new("t") },
                min_seconds: None,
                max_seconds: None,
                overlap: self.0.overlap(),
                cost: Cost::List { chosen: true },
            },
        };
        let markup_percent = self.0.money().pop().and_then(|money| money.markup);
        Ok(Some(Arc::new(Spot { place, detail: Detail { markup_percent, ..Detail::default() } })))
    }

    fn default_spot(&self, _: &Agent) -> Option<Arc<Spot>> {
        None
    }

    fn price(&self, _: &Agent, request: &due::Request, tokens: &Tokens) -> Result<Price, Held> {
        if &*request.model == "mystery" && !self.0.everything_priced() {
            return Err(Held::Unpriced);
        }
        let step = self.0.money().len() - 1;
        Ok(Price {
            usd: Usd(usd_at(step, &request.model, tokens)),
            source: format!("{} {step}", request.model),
        })
    }

    fn factor(&self, detail: &Detail, _: Day, currency: Option<&str>) -> Result<Factor, Held> {
        let rate = self.0.money().pop().and_then(|money| money.rate).filter(|_| currency != Some("USD"));
        if rate.is_none() && currency != Some("USD") {
            return Err(Held::NoRate);
        }
        Ok(Factor::parse(rate.as_deref(), detail.markup_percent.as_deref()).unwrap())
    }

    fn bill_estimates(&self, _: &Agent) -> bool {
        false
    }

    fn entries_held(&self, _: &Agent) -> Option<Held> {
        None
    }

    fn note(&self, _: &Detail, of: &NoteFor<'_>) -> String {
        of.model.to_owned()
    }

    fn price_version(&self) -> String {
        "sim".to_owned()
    }
}

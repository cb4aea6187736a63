//! The user's decisions in a simulation: spots by directory, a flat price per token and model.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keitod::daemon::clerk::{Detail, Factor, NoteFor, Policy, Spot};
use keitod::ledger::basis::Cost;
use keitod::ledger::due::{self, Place, Price};
use keitod::ledger::held::Held;
use keitod::model::{Agent, BranchRef, Day, DirRef, Instant, Link, ProjectId, TaskId, Tokens, Usd};
use keitod::store::{Error, Tx};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    To(&'static str),
    Nowhere,
    Excluded,
}

/// Shared with the clerk, so that a history can change it while the clerk runs.
#[derive(Debug, Clone)]
pub struct Mapping(Arc<Mutex<(BTreeMap<&'static str, Goes>, bool)>>);

impl Mapping {
    pub fn new() -> Self {
        let dirs = [
            ("/w/a", Goes::To("A")),
            ("/w/b", Goes::To("B")),
            ("/tmp/x", Goes::Nowhere),
            ("/w/private", Goes::Excluded),
        ];
        Self(Arc::new(Mutex::new((dirs.into_iter().collect(), false))))
    }

    pub fn set(&self, dir: &'static str, goes: Goes) {
        self.0.lock().unwrap().0.insert(dir, goes);
    }

    pub fn price_everything(&self) {
        self.0.lock().unwrap().1 = true;
    }

    fn get(&self, dir: &str) -> Goes {
        self.0.lock().unwrap().0.get(dir).copied().unwrap_or(Goes::Nowhere)
    }

    fn everything_priced(&self) -> bool {
        self.0.lock().unwrap().1
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
    rate(model) * (i128::from(tokens.prompt()) + 5 * i128::from(tokens.output))
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
                cost: Cost::List { chosen: true },
            },
        };
        Ok(Some(Arc::new(Spot { place, detail: Detail::default() })))
    }

    fn default_spot(&self, _: &Agent) -> Option<Arc<Spot>> {
        None
    }

    fn price(&self, _: &Agent, request: &due::Request, tokens: &Tokens) -> Result<Price, Held> {
        if &*request.model == "mystery" && !self.0.everything_priced() {
            return Err(Held::Unpriced);
        }
        Ok(Price { usd: Usd(usd(&request.model, tokens)), source: request.model.to_string() })
    }

    fn factor(&self, _: &Detail, _: Day, _: Option<&str>) -> Result<Factor, Held> {
        Ok(Factor::one())
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

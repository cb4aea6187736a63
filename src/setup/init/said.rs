//! What is told on the way.

use super::agents::FoundAgent;
use super::category::Category;
use super::projects::Bookable;
use super::text::Plan;
use super::wish::CostWish;
use super::workspace::{KeyKind, Workspace};
use crate::config::{CostBasis, Origin};
use crate::setup::Error;

/// How a line of the report is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Something to see to.
    Warn,
    /// Neither.
    Plain,
}

/// A line of the report. May hold names from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How it is meant.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
}

/// Who is told line by line what is found.
pub type Tell<'a> = dyn FnMut(Told) -> Result<(), Error> + 'a;

/// What is told, and what of it has to be seen to.
pub(super) struct Said<'t, 'a> {
    tell: &'t mut Tell<'a>,
    /// Everything to see to.
    pub warnings: Vec<String>,
}

impl<'t, 'a> Said<'t, 'a> {
    pub(super) fn new(tell: &'t mut Tell<'a>) -> Self {
        Self { tell, warnings: Vec::new() }
    }

    fn line(&mut self, tone: Tone, text: String) -> Result<(), Error> {
        (self.tell)(Told { tone, text })
    }

    pub(super) fn good(&mut self, text: String) -> Result<(), Error> {
        self.line(Tone::Good, text)
    }

    pub(super) fn plain(&mut self, text: String) -> Result<(), Error> {
        self.line(Tone::Plain, text)
    }

    pub(super) fn warn(&mut self, text: String) -> Result<(), Error> {
        self.warnings.push(text.clone());
        self.line(Tone::Warn, text)
    }

    pub(super) fn workspace(&mut self, of: &Workspace, from: &str, origin: &Origin) -> Result<(), Error> {
        let kind = match of.key {
            KeyKind::Full => "a full-access key",
            KeyKind::Jwt(_) => "a JWT",
        };
        self.good(format!("key: {kind} from {from}, accepted by {origin}"))?;
        if let KeyKind::Jwt(end) = of.key {
            let end = end.map(|end| format!(" (this one at {end})")).unwrap_or_default();
            self.warn(format!("a JWT ends{end}: a service needs a kto_ key"))?;
        }
        let name = of.name.as_deref().unwrap_or("unnamed");
        let account = of.account.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        self.good(format!("workspace: {name}{account}"))?;
        let zone = of.zone.as_deref().unwrap_or("zone not told");
        let currency = of.currency.as_deref().unwrap_or("currency not told");
        let rounding =
            of.rounding.as_ref().map_or_else(|| "no rounding".to_owned(), |how| format!("rounds {how}"));
        self.plain(format!("{zone}, {currency}, {rounding}"))?;
        if of.may.can_track_time == Some(false) {
            self.warn(
                "this key may not track time: entries will be refused; have the right given in Keito".into(),
            )?;
        }
        if of.may.can_track_expenses == Some(false) {
            self.warn(
                "this key may not track expenses: they will be refused; have the right given in Keito".into(),
            )?;
        }
        Ok(())
    }

    pub(super) fn category(&mut self, category: &Category, name: &str) -> Result<(), Error> {
        match category {
            Category::Found(id) => self.good(format!("expense category: {name} ({id})")),
            Category::Unseen => self.warn(format!(
                "no expense category {name} is in sight, and expenses are held until it is: log one {name} expense by \
                 hand in Keito, or give its id with --expense-category-id"
            )),
            Category::Unasked => self.warn(format!(
                "Keito does not show this key its expenses: give the id of {name} with --expense-category-id, or expenses \
                 are held"
            )),
        }
    }

    pub(super) fn projects(&mut self, all: &Bookable) -> Result<(), Error> {
        match all.len() {
            0 => self.warn(Error::NoProjects.to_string()),
            1 => self.plain("1 project can be booked on".to_owned()),
            number => self.plain(format!("{number} projects can be booked on")),
        }
    }

    pub(super) fn money(&mut self, plan: &Plan, workspace: &Workspace, cost: CostWish) -> Result<(), Error> {
        if cost == CostWish::Later {
            self.warn("usage under a subscription is held until [money] cost says how to treat it".into())?;
        }
        match workspace.foreign_currency() {
            Some(code) if plan.rate.is_none() && cost != CostWish::Basis(CostBasis::Off) => {
                self.warn(format!(
                    "amounts are in {code}, and there is no rate: expenses are held until the config has a [[money.rate]] \
                     (--usd-rate)"
                ))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn agents(&mut self, agents: &[FoundAgent]) -> Result<(), Error> {
        if agents.is_empty() {
            return self.warn("no agent has left logs here yet: they are read once they appear".to_owned());
        }
        for FoundAgent { title, roots, costs, .. } in agents {
            let roots: Vec<String> = roots.iter().map(|root| root.display().to_string()).collect();
            let only = if *costs { "" } else { " (time only)" };
            self.good(format!("agent: {title}{only} in {}", roots.join(", ")))?;
        }
        Ok(())
    }
}

//! The questions whose answers change what is billed. None has an answer that is taken without being given.

use rust_decimal::Decimal;

use super::ask::Terminal;
use super::projects::{Bookable, Chosen};
use super::wish::{CostWish, Wish, Words};
use super::workspace::Workspace;
use crate::config::{CostBasis, EntryPer};
use crate::keito::Client;
use crate::setup::Error;
use crate::setup::error::Unanswered;
use crate::setup::link::Place;

/// What was answered.
#[derive(Debug)]
pub(super) struct Answers {
    /// What the repository is linked to.
    pub link: Option<Chosen>,
    /// What everything else is linked to.
    pub default: Option<Chosen>,
    /// Usage under a subscription.
    pub cost: CostWish,
    /// What an entry stands for.
    pub entry: EntryPer,
    /// Workspace currency per USD.
    pub usd_rate: Option<Decimal>,
}

/// What the questions are about.
pub(super) struct About<'a> {
    pub wish: &'a Wish,
    pub workspace: &'a Workspace,
    pub client: &'a Client,
    /// The repository that can be linked, if there is one without a link.
    pub place: Option<&'a Place>,
}

impl About<'_> {
    /// The flags that have to be given where nobody can be asked. All of them at once.
    pub(super) fn unanswered(&self, with_config: bool) -> Vec<Unanswered> {
        let mut all = Vec::new();
        let mut need = |flags, what: String| all.push(Unanswered { flags, what });
        if self.wish.link.is_none()
            && let Some(place) = self.place
        {
            let root = place.root().display();
            need("--project and --task, or --no-link", format!("which project {root} belongs to"));
        }
        if with_config && self.wish.cost.is_none() {
            let what = "how usage under a subscription is treated".to_owned();
            need("--cost list, metered, off or later", what);
        }
        if with_config && self.wish.entry.is_none() && self.workspace.rounds_up() {
            let how = self.workspace.rounding.as_deref().unwrap_or_default();
            let what = format!(
                "whether entries are per session or per day, as the workspace rounds each one ({how})"
            );
            need("--entry day or session", what);
        }
        all
    }

    /// Asks, in order, what the flags leave open.
    pub(super) async fn ask(
        &self,
        all: &mut Bookable,
        asked: &mut Option<Terminal>,
    ) -> Result<Answers, Error> {
        let link = self.link(all, asked.as_mut()).await?;
        let default = self.default(all, asked.as_mut()).await?;
        let cost = self.cost(asked.as_mut())?;
        Ok(Answers {
            link,
            default,
            cost,
            entry: self.entry(asked.as_mut())?,
            usd_rate: self.usd_rate(cost, asked.as_mut())?,
        })
    }

    /// What the repository is linked to.
    pub(super) async fn link(
        &self,
        all: &mut Bookable,
        asked: Option<&mut Terminal>,
    ) -> Result<Option<Chosen>, Error> {
        match (&self.wish.link, self.place, asked) {
            (Some(None), ..) | (None, None, _) | (None, _, None) => Ok(None),
            (Some(Some(words)), ..) => self.find(all, words).await.map(Some),
            (None, Some(place), Some(terminal)) => {
                let question = format!("link {} to a project?", place.root().display());
                if all.is_empty() || !terminal.yes(&question, true)? {
                    return Ok(None);
                }
                all.choose(self.client, terminal).await.map(Some)
            }
        }
    }

    /// What everything else is linked to.
    pub(super) async fn default(
        &self,
        all: &mut Bookable,
        asked: Option<&mut Terminal>,
    ) -> Result<Option<Chosen>, Error> {
        match (&self.wish.default, asked) {
            (Some(None), _) | (None, None) => Ok(None),
            (Some(Some(words)), _) => self.find(all, words).await.map(Some),
            (None, Some(terminal)) => {
                let question =
                    "give sessions outside of linked repositories a project, too? (else they are held)";
                if all.is_empty() || !terminal.yes(question, false)? {
                    return Ok(None);
                }
                all.choose(self.client, terminal).await.map(Some)
            }
        }
    }

    async fn find(&self, all: &mut Bookable, words: &Words) -> Result<Chosen, Error> {
        all.find(self.client, &words.project, &words.task).await
    }

    fn cost(&self, asked: Option<&mut Terminal>) -> Result<CostWish, Error> {
        match (self.wish.cost, asked) {
            (Some(wish), _) => Ok(wish),
            (None, None) => Ok(CostWish::Later),
            (None, Some(terminal)) => {
                terminal.tell("Usage that a subscription paid for (Claude Max, ChatGPT Plus, …):")?;
                let names = [
                    "list: bill it at the vendor's list price",
                    "metered: bill only what a log proves was charged",
                    "off: bill no cost at all, only time",
                    "later: hold it until this is decided",
                ];
                let all = [
                    CostWish::Basis(CostBasis::List),
                    CostWish::Basis(CostBasis::Metered),
                    CostWish::Basis(CostBasis::Off),
                    CostWish::Later,
                ];
                Ok(all[terminal.choose("cost", &names.map(str::to_owned), Some(3))?])
            }
        }
    }

    fn entry(&self, asked: Option<&mut Terminal>) -> Result<EntryPer, Error> {
        match (self.wish.entry, asked) {
            (Some(wish), _) => Ok(wish),
            (None, Some(terminal)) if self.workspace.rounds_up() => {
                let how = self.workspace.rounding.as_deref().unwrap_or_default();
                terminal.tell(&format!(
                    "The workspace rounds each entry up ({how}), so many short ones cost more."
                ))?;
                let per_day =
                    terminal.yes("one entry a day, project and agent instead of one a session?", true)?;
                Ok(if per_day { EntryPer::Day } else { EntryPer::Session })
            }
            (None, _) => Ok(EntryPer::Session),
        }
    }

    fn usd_rate(&self, cost: CostWish, asked: Option<&mut Terminal>) -> Result<Option<Decimal>, Error> {
        let (None, Some(terminal)) = (self.wish.usd_rate, asked) else { return Ok(self.wish.usd_rate) };
        let Some(currency) = self.workspace.foreign_currency() else { return Ok(None) };
        if cost == CostWish::Basis(CostBasis::Off) {
            return Ok(None);
        }
        loop {
            let question = format!("{currency} per USD, such as 0.79 (without it expenses are held)");
            match terminal.line(&question, Some("none"))?.as_str() {
                "none" => return Ok(None),
                answer => match answer.parse::<Decimal>() {
                    Ok(rate) if rate > Decimal::ZERO => return Ok(Some(rate)),
                    _ => terminal.tell("a number above 0, such as 0.79, or none")?,
                },
            }
        }
    }
}

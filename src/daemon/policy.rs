//! The clerk's questions answered from the config, the price table and the directories themselves.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::clerk::{Detail, Factor, NoteFor, Policy, Spot};
use crate::config::{self, Config, CostBasis, Template};
use crate::keito::{Extra, note_name};
use crate::ledger::basis::{Basis, Cost};
use crate::ledger::due::{self, Place, Price};
use crate::ledger::held::Held;
use crate::ledger::overlap::Overlap;
use crate::mapping::{self, By, DirView, LinkTo, Mapped, Scalar};
use crate::model::{AccountId, Agent, BranchRef, Day, DirRef, Instant, Link, Tokens};
use crate::prices::{Fee, Override, Rate, Rates, Request, Table, Unpriced};
use crate::repo::{self, DirFacts};
use crate::store::{Account, Error, Tx};

/// How long a look at a directory is good.
const LOOK: Duration = Duration::from_secs(2);

/// What a user decided, with the directories as they are.
pub struct ConfigPolicy {
    config: Arc<Config>,
    table: Arc<Table>,
    home: PathBuf,
    machine: String,
    account: Option<AccountId>,
    looked: HashMap<DirRef, (Instant, Arc<DirFacts>, PathBuf)>,
    spots: HashMap<(Agent, DirRef, Option<BranchRef>), Known>,
    /// The same under `[default]`.
    defaults: HashMap<(Agent, DirRef, Option<BranchRef>), Known>,
    /// Agents whose hooks of the skill are looked for, beside these roots; those that have them.
    hooked: Vec<(Agent, Vec<PathBuf>)>,
    skilled: Vec<Agent>,
    /// Directories are not looked at: what was remembered of them is what holds.
    remembers: bool,
}

/// Where a directory led, with the facts that it was decided by.
type Known = (Arc<DirFacts>, Option<Arc<Spot>>);

impl ConfigPolicy {
    /// For one account; `None` while there are no credentials.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        table: Arc<Table>,
        home: PathBuf,
        machine: String,
        account: Option<AccountId>,
    ) -> Self {
        Self {
            config,
            table,
            home,
            machine,
            account,
            looked: HashMap::new(),
            spots: HashMap::new(),
            defaults: HashMap::new(),
            hooked: Vec::new(),
            skilled: Vec::new(),
            remembers: false,
        }
    }

    /// Goes by what the database remembers of directories, for those who may not write to it. These agents' entries are
    /// held where hooks of the skill log their time.
    #[must_use]
    pub fn remembering(mut self, hooked: &[(Agent, Vec<PathBuf>)]) -> Self {
        let found = hooked.iter().filter(|(_, roots)| super::skill::is_installed(roots));
        (self.skilled, self.remembers) = (found.map(|(agent, _)| agent.clone()).collect(), true);
        self
    }

    /// Holds the entries of agents whose time the Keito skill's hooks log; they are looked for beside these log
    /// directories. Agents with `skill = "coverage"` need not be among them.
    #[must_use]
    pub fn looking_for_hooks(mut self, agents: Vec<(Agent, Vec<PathBuf>)>) -> Self {
        self.hooked = agents;
        self.look_for_hooks();
        self
    }

    fn look_for_hooks(&mut self) -> bool {
        let found = self.hooked.iter().filter(|(_, roots)| super::skill::is_installed(roots));
        let found: Vec<Agent> = found.map(|(agent, _)| agent.clone()).collect();
        for agent in found.iter().filter(|agent| !self.skilled.contains(agent)) {
            tracing::warn!(%agent, "the Keito skill's hooks log this agent's time: its entries are held");
        }
        let changed = found != self.skilled;
        self.skilled = found;
        changed
    }

    /// What stands around a directory: looked at now and remembered, or remembered if it is gone.
    fn facts(
        &mut self,
        tx: &Tx<'_>,
        dir: DirRef,
        now: Instant,
    ) -> Result<Option<(Arc<DirFacts>, PathBuf)>, Error> {
        if let Some((at, facts, path)) = self.looked.get(&dir)
            && now.since(*at) < LOOK
        {
            return Ok(Some((Arc::clone(facts), path.clone())));
        }
        let Some((path, remembered)) = tx.dir_of(dir)? else { return Ok(None) };
        let path = PathBuf::from(path);
        if self.remembers {
            let facts = Arc::new(remembered.as_deref().and_then(repo::from_json).unwrap_or_default());
            self.looked.insert(dir, (now, Arc::clone(&facts), path.clone()));
            return Ok(Some((facts, path)));
        }
        let mut facts = repo::look(&path, &self.home);
        match remembered.as_deref().and_then(repo::from_json) {
            // Deleted worktrees keep the link that they had.
            Some(known) if facts.gone => facts = known,
            Some(known) if known == facts => {}
            _ => {
                if let Some(text) = repo::to_json(&facts) {
                    tx.remember_dir(dir, &text, now)?;
                }
            }
        }
        let facts = match self.looked.get(&dir) {
            Some((_, known, _)) if **known == facts => Arc::clone(known),
            _ => Arc::new(facts),
        };
        self.looked.insert(dir, (now, Arc::clone(&facts), path.clone()));
        Ok(Some((facts, path)))
    }

    fn spot_of(
        &self,
        agent: &Agent,
        path: &Path,
        facts: &DirFacts,
        branch: Option<&str>,
    ) -> Option<Arc<Spot>> {
        let view = DirView { path, facts, log_branch: branch, head_branch: None };
        let mapped = mapping::link_of(&self.config.rules, &view);
        let detail = |link: Option<&LinkTo>| self.detail(agent, path, facts, branch, link);
        let spot = match mapped {
            Mapped::Unmapped => return None,
            Mapped::Excluded(_) => Spot { place: Place::Excluded, detail: detail(None) },
            Mapped::Error(_) => Spot { place: Place::Held(Held::MappingError), detail: detail(None) },
            Mapped::Linked(link) => Spot { place: self.place(agent, &link), detail: detail(Some(&link)) },
        };
        Some(Arc::new(spot))
    }

    fn place(&self, agent: &Agent, link: &LinkTo) -> Place {
        if let (Some(workspace), Some(account)) = (&link.workspace, &self.account)
            && workspace != account
        {
            return Place::Held(Held::OtherAccount);
        }
        let terms = mapping::money_terms(&self.config, agent, link);
        Place::To {
            link: link.link.clone(),
            min_seconds: link.min_seconds,
            max_seconds: link.max_seconds,
            overlap: match link.overlap.unwrap_or(self.config.time.overlap) {
                config::Overlap::Sum => Overlap::Sum,
                config::Overlap::Project => Overlap::Project,
                config::Overlap::All => Overlap::All,
            },
            cost: match terms.cost {
                CostBasis::List => Cost::List { chosen: terms.chosen },
                CostBasis::Metered => Cost::Metered,
                CostBasis::Off => Cost::Off,
            },
        }
    }

    fn detail(
        &self,
        agent: &Agent,
        path: &Path,
        facts: &DirFacts,
        branch: Option<&str>,
        link: Option<&LinkTo>,
    ) -> Detail {
        let privacy = &self.config.privacy;
        let name =
            facts.repo.clone().or_else(|| path.file_name().map(|name| name.to_string_lossy().into_owned()));
        let repo = name.unwrap_or_default();
        let shown = facts.remote.clone().unwrap_or_else(|| repo.clone());
        let names = link.map(|link| &link.names);
        let name = |of: Option<&String>| of.cloned().unwrap_or_default();
        let mut extra: Vec<(String, Extra)> = link
            .map(|link| link.metadata.iter().map(|(key, value)| (key.clone(), extra_of(value))).collect())
            .unwrap_or_default();
        if privacy.send_paths {
            extra.push(("cwd".to_owned(), Extra::Text(path.to_string_lossy().into_owned())));
        }
        let terms = link.map(|link| mapping::money_terms(&self.config, agent, link));
        let markup = terms.map(|terms| terms.markup_percent);
        Detail {
            repo,
            send_repo: Some(shown).filter(|shown| privacy.send_repo && !shown.is_empty()),
            branch: facts.branch.clone().or_else(|| branch.map(str::to_owned)),
            send_branch: privacy.send_branch,
            names: [
                name(names.and_then(|names| names.client.as_ref())),
                name(names.and_then(|names| names.project.as_ref())),
                name(names.and_then(|names| names.task.as_ref())),
            ],
            notes: link.and_then(|link| link.notes.clone()),
            redact: link.is_some_and(|link| link.redact_notes),
            draft: link.is_some_and(|link| link.draft),
            extra,
            cost_basis: match terms.map(|terms| terms.cost) {
                None | Some(CostBasis::Off) => None,
                Some(CostBasis::List) => Some(Basis::List.code()),
                Some(CostBasis::Metered) => Some(Basis::Metered.code()),
            },
            markup_percent: markup
                .filter(|markup| !markup.is_zero())
                .map(|markup| markup.normalize().to_string()),
            agent_id: Some(
                self.config.keito.agent_id.clone().unwrap_or_else(|| format!("{agent}@{}", self.machine)),
            ),
            spent: None,
        }
    }
}

fn extra_of(value: &Scalar) -> Extra {
    match value {
        Scalar::Text(text) | Scalar::Number(text) => Extra::Text(text.clone()),
        Scalar::Integer(number) => Extra::Integer(*number),
        Scalar::Bool(flag) => Extra::Flag(*flag),
    }
}

impl Policy for ConfigPolicy {
    fn spot(
        &mut self,
        tx: &Tx<'_>,
        agent: &Agent,
        dir: Option<DirRef>,
        branch: Option<BranchRef>,
        now: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        let Some(dir) = dir else { return Ok(None) };
        let Some((facts, path)) = self.facts(tx, dir, now)? else { return Ok(None) };
        let key = (agent.clone(), dir, branch);
        if let Some((known, spot)) = self.spots.get(&key)
            && Arc::ptr_eq(known, &facts)
        {
            return Ok(spot.clone());
        }
        let name = branch.map(|branch| tx.branch_name(branch)).transpose()?.flatten();
        let spot = self.spot_of(agent, &path, &facts, name.as_deref());
        self.spots.insert(key, (facts, spot.clone()));
        Ok(spot)
    }

    fn deliver_to(&mut self, account: Option<&Account>) {
        // The embedded Keito stands in for the real one: a repository's own link is as good there.
        let real = account.filter(|account| !account.sandbox && !account.account.as_str().is_empty());
        let real = real.map(|account| account.account.clone()).or_else(|| self.config.keito.account.clone());
        if self.account != real {
            self.account = real;
            self.spots.clear();
            self.defaults.clear();
        }
    }

    fn assigned(
        &mut self,
        tx: &Tx<'_>,
        agent: &Agent,
        (dir, branch): (Option<DirRef>, Option<BranchRef>),
        (link, names): (&Link, &[String; 3]),
        now: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        let around = dir.map(|dir| self.facts(tx, dir, now)).transpose()?.flatten();
        let (facts, path) = around.unwrap_or_default();
        let branch = branch.map(|branch| tx.branch_name(branch)).transpose()?.flatten();
        let view = DirView { path: &path, facts: &facts, log_branch: branch.as_deref(), head_branch: None };
        let name = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let names =
            mapping::Names { client: name(&names[0]), project: name(&names[1]), task: name(&names[2]) };
        let to = LinkTo {
            names,
            // What the repository's file asked to keep to itself stays so; one that nobody can read may have.
            redact_notes: match mapping::link_of(&self.config.rules, &view) {
                Mapped::Linked(own) => own.redact_notes,
                Mapped::Error(_) => true,
                Mapped::Excluded(_) | Mapped::Unmapped => false,
            },
            ..LinkTo::bare(link.clone(), By::Assigned)
        };
        let detail = self.detail(agent, &path, &facts, branch.as_deref(), Some(&to));
        Ok(Some(Arc::new(Spot { place: self.place(agent, &to), detail })))
    }

    fn default_spot(&self, agent: &Agent) -> Option<Arc<Spot>> {
        let link = self.config.rules.default.as_ref()?;
        let link = LinkTo::bare(link.clone(), By::Default);
        let detail = self.detail(agent, Path::new(""), &DirFacts::default(), None, Some(&link));
        Some(Arc::new(Spot { place: self.place(agent, &link), detail }))
    }

    fn default_spot_in(
        &mut self,
        tx: &Tx<'_>,
        agent: &Agent,
        (dir, branch): (Option<DirRef>, Option<BranchRef>),
        now: Instant,
    ) -> Result<Option<Arc<Spot>>, Error> {
        let Some(link) = self.config.rules.default.clone() else { return Ok(None) };
        let Some(dir) = dir else { return Ok(self.default_spot(agent)) };
        let Some((facts, path)) = self.facts(tx, dir, now)? else { return Ok(self.default_spot(agent)) };
        let key = (agent.clone(), dir, branch);
        if let Some((known, spot)) = self.defaults.get(&key)
            && Arc::ptr_eq(known, &facts)
        {
            return Ok(spot.clone());
        }
        let name = branch.map(|branch| tx.branch_name(branch)).transpose()?.flatten();
        let link = LinkTo::bare(link, By::Default);
        let detail = self.detail(agent, &path, &facts, name.as_deref(), Some(&link));
        let spot = Some(Arc::new(Spot { place: self.place(agent, &link), detail }));
        self.defaults.insert(key, (facts, spot.clone()));
        Ok(spot)
    }

    fn changed(&mut self, tx: &Tx<'_>, dir: DirRef, now: Instant) -> Result<bool, Error> {
        let before = self.looked.get_mut(&dir).map(|(at, facts, _)| {
            // Whoever asks this wants another look, however young the last one is.
            *at = Instant::from_seconds(0);
            Arc::clone(facts)
        });
        let after = self.facts(tx, dir, now)?.map(|(facts, _)| facts);
        Ok(match (before, after) {
            (Some(before), Some(after)) => !Arc::ptr_eq(&before, &after),
            (before, after) => before.is_some() != after.is_some(),
        })
    }

    fn price(&self, _agent: &Agent, request: &due::Request, tokens: &Tokens) -> Result<Price, Held> {
        let of = Request {
            platform: request.provider.as_deref(),
            model: &request.model,
            at: request.at,
            tokens,
            terms: &request.terms,
        };
        match self.table.price(&of) {
            Ok(priced) => Ok(Price { usd: priced.usd, source: priced.provenance.to_string() }),
            Err(Unpriced::BadUsage) => Err(Held::BadUsage),
            Err(_) => Err(Held::Unpriced),
        }
    }

    fn factor(&self, detail: &Detail, day: Day, currency: Option<&str>) -> Result<Factor, Held> {
        let markup = detail.markup_percent.as_deref();
        let money = &self.config.money;
        let rate = match currency {
            Some("USD") => None,
            Some(currency) => Some(money.rate(currency, day).ok_or(Held::NoRate)?),
            // Keito does not name it, but the user's rates may.
            None => Some(money.only_currency().and_then(|only| money.rate(only, day)).ok_or(Held::NoRate)?),
        };
        let digits = rate.map(|rate| rate.per_usd.normalize().to_string());
        Factor::parse(digits.as_deref(), markup).ok_or(Held::NoRate)
    }

    fn look_again(&mut self) -> bool {
        self.look_for_hooks()
    }

    fn bill_estimates(&self, agent: &Agent) -> bool {
        self.config.agent(agent).bill_estimates
    }

    fn entries_held(&self, agent: &Agent) -> Option<Held> {
        self.skilled.contains(agent).then_some(Held::SkillActive)
    }

    fn note(&self, detail: &Detail, of: &NoteFor<'_>) -> String {
        if detail.redact {
            return "[redacted]".to_owned();
        }
        let notes = &self.config.notes;
        let template: &Template =
            if of.expense { &notes.expense } else { detail.notes.as_ref().unwrap_or(&notes.entry) };
        let name = |text: &str| Some(note_name(text));
        template.render(|field| match field {
            "agent" => name(of.agent.as_str()),
            "model" => name(of.model).filter(|model| model != "unknown"),
            "repo" => name(&detail.repo).filter(|_| self.config.privacy.send_repo),
            "branch" => name(detail.branch.as_deref().filter(|_| detail.send_branch)?),
            "day" => Some(of.day.to_string()),
            "session" => name(of.session),
            "requests" => Some(of.requests.to_string()),
            // An expense has no time of its own.
            "duration" if of.expense => None,
            "duration" => Some(format!("{}:{:02}", of.seconds / 3600, of.seconds / 60 % 60)),
            "input_k" => Some(thousands(of.tokens.prompt())),
            "output_k" => Some(thousands(of.tokens.output)),
            "client" => name(&detail.names[0]),
            "project" => name(&detail.names[1]),
            "task" => name(&detail.names[2]),
            _ => None,
        })
    }

    fn price_version(&self) -> String {
        self.table.version().to_owned()
    }
}

/// Thousands of tokens: one decimal below ten, none above.
fn thousands(tokens: u64) -> String {
    if tokens >= 10_000 {
        return ((tokens + 500) / 1000).to_string();
    }
    let tenths = (tokens + 50) / 100;
    if tenths.is_multiple_of(10) {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

/// The config's `[[price]]` rows as the table takes them.
#[must_use]
pub fn overrides(config: &Config) -> Vec<Override> {
    let digits = |value: &rust_decimal::Decimal| value.normalize().to_string();
    let rate = |value: &Option<rust_decimal::Decimal>| {
        value.as_ref().and_then(|value| Rate::per_million(&digits(value)))
    };
    let rows = config.money.prices.iter().map(|price| Override {
        platform: price.platform.clone(),
        model: price.model.clone(),
        from: price.from,
        to: price.to,
        rates: Rates::new([
            rate(&price.input),
            rate(&price.cache_read),
            rate(&price.cache_write_5m),
            rate(&price.cache_write_1h),
            rate(&price.output),
        ]),
        web_search: price.web_search.as_ref().and_then(|fee| Fee::per_thousand(&digits(fee))),
        discount: price
            .discount_percent
            .as_ref()
            .and_then(|percent| crate::prices::Factor::discount_percent(&digits(percent))),
    });
    rows.collect()
}

//! `[sources.<agent>]` and `[[source]]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rust_decimal::Decimal;

use super::Env;
use super::document::Value;
use super::error::Trouble;
use super::glob::Pattern;
use super::money::cost;
use super::scalar::{self, flag, word};
use super::section::{Section, nearest};
use super::settings::CostBasis;
use crate::model::{Agent, Who};
use crate::sources::{Declared, Files, Pointers};

/// What happens to an agent's entries while the Keito skill's hooks are installed for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Skill {
    /// They are held.
    #[default]
    Hold,
    /// The skill's entries count as coverage, and the rest is sent.
    Coverage,
}

/// `[sources.<agent>]`; an agent without one has [`AgentSettings::default`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentSettings {
    /// Whether the agent is read at all.
    pub enabled: bool,
    /// In place of the agent's own roots.
    pub roots: Option<Vec<PathBuf>>,
    /// What its expenses are made of.
    pub cost: Option<CostBasis>,
    /// Added to its cost.
    pub markup_percent: Option<Decimal>,
    /// Whether estimated requests are sent.
    pub bill_estimates: bool,
    /// What the skill's hooks do to its entries.
    pub skill: Skill,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            roots: None,
            cost: None,
            markup_percent: None,
            bill_estimates: false,
            skill: Skill::Hold,
        }
    }
}

/// A pointer into one JSON line, RFC 6901.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// The pointer's text, as `serde_json` takes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `[source.fields]`: where a line of a further agent holds what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// Session id; without it the file's name is the session.
    pub session: Option<Pointer>,
    /// Instant: RFC 3339, or Unix seconds, ms or µs by magnitude.
    pub at: Pointer,
    /// Who wrote the line; mapped by [`CustomSource::who`].
    pub who: Option<Pointer>,
    /// Request id.
    pub request: Option<Pointer>,
    /// Model.
    pub model: Option<Pointer>,
    /// Working directory.
    pub cwd: Option<Pointer>,
    /// Input tokens.
    pub input: Option<Pointer>,
    /// Whether `input` counts the cached ones too.
    pub input_includes_cached: bool,
    /// Whether `output` counts the reasoning too.
    pub output_includes_reasoning: bool,
    /// Tokens read from a cache.
    pub cache_read: Option<Pointer>,
    /// Tokens written to a cache.
    pub cache_write: Option<Pointer>,
    /// Reasoning tokens.
    pub reasoning: Option<Pointer>,
    /// Output tokens.
    pub output: Option<Pointer>,
}

const WHO_TABLE: &str = "a table [source.who] that maps values of fields.who, such as user = \"prompt\": without it no line is an activity";
const WHO_POINTER: &str = "left out, or fields.who must point to the value that this table maps";
const NOTHING_TO_READ: &str =
    "pointers to what is billed: who for time, model with input and output for cost";

/// `[[source]]`: a further JSONL agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomSource {
    /// Its name.
    pub agent: Agent,
    /// Its files.
    pub files: Vec<Pattern>,
    /// Where a line holds what.
    pub fields: Fields,
    /// What a value of [`Fields::who`] means; other values are no activity.
    pub who: BTreeMap<String, Who>,
}

impl CustomSource {
    /// The source that it describes.
    #[must_use]
    pub fn declared(&self) -> Declared {
        let files = self.files.iter().cloned().map(|pattern| Files {
            root: pattern.root(),
            holds: Box::new(move |path| pattern.matches(path)),
        });
        Declared {
            agent: self.agent.clone(),
            files: files.collect(),
            pointers: self.fields.pointers(),
            who: self.who.clone(),
        }
    }
}

impl Fields {
    fn pointers(&self) -> Pointers {
        let text = |pointer: &Option<Pointer>| pointer.as_ref().map(|pointer| pointer.as_str().to_owned());
        Pointers {
            session: text(&self.session),
            at: self.at.as_str().to_owned(),
            who: text(&self.who),
            request: text(&self.request),
            model: text(&self.model),
            cwd: text(&self.cwd),
            input: text(&self.input),
            input_includes_cached: self.input_includes_cached,
            output_includes_reasoning: self.output_includes_reasoning,
            cache_read: text(&self.cache_read),
            cache_write: text(&self.cache_write),
            reasoning: text(&self.reasoning),
            output: text(&self.output),
        }
    }
}

pub(super) fn custom(sections: Vec<Section<'_>>, env: &Env) -> Vec<CustomSource> {
    let mut sources: Vec<CustomSource> = Vec::new();
    for mut s in sections {
        let agent = s.need("agent", agent_name).map(Agent::new);
        let files = s.need("files", |v| {
            scalar::texts(v)?.iter().map(|text| Pattern::path(text, env)).collect::<Result<Vec<_>, _>>()
        });
        let fields = fields(s.table("fields"));
        let who = s.free("who", |v| {
            let words = &[
                ("prompt", Who::Prompt),
                ("agent", Who::Agent),
                ("tool", Who::Tool),
                ("script", Who::Script),
            ];
            word(words, "\"prompt\", \"agent\", \"tool\" or \"script\"")(v)
        });
        if let Some(agent) = &agent {
            let known = crate::sources::all().iter().any(|source| source.agent() == *agent);
            if known {
                s.problem("agent", Trouble::Expected("a name that keitod does not read already"));
            } else if sources.iter().any(|source| source.agent == *agent) {
                s.problem("agent", Trouble::Twice);
            }
        }
        if let Some(fields) = &fields {
            match (&fields.who, who.is_empty()) {
                (Some(_), true) => s.problem("who", Trouble::Expected(WHO_TABLE)),
                (None, false) => s.problem("who", Trouble::Expected(WHO_POINTER)),
                _ => {}
            }
            let counts = fields.input.is_some() || fields.output.is_some();
            if !counts && fields.who.is_none() {
                s.problem("fields", Trouble::Expected(NOTHING_TO_READ));
            }
            if counts && fields.model.is_none() {
                s.problem("fields.model", Trouble::Missing);
            }
        }
        s.end();
        if let (Some(agent), Some(files), Some(fields)) = (agent, files, fields) {
            sources.push(CustomSource { agent, files, fields, who });
        }
    }
    sources
}

fn fields(mut s: Section<'_>) -> Option<Fields> {
    let at = s.need("at", pointer);
    let fields = Fields {
        session: s.get("session", pointer),
        at: at.clone().unwrap_or(Pointer(String::new())),
        who: s.get("who", pointer),
        request: s.get("request", pointer),
        model: s.get("model", pointer),
        cwd: s.get("cwd", pointer),
        input: s.get("input", pointer),
        input_includes_cached: s.get("input_includes_cached", flag).unwrap_or(false),
        output_includes_reasoning: s.get("output_includes_reasoning", flag).unwrap_or(true),
        cache_read: s.get("cache_read", pointer),
        cache_write: s.get("cache_write", pointer),
        reasoning: s.get("reasoning", pointer),
        output: s.get("output", pointer),
    };
    s.end();
    at.map(|_| fields)
}

pub(super) fn agents(
    sections: BTreeMap<String, Section<'_>>,
    custom: &[CustomSource],
    env: &Env,
) -> BTreeMap<Agent, AgentSettings> {
    let mut known: Vec<Agent> = crate::sources::all().iter().map(|source| source.agent()).collect();
    known.extend(custom.iter().map(|source| source.agent.clone()));
    let mut agents = BTreeMap::new();
    for (name, mut s) in sections {
        let skills = &[("hold", Skill::Hold), ("coverage", Skill::Coverage)];
        let default = AgentSettings::default();
        let settings = AgentSettings {
            enabled: s.get("enabled", flag).unwrap_or(default.enabled),
            roots: s.get("roots", scalar::paths(env)),
            cost: s.get("cost", cost),
            markup_percent: s.get("markup_percent", scalar::markup),
            bill_estimates: s.get("bill_estimates", flag).unwrap_or(default.bill_estimates),
            skill: s.get("skill", word(skills, "\"hold\" or \"coverage\"")).unwrap_or(default.skill),
        };
        let agent = Agent::new(name);
        if !known.contains(&agent) {
            let near = nearest(agent.as_str(), known.iter().map(Agent::as_str));
            s.problem_here(Trouble::UnknownAgent(near));
        }
        if settings.roots.is_some() && custom.iter().any(|source| source.agent == agent) {
            s.problem(
                "roots",
                Trouble::Expected("left out: where this agent's logs are is said by files in its [[source]]"),
            );
        }
        s.end();
        agents.insert(agent, settings);
    }
    agents
}

fn agent_name(value: &Value<'_>) -> Result<String, Trouble> {
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    scalar::text(value)
        .ok()
        .filter(|name| name.len() <= 40 && name.chars().all(kebab) && name.starts_with(|c: char| c != '-'))
        .ok_or(Trouble::Expected("a name in kebab-case, such as \"my-agent\""))
}

fn pointer(value: &Value<'_>) -> Result<Pointer, Trouble> {
    let text = scalar::text(value).unwrap_or_default();
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    if text.starts_with('/') && escapes {
        Ok(Pointer(text))
    } else {
        Err(Trouble::Expected("a JSON pointer, such as \"/usage/input_tokens\""))
    }
}

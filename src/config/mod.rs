//! File, environment and credentials → one resolved, typed configuration, all errors at once.
//!
//! Two texts make a [`Config`]: `config/default.toml`, which is compiled in and is the only place where a default
//! stands, and the user's `config.toml` (`$XDG_CONFIG_HOME/keitod/`, or what `KEITOD_CONFIG` names; it may be absent).
//! Every key is read where it is checked, so an unknown key, a wrong type and a value out of range are all found in one
//! run, each with file and line ([`ConfigError`]). What is in force, and who said so, is [`Config::show`].
//!
//! | file | duty |
//! | --- | --- |
//! | `env` | the process environment as a value; the only reader of it |
//! | `veil` | the key leaves the process environment |
//! | `paths`, `socket` | where config, state, data and socket are |
//! | `document`, `section`, `scalar` | the two texts, one table, one value |
//! | `tables`, `money`, `rule`, `source` | the keys of each table |
//! | `settings` | the typed result |
//! | `glob`, `template`, `origin` | values with rules of their own |
//! | `credentials` | the API key, the account and the server |
//! | `show` | the configuration in force as text |
//! | `schema` | the keys for editors |

pub mod credentials;

mod document;
mod env;
mod error;
mod glob;
mod money;
mod origin;
mod paths;
mod resolve;
mod rule;
mod scalar;
mod schema;
mod section;
mod settings;
mod show;
mod socket;
mod source;
mod tables;
mod template;
#[cfg(test)]
mod tests;
mod veil;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use jiff::tz::TimeZone;

use crate::model::{Agent, Instant, ProjectId};

pub use credentials::{CredentialError, Credentials};
pub use env::{Env, NoHome, manager_socket};
pub use error::{ConfigError, Problem, Trouble};
pub use glob::Pattern;
pub use origin::{Origin, OriginError};
pub use paths::Paths;
pub use rule::{Condition, ExcludeRule, LinkRule, Rules};
pub use schema::SCHEMA;
pub use settings::{
    BacklogPriority, CostBasis, Delivery, EntryPer, Keito, Log, LogFormat, LogLevel, Money, Notes, Overlap,
    PriceOverride, Privacy, ProjectTerms, Rate, Socket, Tail, Time, Watcher,
};
pub use show::{Setting, SettingOrigin, render, render_with};
pub use socket::socket_of;
pub use source::{AgentSettings, CustomSource, Fields, Pointer, Skill};
pub use template::{NOTE_FIELDS, Template};
pub use veil::take_key_out_of_the_environment;

/// `config/default.toml`: every key, its default, and what it means.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The resolved configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// Cut-off: facts before it are never sent. `None`: decided at the first start.
    pub since: Option<Instant>,
    /// Zone of days. `None`: the company's, the user's, the system's.
    pub zone: Option<TimeZone>,
    /// `[keito]`.
    pub keito: Keito,
    /// `[delivery]`.
    pub delivery: Delivery,
    /// `[time]`.
    pub time: Time,
    /// `[money]`, `[[money.rate]]` and `[[price]]`.
    pub money: Money,
    /// `[notes]`.
    pub notes: Notes,
    /// `[privacy]`.
    pub privacy: Privacy,
    /// `[[project]]`.
    pub projects: Vec<ProjectTerms>,
    /// `[[rule]]` and `[default]`.
    pub rules: Rules,
    /// `[sources.<agent>]`; ask [`Config::agent`].
    pub agents: BTreeMap<Agent, AgentSettings>,
    /// `[[source]]`.
    pub custom_sources: Vec<CustomSource>,
    /// `[tail]`.
    pub tail: Tail,
    /// `[socket]`.
    pub socket: Socket,
    /// `[log]`.
    pub log: Log,
    settings: Vec<Setting>,
    prints: Prints,
}

/// A hash of each key's value as it was written, and of whether the user wrote it: secrets are compared by it.
type Prints = BTreeMap<String, u64>;

impl Config {
    /// Reads the user's file over the defaults. An absent file is no error unless `KEITOD_CONFIG` names it.
    ///
    /// # Errors
    /// If the file cannot be read, or with everything that is wrong in it.
    pub fn load(env: &Env) -> Result<Self, ConfigError> {
        let path = paths::config_file(env);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && env.get("KEITOD_CONFIG").is_none() => {
                String::new()
            }
            Err(source) => return Err(ConfigError::Unreadable { path, source }),
        };
        resolve::resolve(&text, Some(&path), env)
    }

    /// As [`Config::load`], of a text without a file.
    ///
    /// # Errors
    /// With everything that is wrong in it.
    pub fn parse(text: &str, env: &Env) -> Result<Self, ConfigError> {
        resolve::resolve(text, None, env)
    }

    /// The defaults alone.
    ///
    /// # Errors
    /// Never, as long as `config/default.toml` agrees with this module, which a test holds.
    pub fn defaults(env: &Env) -> Result<Self, ConfigError> {
        Self::parse("", env)
    }

    /// The paths in force.
    #[must_use]
    pub fn paths(&self, env: &Env) -> Paths {
        Paths::new(env, self.socket.path.as_deref())
    }

    /// Whether parallel sessions of any link share their time.
    #[must_use]
    pub fn shares_time(&self) -> bool {
        let rules = self.rules.link.iter().filter_map(|rule| rule.overlap);
        rules.chain([self.time.overlap]).any(|overlap| overlap != Overlap::Sum)
    }

    /// The settings of an agent.
    #[must_use]
    pub fn agent(&self, agent: &Agent) -> AgentSettings {
        let own = self.agents.get(agent);
        own.or_else(|| self.agents.get(&self.kin(agent)?)).cloned().unwrap_or_default()
    }

    /// The name under which programs of the open session format are set up together.
    fn kin(&self, agent: &Agent) -> Option<Agent> {
        let mut declared = self.custom_sources.iter().map(|source| &source.agent);
        let known = crate::sources::all().iter().any(|source| source.agent() == *agent)
            || declared.any(|own| own == agent);
        (!known).then(crate::sources::open_format)
    }

    /// The terms of a project.
    #[must_use]
    pub fn project(&self, id: &ProjectId) -> Option<&ProjectTerms> {
        self.projects.iter().find(|project| project.id == *id)
    }

    /// The keys that another configuration says otherwise, sorted.
    #[must_use]
    pub fn differs_from(&self, other: &Self) -> Vec<String> {
        let (own, others) = (&self.prints, &other.prints);
        let differs = |key: &&String| own.get(*key) != others.get(*key);
        own.keys()
            .chain(others.keys())
            .filter(differs)
            .cloned()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Whether the user's file says anything at all.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.settings.iter().any(|setting| matches!(setting.origin, SettingOrigin::File(_)))
    }

    /// Every key in force with its origin, secrets hidden; [`render`] makes TOML of it.
    #[must_use]
    pub fn show(&self) -> &[Setting] {
        &self.settings
    }
}

//! Whose logs are on this machine.

use std::path::PathBuf;

use crate::config::{Config, CustomSource, Env};
use crate::sources;

/// An agent with a directory of logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAgent {
    /// Its name in the config.
    pub agent: String,
    /// What people call it.
    pub title: &'static str,
    /// Whether its logs tell tokens or cost.
    pub costs: bool,
    /// Its directories that exist.
    pub roots: Vec<PathBuf>,
}

/// The agents that would be read, in the order of the documentation.
#[must_use]
pub fn agents(config: &Config, env: &Env) -> Vec<FoundAgent> {
    let readers = sources::readers(config.custom_sources.iter().map(CustomSource::declared));
    let found = readers.into_iter().filter_map(|source| {
        let agent = source.agent();
        let settings = config.agent(&agent);
        let roots = match &settings.roots {
            Some(homes) => source.below(homes),
            None => source.roots(env),
        };
        let roots: Vec<PathBuf> = roots.into_iter().filter(|root| root.exists()).collect();
        (settings.enabled && !roots.is_empty()).then(|| FoundAgent {
            agent: agent.as_str().to_owned(),
            title: source.about().title,
            costs: source.logs_usage(),
            roots,
        })
    });
    found.collect()
}

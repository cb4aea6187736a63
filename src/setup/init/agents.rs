//! Whose logs are on this machine.

use std::path::{Path, PathBuf};

use crate::config::{Config, CustomSource, Env};
use crate::sources::{self, Environment as _, Source};

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
        let roots: Vec<PathBuf> =
            roots.into_iter().filter(|root| is_there(&*source, root, env.home())).collect();
        (settings.enabled && !roots.is_empty()).then(|| FoundAgent {
            agent: agent.as_str().to_owned(),
            title: source.about().title,
            costs: source.logs_usage(),
            roots,
        })
    });
    found.collect()
}

/// Whether a root is there. Home is there for everybody: some agents leave single files in it, which have to be seen.
fn is_there(source: &dyn Source, root: &Path, home: &Path) -> bool {
    if root != home {
        return root.exists();
    }
    let names = std::fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.file_name());
    names.into_iter().any(|name| source.claim_below(root, Path::new(&name)).is_some())
}

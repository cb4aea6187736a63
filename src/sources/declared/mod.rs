//! An agent that the configuration describes: files, and where in a line of JSON what stands.

mod decoder;
mod pointers;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::{About, Claim, Context, Environment, Lines, Source, json};
use crate::model::{Agent, Facts, Who};

pub use pointers::Pointers;

/// Which files are an agent's.
pub struct Files {
    /// The deepest directory that holds them all.
    pub root: PathBuf,
    /// Whether an absolute path is one of them.
    pub holds: Box<dyn Fn(&Path) -> bool + Send + Sync>,
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.root).finish()
    }
}

/// A further agent whose log has lines.
#[derive(Debug)]
pub struct Declared {
    /// Its name.
    pub agent: Agent,
    /// Its files.
    pub files: Vec<Files>,
    /// Where a line holds what.
    pub pointers: Pointers,
    /// Who wrote a line, by the value that stands there; others are no activity.
    pub who: BTreeMap<String, Who>,
}

const ABOUT: About = About {
    title: "A `[[source]]` of the config",
    reads: "the files that its globs name",
    exact: "what its pointers find",
    less: None,
    unseen: "what they do not",
    tested: "a made-up agent",
};

impl Source for Declared {
    fn agent(&self) -> Agent {
        self.agent.clone()
    }

    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn logs_usage(&self) -> bool {
        self.pointers.input.is_some() || self.pointers.output.is_some()
    }

    fn roots(&self, _env: &dyn Environment) -> Vec<PathBuf> {
        let mut roots: Vec<PathBuf> = Vec::new();
        for files in &self.files {
            if !roots.contains(&files.root) {
                roots.push(files.root.clone());
            }
        }
        roots
    }

    /// The session of lines that name none is the file's name.
    fn claim(&self, path: &Path) -> Option<Claim> {
        let session = path.file_stem()?.to_str().map(str::to_owned);
        let holds = |files: &Files| (files.holds)(&files.root.join(path));
        self.files.iter().any(holds).then_some(Claim { session })
    }

    fn claim_below(&self, root: &Path, path: &Path) -> Option<Claim> {
        let holds = |files: &Files| files.root == root && (files.holds)(&root.join(path));
        self.files.iter().any(holds).then(|| self.claim(path)).flatten()
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let mut memory: decoder::Memory = json::recalled(&context.state);
        let claimed = context.claim.session.as_deref();
        for line in lines {
            let read = self.line(claimed, &mut memory, line, facts);
            json::settle(&line, read, facts);
        }
        context.state = json::kept(&memory);
    }
}

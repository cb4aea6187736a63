//! Pure: the link of a directory.
//!
//! [`link_of`] answers for one directory: exclude rules, then the repository's own `.keito/config.yml`, then the
//! `[[rule]]`s. Where a record in a directory that nothing maps (agents `cd /tmp`) goes depends on its session, and is
//! for those who walk along it. [`money_terms`] says what the link's expenses are made of.

mod by_rule;
mod catalogue;
mod keito_file;
mod terms;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::config::{CostBasis, Overlap, Rules, Template};
use crate::model::{AccountId, Link};
use crate::repo::{DirFacts, KeitoFile, ReadError};

pub use catalogue::{Catalogue, Closed, NoSuch, Project, Task};
pub use keito_file::{FileError, LinkFile, Names, Read, Scalar, parse};
pub use terms::{MoneyTerms, money_terms};

/// A directory as mapping sees it.
#[derive(Debug, Clone, Copy)]
pub struct DirView<'a> {
    /// The working directory of a record, as the log has it.
    pub path: &'a Path,
    /// What stands around it.
    pub facts: &'a DirFacts,
    /// The branch that the log names: a hint, several agents freeze it at their start.
    pub log_branch: Option<&'a str>,
    /// The directory's branch as the running daemon saw it when the record was written.
    pub head_branch: Option<&'a str>,
}

impl DirView<'_> {
    fn branch(&self) -> Option<&str> {
        self.head_branch.or(self.log_branch)
    }
}

/// Where a directory leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mapped {
    /// To a project and task.
    Linked(Arc<LinkTo>),
    /// Nowhere, by the user's will: reported, never sent.
    Excluded(Excluded),
    /// Its `.keito` cannot be followed: held until it can.
    Error(MappingError),
    /// Nothing says where.
    Unmapped,
}

/// A link with all that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkTo {
    /// Project and task.
    pub link: Link,
    /// What gave it.
    pub by: By,
    /// The workspace that the repository's file names; not ours: held as `other_account`.
    pub workspace: Option<AccountId>,
    /// The names that the repository's file has for client, project and task.
    pub names: Names,
    /// In place of `time.min_seconds`.
    pub min_seconds: Option<u64>,
    /// In place of `time.max_seconds`.
    pub max_seconds: Option<u64>,
    /// Notes say nothing but that the agent worked.
    pub redact_notes: bool,
    /// `metadata.draft = true`.
    pub draft: bool,
    /// Further metadata, in the order of the file.
    pub metadata: Vec<(String, Scalar)>,
    /// Names of the file's metadata that are no single value and cannot be sent: to be reported.
    pub ignored_metadata: Vec<String>,
    /// Note of its entries, with the branch's groups filled in; `None`: that of `[notes]`.
    pub notes: Option<Template>,
    /// What its expenses are made of, if the rule says so; ask [`money_terms`].
    pub cost: Option<CostBasis>,
    /// Added to its cost, if the rule says so; ask [`money_terms`].
    pub markup_percent: Option<Decimal>,
    /// How its parallel sessions add up, if the rule says so.
    pub overlap: Option<Overlap>,
}

impl LinkTo {
    /// A link and nothing else.
    #[must_use]
    pub fn bare(link: Link, by: By) -> Self {
        Self {
            link,
            by,
            workspace: None,
            names: Names::default(),
            min_seconds: None,
            max_seconds: None,
            redact_notes: false,
            draft: false,
            metadata: Vec::new(),
            ignored_metadata: Vec::new(),
            notes: None,
            cost: None,
            markup_percent: None,
            overlap: None,
        }
    }
}

/// What gave a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// This `.keito/config.yml`.
    KeitoFile(PathBuf),
    /// The `[[rule]]` of this place in the config, from 0.
    Rule(usize),
    /// `[default]`.
    Default,
    /// `keitod assign`, after the fact.
    Assigned,
}

/// Why a directory's sessions are never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Excluded {
    /// The `[[rule]]` of this place in the config, from 0.
    Rule(usize),
    /// This file is renamed to `config.yml.disabled…`.
    Renamed(PathBuf),
    /// This file says `enabled: false`.
    SwitchedOff(PathBuf),
}

/// A `.keito` that is there and cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct MappingError {
    /// The file, or the directory that cannot be looked into.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with a `.keito`. Never holds its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// It does not say what it must.
    #[error(transparent)]
    Invalid(#[from] FileError),
}

/// The link of a directory by itself; `[default]` and the session's other
/// directories are for those who walk along a session.
#[must_use]
pub fn link_of(rules: &Rules, dir: &DirView<'_>) -> Mapped {
    if let Some(index) = by_rule::excluding(rules, dir) {
        return Mapped::Excluded(Excluded::Rule(index));
    }
    match &dir.facts.keito {
        KeitoFile::Text { path, text } => by_file(path, text),
        KeitoFile::Disabled { path } => Mapped::Excluded(Excluded::Renamed(path.clone())),
        KeitoFile::Unreadable { path, kind } => {
            Mapped::Error(MappingError { path: path.clone(), why: Why::Unreadable(*kind) })
        }
        KeitoFile::None => {
            by_rule::link(rules, dir).map_or(Mapped::Unmapped, |link| Mapped::Linked(Arc::new(link)))
        }
    }
}

fn by_file(path: &Path, text: &str) -> Mapped {
    match parse(text) {
        Ok(Read::Link(file)) => {
            let file = *file;
            Mapped::Linked(Arc::new(LinkTo {
                workspace: file.workspace,
                names: file.names,
                min_seconds: file.min_seconds,
                max_seconds: file.max_seconds,
                redact_notes: file.redact_notes,
                draft: file.draft,
                metadata: file.metadata,
                ignored_metadata: file.ignored,
                ..LinkTo::bare(file.link, By::KeitoFile(path.to_owned()))
            }))
        }
        Ok(Read::SwitchedOff) => Mapped::Excluded(Excluded::SwitchedOff(path.to_owned())),
        Err(error) => Mapped::Error(MappingError { path: path.to_owned(), why: Why::Invalid(error) }),
    }
}

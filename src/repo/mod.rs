//! A directory's git facts and its `.keito` text: the I/O of mapping.
//!
//! [`look`] reads what stands around one directory and returns a plain value, [`DirFacts`], which the store keeps: a
//! deleted worktree keeps the repository it belonged to. What the facts are for is `mapping`'s business.
//!
//! No git is run: the files that matter (`.git`, `HEAD`, `config`, `commondir`) have had one format for many years, and
//! a daemon must not start programs that read configuration and hooks of the repositories it only looks at.

mod gitdir;
mod keito_file;
mod read;
mod remote;
mod stored;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use read::ReadError;
pub use remote::normalise;
pub use stored::{from_json, to_json};

/// What stands around a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DirFacts {
    /// The directory does not exist: nothing else is known, and what the store remembers of it stays true.
    pub gone: bool,
    /// Root of the work tree that holds it.
    pub root: Option<PathBuf>,
    /// Root of the main repository: of a worktree its main work tree, of a submodule its superproject, else the root.
    /// `None` if there is no repository, or the main one is bare.
    pub main_root: Option<PathBuf>,
    /// The main repository's name: of its root, else of its remote.
    pub repo: Option<String>,
    /// The main repository's `origin`: `github.com/acme/api`.
    pub remote: Option<String>,
    /// A submodule's own `origin`.
    pub submodule_remote: Option<String>,
    /// The branch of this work tree; `None` if detached.
    pub branch: Option<String>,
    /// The nearest `.keito`.
    pub keito: KeitoFile,
}

/// What the nearest `.keito` directory says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum KeitoFile {
    /// There is none with a `config.yml`, switched on or off.
    #[default]
    None,
    /// A `config.yml`.
    Text {
        /// The file.
        path: PathBuf,
        /// All of it.
        text: String,
    },
    /// A `config.yml.disabled…`, as the Keito skill's switch leaves it.
    Disabled {
        /// The file.
        path: PathBuf,
    },
    /// Something is there and cannot be read.
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        kind: ReadError,
    },
}

/// Looks at `dir` and upward: to the root of its repository, and never above `home`.
#[must_use]
pub fn look(dir: &Path, home: &Path) -> DirFacts {
    match read::is_dir(dir) {
        Ok(true) => {}
        Ok(false) => return DirFacts { gone: true, ..DirFacts::default() },
        Err(kind) => {
            // Somebody forbids the look: whether a `.keito` stands there is unknown, and no other may be taken for it.
            let keito = KeitoFile::Unreadable { path: dir.to_owned(), kind };
            return DirFacts { keito, ..DirFacts::default() };
        }
    }
    let trees = tree::trees(dir, home);
    let keito = keito_file::nearest(dir, home, &trees);
    let Some(own) = trees.first() else { return DirFacts { keito, ..DirFacts::default() } };
    let main = trees.last().unwrap_or(own);
    let main_root = main.main_root();
    let remote = main.remote();
    let repo = main_root
        .as_deref()
        .and_then(name_of)
        .or_else(|| main.name_of_bare())
        .or_else(|| remote.as_deref().and_then(|remote| remote.rsplit('/').next()).map(str::to_owned));
    DirFacts {
        gone: false,
        root: Some(own.root.clone()),
        repo,
        submodule_remote: if trees.len() > 1 { own.remote() } else { None },
        branch: own.branch(),
        main_root,
        remote,
        keito,
    }
}

/// The root that a link of `dir` belongs to: of its repository, of a linked worktree that of the main one. A submodule has
/// one of its own. `None` if there is no repository.
#[must_use]
pub fn link_root(dir: &Path, home: &Path) -> Option<PathBuf> {
    let trees = tree::trees(dir, home);
    let own = trees.first()?;
    Some(own.main_root().unwrap_or_else(|| own.root.clone()))
}

/// The branch that a directory's work tree is on; `None` if it is on none, or there is no repository.
#[must_use]
pub fn branch_of(dir: &Path, home: &Path) -> Option<String> {
    tree::trees(dir, home).first().and_then(tree::Tree::branch)
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name().map(|name| name.to_string_lossy().into_owned())
}

//! The directory in which git keeps a repository (`gitrepository-layout(5)`).

use std::path::{Component, Path, PathBuf};

use super::read;

/// What `.git` is or leads to.
#[derive(Debug)]
pub(super) struct GitDir {
    /// Holds this work tree's `HEAD`.
    own: PathBuf,
    /// Holds the repository's `config`; the same but for a linked worktree.
    common: PathBuf,
}

impl GitDir {
    /// `None` if there is no repository.
    pub(super) fn new(own: PathBuf) -> Option<Self> {
        read::text(&own.join("HEAD")).ok()??;
        let common = match read::text(&own.join("commondir")) {
            Ok(Some(text)) => clean(&own.join(text.trim_end())),
            _ => own.clone(),
        };
        Some(Self { own, common })
    }

    /// Whether this is a worktree made by `git worktree add`.
    pub(super) fn is_linked(&self) -> bool {
        self.own != self.common
    }

    /// Whether the repository is that of a submodule: git keeps it below `modules` of its superproject's.
    pub(super) fn is_submodule(&self) -> bool {
        let inside = |above: &Path| {
            above.file_name().is_some_and(|name| name == "modules")
                && above.parent().is_some_and(|git| git.join("HEAD").is_file())
        };
        clean(&self.common).ancestors().skip(1).any(inside)
    }

    /// The main work tree of a linked worktree's repository; `None` if that is bare.
    pub(super) fn main_root(&self) -> Option<PathBuf> {
        let name = self.common.file_name()?;
        // `.bare` beside its worktrees is a common habit; their folder is the project.
        (name == ".git" || name == ".bare").then(|| self.common.parent().map(Path::to_owned)).flatten()
    }

    /// `api` of `/srv/git/api.git`.
    pub(super) fn bare_name(&self) -> Option<String> {
        let name = self.common.file_name()?.to_string_lossy();
        Some(name.strip_suffix(".git").unwrap_or(&name).to_owned()).filter(|name| !name.is_empty())
    }

    pub(super) fn config(&self) -> Option<String> {
        read::text(&self.common.join("config")).ok()?
    }

    pub(super) fn head(&self) -> Option<String> {
        read::text(&self.own.join("HEAD")).ok()?
    }
}

/// The branch that `HEAD` names. Repositories with reftables keep a placeholder there, which is no branch.
pub(super) fn branch(head: &str) -> Option<String> {
    let branch = head.trim_end().strip_prefix("ref:")?.trim_start().strip_prefix("refs/heads/")?;
    (!branch.is_empty() && branch != ".invalid").then(|| branch.to_owned())
}

/// Without `..` and links if it exists, else without `..` as written.
fn clean(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let mut out = PathBuf::new();
        for part in path.components() {
            match part {
                Component::ParentDir => {
                    out.pop();
                }
                Component::CurDir => {}
                other => out.push(other),
            }
        }
        out
    })
}

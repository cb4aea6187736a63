//! The work trees that hold a directory: its own, and for a submodule the ones around it.

use std::fs;
use std::path::{Path, PathBuf};

use super::gitdir::{self, GitDir};
use super::{read, remote};

/// A work tree of a repository.
#[derive(Debug)]
pub(super) struct Tree {
    /// Where its `.git` is.
    pub(super) root: PathBuf,
    /// What its `.git` leads to; `None` if that is gone or not readable.
    git: Option<GitDir>,
}

/// `dir` and the directories above it, ending at home: above it nobody's project begins.
pub(super) fn upward<'a>(dir: &'a Path, home: &'a Path) -> impl Iterator<Item = &'a Path> {
    let mut below_home = true;
    dir.ancestors()
        .take_while(move |path| std::mem::replace(&mut below_home, *path != home) && !is_above(path, home))
}

fn is_above(path: &Path, home: &Path) -> bool {
    path != home && home.starts_with(path)
}

/// The innermost tree first, each further one the superproject of the one before. Empty without a repository.
pub(super) fn trees(dir: &Path, home: &Path) -> Vec<Tree> {
    let mut trees = Vec::new();
    let mut from = Some(dir);
    while let Some(start) = from {
        let Some(tree) = upward(start, home).find_map(Tree::at) else { break };
        let submodule = tree.git.as_ref().is_some_and(GitDir::is_submodule);
        from = if submodule {
            start.ancestors().find(|path| *path == tree.root).and_then(Path::parent)
        } else {
            None
        };
        trees.push(tree);
    }
    trees
}

impl Tree {
    /// The tree whose root is `path`, if it is one.
    fn at(path: &Path) -> Option<Self> {
        let dot_git = path.join(".git");
        let meta = fs::metadata(&dot_git).ok()?;
        if meta.is_dir() {
            // Git passes over a `.git` that is no repository, and so do we.
            let git = GitDir::new(dot_git)?;
            return Some(Self { root: path.to_owned(), git: Some(git) });
        }
        let text = read::text(&dot_git).ok()??;
        let target = text.trim_end().strip_prefix("gitdir:")?.trim_start();
        // A worktree whose repository was moved away is still a root: nothing above it is its project.
        Some(Self { root: path.to_owned(), git: GitDir::new(path.join(target)) })
    }

    /// The root of the main work tree.
    pub(super) fn main_root(&self) -> Option<PathBuf> {
        match &self.git {
            Some(git) if git.is_linked() => git.main_root(),
            _ => Some(self.root.clone()),
        }
    }

    /// The name of a repository that has no main work tree.
    pub(super) fn name_of_bare(&self) -> Option<String> {
        self.git.as_ref().and_then(GitDir::bare_name)
    }

    pub(super) fn remote(&self) -> Option<String> {
        remote::origin(&self.git.as_ref()?.config()?)
    }

    pub(super) fn branch(&self) -> Option<String> {
        gitdir::branch(&self.git.as_ref()?.head()?)
    }
}

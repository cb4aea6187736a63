//! Where the configured roots are at this moment.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A root and what is at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// As configured.
    pub(super) root: PathBuf,
    /// What is there.
    pub(super) place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A directory; its inode, so that one deleted and made again is seen as another.
    There { path: PathBuf, dev: u64, ino: u64 },
    /// Nothing yet. `ancestor` is the nearest directory above that exists, with its inode for the same reason, `path` where
    /// the root will be below it.
    Absent { ancestor: PathBuf, dev: u64, ino: u64, path: PathBuf },
    /// Nothing that could be waited for: no directory above can be resolved.
    Nowhere,
}

impl Target {
    pub(super) fn resolve(root: &Path) -> Self {
        Self { root: root.to_owned(), place: there(root).unwrap_or_else(|| absent(root)) }
    }

    /// The resolved directory, if there is one.
    pub(super) fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::There { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The directory whose watch tells what becomes of the root: itself, or the one it is waited for in.
    pub(super) fn watched(&self) -> Option<&Path> {
        match &self.place {
            Place::There { path, .. } => Some(path),
            Place::Absent { ancestor, .. } => Some(ancestor),
            Place::Nowhere => None,
        }
    }

    /// Whether what happened at `path` may have brought an absent root into being, or taken its ancestor away.
    pub(super) fn concerns(&self, changed: &Path) -> bool {
        matches!(&self.place, Place::Absent { path, .. } if path.starts_with(changed))
    }
}

fn there(root: &Path) -> Option<Place> {
    let path = root.canonicalize().ok()?;
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_dir)?;
    Some(Place::There { path, dev: metadata.dev(), ino: metadata.ino() })
}

fn absent(root: &Path) -> Place {
    root.ancestors()
        .skip(1)
        .find_map(|above| {
            let ancestor = above.canonicalize().ok()?;
            let metadata = ancestor.metadata().ok().filter(std::fs::Metadata::is_dir)?;
            let path = ancestor.join(root.strip_prefix(above).ok()?);
            Some(Place::Absent { ancestor, dev: metadata.dev(), ino: metadata.ino(), path })
        })
        .unwrap_or(Place::Nowhere)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_root_is_resolved_or_waited_for_above() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().canonicalize().unwrap();
        fs::create_dir(base.join("real")).unwrap();
        symlink("real", base.join("link")).unwrap();
        fs::write(base.join("file"), "").unwrap();

        assert_eq!(Target::resolve(&base.join("link")).directory(), Some(base.join("real").as_path()));
        let below = Target::resolve(&base.join("link/a/b"));
        assert_eq!(below.watched(), Some(base.join("real").as_path()));
        assert!(matches!(&below.place, Place::Absent { path, .. } if *path == base.join("real/a/b")));
        assert!(below.concerns(&base.join("real/a")) && below.concerns(&base.join("real")));
        assert!(!below.concerns(&base.join("real/other")));
        assert_eq!(Target::resolve(&base.join("file")).directory(), None);
        assert_eq!(Target::resolve(Path::new("not/absolute")).place, Place::Nowhere);
        // Another directory of the same name: what was watched is gone. The old one is kept, so that its inode is not
        // given to the new one.
        fs::rename(base.join("real"), base.join("old")).unwrap();
        fs::create_dir(base.join("real")).unwrap();
        assert_ne!(Target::resolve(&base.join("link/a/b")), below);
    }
}

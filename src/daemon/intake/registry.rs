//! Agents that keep their logs with each project, and name the projects in a registry of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Intake, Watched};

impl Watched {
    /// Takes up the places that the agent's registry names and that are not among its roots yet; returns them. What has
    /// left the registry stays: its history is still there. A registry that is being written names nothing, and is read
    /// again.
    pub(in crate::daemon) fn enroll(&mut self) -> Vec<PathBuf> {
        let registry = self.registry.as_ref().and_then(|path| std::fs::read(path).ok());
        let mut new = registry.map_or_else(Vec::new, |registry| self.source.registered(&registry));
        new.retain(|root| !self.roots.contains(root));
        self.roots.extend(new.iter().cloned());
        new
    }
}

impl Intake {
    /// The same for every agent. What is new is watched from the next turn on; the caller scans.
    pub(super) fn enroll(&mut self) {
        for watched in &mut self.watched {
            let new = watched.enroll();
            let source = &watched.source;
            self.enrolled.extend(new.into_iter().map(|root| (source.depth(&root), root)));
        }
    }

    /// Whether a changed file may be a registry: its name tells, for the path of an event has links resolved.
    pub(super) fn is_registry(&self, path: &Path) -> bool {
        let mut registries = self.watched.iter().filter_map(|watched| watched.registry.as_ref());
        registries.any(|registry| registry.file_name() == path.file_name())
    }

    /// What is watched from the start, and how deep where that is known: roots, and the directories of registries.
    pub(super) fn places(&self) -> (Vec<PathBuf>, BTreeMap<PathBuf, usize>) {
        let (mut roots, mut depths) = (Vec::new(), BTreeMap::new());
        for watched in &self.watched {
            let depth = |root: &PathBuf| Some((root.clone(), watched.source.depth(root)?));
            depths.extend(watched.roots.iter().filter_map(depth));
            roots.extend(watched.roots.iter().cloned());
        }
        for registry in self.watched.iter().filter_map(|watched| watched.registry.as_ref()) {
            let Some(dir) = registry.parent().filter(|dir| !roots.iter().any(|root| root == dir)) else {
                continue;
            };
            depths.insert(dir.to_owned(), 1);
            roots.push(dir.to_owned());
        }
        (roots, depths)
    }
}

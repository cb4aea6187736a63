//! Which row a fact belongs to, by small integers; names come last.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::{By, Names};
use crate::model::{Day, ModelRef, SessionRef};

/// An interned project; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct ProjectIndex(usize);

/// Projects of a report.
#[derive(Debug, Default)]
pub(super) struct Projects {
    index: HashMap<Arc<str>, ProjectIndex>,
    list: Vec<Arc<str>>,
}

impl Projects {
    pub(super) fn intern(&mut self, project: Option<&Arc<str>>) -> ProjectIndex {
        let Some(project) = project else { return ProjectIndex::default() };
        if let Some(known) = self.index.get(project) {
            return *known;
        }
        self.list.push(Arc::clone(project));
        let new = ProjectIndex(self.list.len());
        self.index.insert(Arc::clone(project), new);
        new
    }

    pub(super) fn id(&self, index: ProjectIndex) -> Option<&Arc<str>> {
        self.list.get(index.0.checked_sub(1)?)
    }
}

/// The key of a row; a part that is no key of the report is always `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Key {
    pub(super) day: Option<Day>,
    pub(super) project: ProjectIndex,
    pub(super) agent: Option<usize>,
    pub(super) session: Option<SessionRef>,
    pub(super) model: Option<ModelRef>,
}

/// Which parts a key has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) day: bool,
    pub(super) project: bool,
    pub(super) agent: bool,
    pub(super) session: bool,
    pub(super) model: bool,
}

impl Shape {
    pub(super) fn of(by: &[By]) -> Self {
        let has = |key| by.contains(&key);
        Self {
            day: has(By::Day),
            project: has(By::Project),
            agent: has(By::Agent),
            session: has(By::Session),
            model: has(By::Model),
        }
    }

    /// The key of a session's day, without project and model.
    pub(super) fn key(self, names: &Names, day: Day, session: SessionRef) -> Key {
        let agent = if self.agent { names.sessions.get(&session).map(|name| name.agent) } else { None };
        Key {
            day: self.day.then_some(day),
            agent,
            session: self.session.then_some(session),
            ..Key::default()
        }
    }
}

/// Values by key. Facts of one row come in runs, so the last key is tried first.
#[derive(Debug)]
pub(super) struct Groups<K, V> {
    index: HashMap<K, usize>,
    list: Vec<(K, V)>,
    last: usize,
}

impl<K: Copy + Eq + Hash, V: Default> Groups<K, V> {
    pub(super) fn new() -> Self {
        Self { index: HashMap::new(), list: Vec::new(), last: 0 }
    }

    pub(super) fn at(&mut self, key: K) -> &mut V {
        if self.list.get(self.last).is_none_or(|(known, _)| *known != key) {
            let list = &mut self.list;
            self.last = *self.index.entry(key).or_insert_with(|| {
                list.push((key, V::default()));
                list.len() - 1
            });
        }
        &mut self.list[self.last].1
    }

    pub(super) fn list(&self) -> &[(K, V)] {
        &self.list
    }

    pub(super) fn into_list(self) -> Vec<(K, V)> {
        self.list
    }
}

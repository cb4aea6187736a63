//! The files that were read, by path and by inode.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use crate::model::Agent;
use crate::sources::Context;
use crate::tail::{Cursor, Stat};

/// How far one file is read.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    pub(super) agent: Agent,
    pub(super) cursor: Cursor,
    pub(super) context: Context,
}

/// All of them. Of several paths with one inode the one read last stands for it: its cursor was compared with the
/// content last.
#[derive(Debug, Default)]
pub(super) struct Known {
    paths: HashMap<Arc<Path>, Progress>,
    inodes: HashMap<(u64, u64), Arc<Path>>,
    /// How far files were read that have lost their names to others: rotated away, and not found again yet.
    displaced: VecDeque<Progress>,
}

/// More than these are read again when they turn up under another name.
const DISPLACED: usize = 64;

/// Fewer bytes do not prove that a file is the one that had another name: a deleted file's inode is used again, and
/// reading so little once more costs nothing.
const PROOF: u64 = 64;

impl Known {
    /// From the store, in any order; of one inode the furthest read stands for it.
    pub(super) fn new(stored: Vec<(Agent, Cursor, Context)>) -> Self {
        let mut known = Self::default();
        let mut stored: Vec<_> =
            stored.into_iter().map(|(agent, cursor, context)| Progress { agent, cursor, context }).collect();
        stored.sort_by_key(|progress| progress.cursor.offset);
        stored.into_iter().for_each(|progress| known.put(progress));
        known
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Progress> {
        self.paths.get(path)
    }

    /// The file of an agent that was changed last, of those that were read.
    pub(super) fn newest(&self, agent: &Agent) -> Option<&Cursor> {
        let own = self.paths.values().filter(|progress| progress.agent == *agent);
        own.map(|progress| &progress.cursor).max_by_key(|cursor| cursor.mtime_ns)
    }

    pub(super) fn contains(&self, path: &Path) -> bool {
        self.paths.contains_key(path)
    }

    /// A file of this agent was read so far.
    pub(super) fn put(&mut self, progress: Progress) {
        let path: Arc<Path> = match self.paths.get_key_value(progress.cursor.path.as_path()) {
            Some((path, _)) => Arc::clone(path),
            None => progress.cursor.path.as_path().into(),
        };
        let inode = inode(&progress);
        self.displaced.retain(|old| self::inode(old) != inode);
        self.inodes.insert(inode, Arc::clone(&path));
        if let Some(old) = self.paths.insert(Arc::clone(&path), progress)
            && self::inode(&old) != inode
            && self.inodes.get(&self::inode(&old)) == Some(&path)
        {
            self.inodes.remove(&self::inode(&old));
            self.displaced.push_back(old);
            while self.displaced.len() > DISPLACED {
                self.displaced.pop_front();
            }
        }
    }

    /// How far the file was read under another name: it was renamed, or has a second one. Only a proposal: the inode
    /// may be another file's by now.
    pub(super) fn elsewhere(&self, path: &Path, stat: &Stat, agent: &Agent) -> Option<&Progress> {
        let key = (stat.dev, stat.ino);
        let named = self.inodes.get(&key).filter(|other| ***other != *path);
        let named = named.and_then(|other| self.paths.get(other)).filter(|other| inode(other) == key);
        let other = named.or_else(|| self.displaced.iter().find(|old| inode(old) == key))?;
        (other.agent == *agent && other.cursor.offset >= PROOF).then_some(other)
    }
}

fn inode(progress: &Progress) -> (u64, u64) {
    (progress.cursor.dev, progress.cursor.ino)
}

//! What the table of file identities says of each reading, from whole contents instead of hashes.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How far a file is covered.
#[derive(Debug, Clone)]
struct Covered {
    ino: u64,
    /// The very bytes.
    bytes: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Model {
    paths: BTreeMap<PathBuf, Covered>,
    /// The path read last of an inode.
    inodes: HashMap<u64, PathBuf>,
    displaced: Vec<Covered>,
    /// Inode, size and time when a path was last read.
    stats: HashMap<PathBuf, (u64, u64, i64, i64)>,
    /// Files that the daemon has open.
    held: BTreeMap<PathBuf, (u64, File)>,
}

/// Fewer bytes do not prove that a file is the one that had another name.
const PROOF: usize = 64;

fn content(file: &File) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

fn stat(file: &File) -> (u64, u64, i64, i64) {
    let stat = file.metadata().unwrap();
    (stat.ino(), stat.len(), stat.mtime(), stat.mtime_nsec())
}

fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

/// Whether the daemon may read it.
pub fn is_ours(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| {
        metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o400 != 0
    })
}

impl Model {
    /// Known again after a restart: the cursors, one path an inode, and no open files.
    pub fn restart(&mut self) {
        self.held.clear();
        self.displaced.clear();
        let mut paths: Vec<_> = self.paths.iter().collect();
        paths.sort_by_key(|(_, covered)| covered.bytes.len());
        self.inodes = paths.into_iter().map(|(path, covered)| (covered.ino, path.clone())).collect();
    }

    /// The lines that one reading of the logs at `paths` gives, sorted; and those that are there now.
    pub fn read(&mut self, paths: &[PathBuf]) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
        let (mut given, mut there) = (Vec::new(), Vec::new());
        let inode = |path: &Path| path.symlink_metadata().map(|metadata| metadata.ino()).ok();
        let orphans: Vec<_> = self
            .held
            .iter()
            .filter(|(path, (ino, _))| inode(path) != Some(*ino))
            .map(|(path, _)| path.clone())
            .collect();
        for path in orphans {
            let (ino, file) = self.held.remove(&path).unwrap();
            self.stats.insert(path.clone(), stat(&file));
            self.advance(&path, ino, content(&file), &mut given);
        }
        for path in paths.iter().filter(|path| is_ours(path)) {
            let file = File::open(path).unwrap();
            let bytes = content(&file);
            there.extend(bytes[..whole(&bytes)].split_inclusive(|byte| *byte == b'\n').map(line));
            let stat = stat(&file);
            let same = self.paths.get(path).is_some_and(|covered| bytes.starts_with(&covered.bytes));
            if self.stats.insert(path.clone(), stat) != Some(stat) || !same {
                self.advance(path, stat.0, bytes, &mut given);
                self.held.insert(path.clone(), (stat.0, file));
            }
        }
        given.sort();
        (given, there)
    }

    fn advance(&mut self, path: &Path, ino: u64, content: Vec<u8>, given: &mut Vec<Vec<u8>>) {
        let valid = |covered: &&Covered| content.starts_with(&covered.bytes);
        let own = self.paths.get(path);
        let named =
            self.inodes.get(&ino).filter(|other| *other != path).and_then(|other| self.paths.get(other));
        let displaced = || self.displaced.iter().find(|covered| covered.ino == ino);
        let other = named.filter(|other| other.ino == ino).or_else(displaced);
        let other = other.filter(|other| other.bytes.len() >= PROOF).filter(valid);
        let own = own.filter(valid);
        let from = own.into_iter().chain(other).map(|covered| covered.bytes.len()).max().unwrap_or(0);
        let until = whole(&content).max(from);
        given.extend(content[from..until].split_inclusive(|byte| *byte == b'\n').map(line));
        self.displaced.retain(|covered| covered.ino != ino);
        self.inodes.insert(ino, path.to_owned());
        let covered = Covered { ino, bytes: content[..until].to_vec() };
        if let Some(old) = self.paths.insert(path.to_owned(), covered)
            && old.ino != ino
            && self.inodes.get(&old.ino).is_some_and(|other| other == path)
        {
            self.inodes.remove(&old.ino);
            self.displaced.push(old);
        }
    }
}

fn line(bytes: &[u8]) -> Vec<u8> {
    bytes.strip_suffix(b"\n").unwrap_or(bytes).to_vec()
}

pub fn read_whole(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

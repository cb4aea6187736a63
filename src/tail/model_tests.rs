//! Random histories of a directory against a model that knows every byte.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::super::read::{Limits, Reader, Step};
use super::super::scan::{Scan, scan};
use super::*;

const FILES: usize = 3;

#[derive(Debug, Clone)]
enum Op {
    /// Whole lines of this length.
    Append(usize, usize, usize),
    /// Bytes without a newline.
    Partial(usize, usize),
    Finish(usize),
    /// Cut to this many thousandths.
    Cut(usize, u64),
    CutAndRegrow(usize, u64, usize),
    Rename(usize, usize),
    CopyTruncate(usize, usize),
    /// The same bytes under a new inode.
    ReplaceByCopy(usize),
    /// Other bytes by a temporary file and a rename.
    Rewrite(usize, usize),
    /// Deleted and made again, on most file systems with the same inode.
    Recreate(usize, usize),
    Delete(usize),
    HardLink(usize, usize),
    /// Not readable from here on, or readable again.
    Chmod(usize, bool),
    /// Letters exchanged in place, size and time as before.
    SameStat(usize),
    Read,
    /// One budget of each file.
    Slice,
    /// Read, and killed before the commit.
    ReadUncommitted,
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    let file = || 0..FILES;
    let length = || prop_oneof![4 => 1..80_usize, 1 => 400..5000_usize];
    prop_oneof![
        6 => (file(), 1..6_usize, length()).prop_map(|(f, n, l)| Op::Append(f, n, l)),
        3 => (file(), length()).prop_map(|(f, l)| Op::Partial(f, l)),
        2 => file().prop_map(Op::Finish),
        2 => (file(), 0..1000_u64).prop_map(|(f, at)| Op::Cut(f, at)),
        2 => (file(), 0..1000_u64, 1..200_usize).prop_map(|(f, at, n)| Op::CutAndRegrow(f, at, n)),
        1 => (file(), file()).prop_map(|(a, b)| Op::Rename(a, b)),
        1 => (file(), file()).prop_map(|(a, b)| Op::CopyTruncate(a, b)),
        1 => file().prop_map(Op::ReplaceByCopy),
        1 => (file(), 1..9_usize).prop_map(|(f, n)| Op::Rewrite(f, n)),
        1 => (file(), 1..9_usize).prop_map(|(f, n)| Op::Recreate(f, n)),
        1 => file().prop_map(Op::Delete),
        1 => (file(), file()).prop_map(|(a, b)| Op::HardLink(a, b)),
        1 => (file(), any::<bool>()).prop_map(|(f, on)| Op::Chmod(f, on)),
        1 => file().prop_map(Op::SameStat),
        6 => Just(Op::Read),
        3 => Just(Op::Slice),
        1 => Just(Op::ReadUncommitted),
        1 => Just(Op::Restart),
    ]
}

struct World {
    dir: tempfile::TempDir,
    limits: Limits,
    reader: Reader,
    /// What is committed: the cursor, and in the model the very bytes it covers.
    cursors: BTreeMap<PathBuf, (Cursor, Vec<u8>)>,
    delivered: BTreeSet<Vec<u8>>,
    count: u64,
}

impl World {
    fn new(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (cursors, delivered) = Default::default();
        Self { dir, limits, reader: Reader::new(limits), cursors, delivered, count: 0 }
    }

    fn path(&self, file: usize) -> PathBuf {
        self.dir.path().join(format!("{file}.jsonl"))
    }

    /// Bytes that were never written before.
    fn text(&mut self, length: usize) -> Vec<u8> {
        self.count += 1;
        let mut text = format!("{}-", self.count).into_bytes();
        text.resize(text.len().max(length), b'x');
        text
    }

    fn lines(&mut self, number: usize, length: usize) -> Vec<u8> {
        let mut lines = Vec::new();
        for _ in 0..number {
            lines.extend(self.text(length));
            lines.push(b'\n');
        }
        lines
    }

    /// A time of its own for each change, so that the file system's tick plays no part.
    fn touch(&mut self, path: &Path) {
        self.count += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + self.count);
        if let Ok(file) = OpenOptions::new().write(true).open(path) {
            file.set_modified(time).unwrap();
        }
    }

    fn append(&mut self, file: usize, bytes: &[u8]) {
        let path = self.path(file);
        if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(&path) {
            file.write_all(bytes).unwrap();
        }
        self.touch(&path);
    }

    fn cut(&mut self, file: usize, thousandths: u64) {
        let path = self.path(file);
        if let Ok(file) = OpenOptions::new().write(true).open(&path) {
            let length = file.metadata().unwrap().len() * thousandths / 1000;
            file.set_len(length).unwrap();
        }
        self.touch(&path);
    }

    fn put(&mut self, path: &Path, bytes: &[u8]) {
        let temporary = self.dir.path().join("temporary");
        fs::write(&temporary, bytes).unwrap();
        fs::rename(&temporary, path).unwrap();
        self.touch(path);
    }

    fn play(&mut self, op: &Op) {
        match *op {
            Op::Append(file, number, length) => {
                let lines = self.lines(number, length);
                self.append(file, &lines);
            }
            Op::Partial(file, length) => {
                let text = self.text(length);
                self.append(file, &text);
            }
            Op::Finish(file) => self.append(file, b"\n"),
            Op::Cut(file, at) => self.cut(file, at),
            Op::CutAndRegrow(file, at, number) => {
                self.cut(file, at);
                let lines = self.lines(number, 30);
                self.append(file, &lines);
            }
            Op::Rename(a, b) => drop(fs::rename(self.path(a), self.path(b))),
            Op::CopyTruncate(a, b) if a != b => {
                if let Ok(bytes) = fs::read(self.path(a)) {
                    self.put(&self.path(b), &bytes);
                    self.cut(a, 0);
                }
            }
            Op::ReplaceByCopy(file) => {
                if let Ok(bytes) = fs::read(self.path(file)) {
                    self.put(&self.path(file), &bytes);
                }
            }
            Op::Rewrite(file, number) => {
                let lines = self.lines(number, 30);
                self.put(&self.path(file), &lines);
            }
            Op::Recreate(file, number) => {
                drop(fs::remove_file(self.path(file)));
                let lines = self.lines(number, 30);
                self.append(file, &lines);
            }
            Op::Delete(file) => drop(fs::remove_file(self.path(file))),
            Op::HardLink(a, b) if a != b && self.path(a).exists() => {
                drop(fs::remove_file(self.path(b)));
                fs::hard_link(self.path(a), self.path(b)).unwrap();
            }
            Op::CopyTruncate(..) | Op::HardLink(..) => {}
            Op::Chmod(file, readable) => {
                let mode = Permissions::from_mode(if readable { 0o600 } else { 0 });
                drop(fs::set_permissions(self.path(file), mode));
            }
            Op::SameStat(file) => self.exchange(&self.path(file)),
            Op::Read => self.read(true, true),
            Op::Slice => self.read(true, false),
            Op::ReadUncommitted => self.read(false, true),
            Op::Restart => self.reader = Reader::new(self.limits),
        }
    }

    fn exchange(&self, path: &Path) {
        let Ok(mut bytes) = fs::read(path) else { return };
        let Ok(mut file) = OpenOptions::new().write(true).open(path) else { return };
        let modified = file.metadata().unwrap().modified().unwrap();
        for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
            *byte ^= 1;
        }
        file.write_all(&bytes).unwrap();
        file.set_modified(modified).unwrap();
    }

    /// What the daemon does: scan, ask, open, read, commit.
    fn read(&mut self, commit: bool, whole: bool) {
        let mut out = Scan::default();
        scan(self.dir.path(), &|path| path.extension().is_some_and(|end| end == "jsonl"), &mut out);
        let root = Root::open(self.dir.path()).unwrap();
        for found in &out.found {
            let (cursor, covered) = self
                .cursors
                .get(&found.path)
                .cloned()
                .unwrap_or_else(|| (Cursor::new(&found.path), Vec::new()));
            // Without permission nothing is read and nothing is forgotten.
            let Ok(file) = root.open_file(found.relative()) else { continue };
            let content = fs::read(&found.path).unwrap();
            let given = if has_changed(&root, found, &cursor) {
                self.lines_of(file, &cursor, content.starts_with(&covered), whole)
            } else {
                self.reader.begin(file, &cursor).unwrap();
                Vec::new()
            };
            // Nothing before the covered bytes is given again, unless those bytes are no longer there.
            let from = if content.starts_with(&covered) { covered.len() } else { 0 };
            let until = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1).max(from);
            let expected = &content[from..until];
            assert!(expected.starts_with(&given), "{}: not what is there", found.path.display());
            assert!(given.is_empty() || given.ends_with(b"\n"), "half a line");
            assert!(!whole || given == expected, "{}: not all that is there", found.path.display());
            if commit {
                let cursor = self.reader.cursor().clone();
                let covered = content[..from + given.len()].to_vec();
                assert_eq!(cursor.offset, covered.len() as u64);
                self.cursors.insert(found.path.clone(), (cursor, covered));
                self.delivered.extend(given.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            }
        }
    }

    fn lines_of(&mut self, file: File, cursor: &Cursor, same: bool, whole: bool) -> Vec<u8> {
        let verdict = self.reader.begin(file, cursor).unwrap();
        assert_eq!(matches!(verdict, Verdict::Restart(_)), !same, "{verdict:?}");
        let mut given = Vec::new();
        loop {
            match self.reader.step().unwrap() {
                Step::Lines(chunk) => given.extend_from_slice(chunk.bytes),
                Step::Budget if whole => {}
                Step::Budget | Step::End => return given,
                Step::TooLong(line) => panic!("no line is that long: {line:?}"),
            }
        }
    }

    /// All that is there in the end has been delivered.
    fn finish(&mut self) {
        for file in 0..FILES {
            self.play(&Op::Chmod(file, true));
        }
        self.read(true, true);
        for file in 0..FILES {
            let content = fs::read(self.path(file)).unwrap_or_default();
            for line in content.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
                assert!(self.delivered.contains(line), "lost: {}", String::from_utf8_lossy(line));
            }
        }
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// `KEITOD_TAIL_CASES=10000 cargo test --lib tail::check -- --nocapture`; `KEITOD_TAIL_SEED` replays.
#[test]
fn whatever_happens_to_files_nothing_is_lost_and_nothing_covered_comes_again() {
    let cases = number("KEITOD_TAIL_CASES").and_then(|cases| u32::try_from(cases).ok()).unwrap_or(400);
    let clock = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros();
    let seed = number("KEITOD_TAIL_SEED").unwrap_or_else(|| u64::try_from(clock).unwrap());
    #[allow(clippy::print_stdout, reason = "the seed of a run that may fail")]
    {
        println!("{cases} histories, KEITOD_TAIL_SEED={seed}");
    }
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let budget = prop_oneof![Just(1_u64), Just(300), Just(4 << 20)];
    let histories = (prop::collection::vec(op(), 1..60), budget);
    let outcome = TestRunner::new_with_rng(config, rng).run(&histories, |(ops, budget)| {
        let mut world = World::new(Limits { budget, ..Limits::default() });
        ops.iter().for_each(|op| world.play(op));
        world.finish();
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("KEITOD_TAIL_SEED={seed} replays this: {error}");
    }
}

//! What happens to logs.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use fastrand::Rng;

use super::daemon::{Daemon, Recorder};
use super::model::{Model, is_ours, read_whole};

struct World {
    dir: PathBuf,
    random: Rng,
    count: u64,
    /// What was done, for whoever looks at a failure.
    told: Vec<String>,
}

/// Three logs, and two names that no source claims.
const NAMES: [&str; 5] = ["a.jsonl", "b.jsonl", "c.jsonl", "a.1", "b.gz"];

impl World {
    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn logs(&self) -> Vec<PathBuf> {
        NAMES[..3].iter().map(|name| self.path(name)).collect()
    }

    fn any(&mut self) -> PathBuf {
        let at = self.random.usize(..NAMES.len());
        self.path(NAMES[at])
    }

    fn log(&mut self) -> PathBuf {
        let at = self.random.usize(..3);
        self.path(NAMES[at])
    }

    /// Bytes that were never written before.
    fn text(&mut self) -> String {
        self.count += 1;
        let length =
            if self.random.u8(..8) == 0 { self.random.usize(..6000) } else { self.random.usize(..60) };
        format!("{}-{}", self.count, "x".repeat(length))
    }

    fn lines(&mut self) -> Vec<u8> {
        (0..self.random.u8(..6)).flat_map(|_| (self.text() + "\n").into_bytes()).collect()
    }

    fn append(&self, path: &Path, bytes: &[u8]) {
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    fn cut(&mut self, path: &Path) {
        if let Ok(file) = OpenOptions::new().write(true).open(path) {
            let length = file.metadata().unwrap().len();
            let to = if self.random.bool() { 0 } else { self.random.u64(..=length) };
            file.set_len(to).unwrap();
        }
    }

    fn step(&mut self) {
        let path = self.log();
        let operation = self.random.u8(..16);
        match operation {
            0..=3 => {
                let lines = self.lines();
                self.append(&path, &lines);
            }
            4 => {
                let text = self.text();
                self.append(&path, text.as_bytes());
            }
            5 => self.append(&path, b"\n"),
            6 => self.cut(&path),
            7 => {
                self.cut(&path);
                let lines = self.lines();
                self.append(&path, &lines);
            }
            8 => {
                // Rotated: the writer's handle goes on for a moment, then begins anew.
                let to = self.any();
                if fs::rename(&path, &to).is_ok() {
                    let (last, first) = (self.lines(), self.lines());
                    self.append(&to, &last);
                    if self.random.bool() {
                        self.append(&path, &first);
                    }
                }
            }
            9 => {
                let to = self.any();
                if to != path && path.exists() {
                    fs::write(&to, read_whole(&path)).unwrap();
                    self.cut(&path);
                }
            }
            10 | 11 => {
                // Replaced: by a copy that goes on, or by something else.
                let mut bytes = if operation == 10 { read_whole(&path) } else { Vec::new() };
                bytes.extend(self.lines());
                fs::write(self.path("temporary"), bytes).unwrap();
                fs::rename(self.path("temporary"), &path).unwrap();
            }
            12 => {
                let _ = fs::remove_file(&path);
                if self.random.bool() {
                    let lines = self.lines();
                    self.append(&path, &lines);
                }
            }
            13 => {
                let to = self.any();
                if to != path && path.exists() {
                    let _ = fs::remove_file(&to);
                    fs::hard_link(&path, &to).unwrap();
                }
            }
            14 if path.exists() => set_ours(&path, !is_ours(&path)),
            14 => {}
            _ => {
                // Other bytes in place; size and time may stay.
                let mut bytes = read_whole(&path);
                bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte ^= 1);
                if let Ok(mut file) = OpenOptions::new().write(true).open(&path) {
                    let modified = file.metadata().unwrap().modified().unwrap();
                    file.write_all(&bytes).unwrap();
                    if self.random.bool() {
                        file.set_modified(modified).unwrap();
                    }
                }
            }
        }
        let there = NAMES.iter().filter_map(|name| {
            let metadata = self.path(name).metadata().ok()?;
            Some(format!("{name}={}:{}", metadata.ino(), metadata.len()))
        });
        let there = there.collect::<Vec<_>>().join(" ");
        self.told.push(format!("{operation} {} [{there}]", path.file_name().unwrap().to_string_lossy()));
    }
}

/// Root reads what it has no permission for, but nothing that is another's.
fn set_ours(path: &Path, ours: bool) {
    if rustix::process::geteuid().is_root() {
        chown(path, Some(if ours { 0 } else { 12_345 }), None).unwrap();
    }
    fs::set_permissions(path, Permissions::from_mode(if ours { 0o600 } else { 0 })).unwrap();
}

pub fn play(seed: u64) {
    let recorder = Recorder::leak();
    let mut daemon = Daemon::new(recorder);
    let dir = daemon.root().to_owned();
    let mut world = World { dir, random: Rng::with_seed(seed), count: 0, told: Vec::new() };
    let mut model = Model::default();
    let mut delivered = BTreeSet::new();
    let steps = world.random.u32(1..60);
    for step in 0..=steps {
        let last = step == steps;
        if last {
            world.logs().iter().filter(|path| path.exists()).for_each(|path| set_ours(path, true));
        } else {
            world.step();
        }
        if last || world.random.u8(..3) == 0 {
            let (expected, there) = model.read(&world.logs());
            daemon.read();
            let given = recorder.take();
            let show = |lines: &[Vec<u8>]| {
                let short =
                    |line: &Vec<u8>| String::from_utf8_lossy(&line[..line.len().min(12)]).into_owned();
                lines.iter().map(short).collect::<Vec<_>>()
            };
            assert_eq!(show(&given), show(&expected), "after {:?}", world.told);
            assert_eq!(given, expected, "half a line?");
            delivered.extend(given);
            let lost = there.iter().find(|line| !delivered.contains(*line));
            assert_eq!(lost, None, "never read; after {:?}", world.told);
            world.told.push("read".into());
        }
        if world.random.u8(..8) == 0 {
            daemon.restart();
            model.restart();
            world.told.push("restart".into());
        }
    }
}

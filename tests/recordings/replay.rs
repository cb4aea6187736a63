//! Recorded scenarios, followed while they are written.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use keitod::model::Instant;
use serde_json::Value;

use crate::home::{Home, copy, files_below};
use crate::keito::Keito;
use crate::report::counts;
use crate::scenario::Scenario;
use crate::{pool, records, scenario, silence};

/// So much faster than it was, …
const FASTER: i64 = 20;
/// … and no wait longer than this.
const WAIT: i64 = 50;

const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];

/// The files of a scenario as they grow: lines still to come.
struct Growing<'a> {
    scenario: &'a Scenario,
    home: &'a Path,
    rest: BTreeMap<PathBuf, std::vec::IntoIter<Vec<u8>>>,
    written: BTreeMap<PathBuf, usize>,
}

impl<'a> Growing<'a> {
    /// Files that the recording does not follow (`.meta.json`, `history.jsonl`) are there from the start.
    fn new(scenario: &'a Scenario, home: &'a Path) -> Self {
        let from = scenario.folder.join("home");
        let steps = scenario.json("writes.json");
        let followed = |below: &Path| {
            steps.as_array().unwrap().iter().any(|step| step[1].as_str().map(Path::new) == Some(below))
        };
        let mut rest = BTreeMap::new();
        for path in files_below(&from) {
            let below = path.strip_prefix(&from).unwrap().to_path_buf();
            if followed(&below) {
                let bytes = fs::read(&path).unwrap();
                let lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                rest.insert(below, lines.into_iter());
            } else {
                copy(&path, &home.join(below));
            }
        }
        Self { scenario, home, rest, written: BTreeMap::new() }
    }

    /// Writes until `file` has `lines` lines; the last one in two pieces.
    fn grow(&mut self, file: &Path, lines: usize) {
        let written = self.written.entry(file.to_path_buf()).or_default();
        let more: Vec<u8> = self.rest.get_mut(file).unwrap().take(lines - *written).flatten().collect();
        *written = lines;
        let path = self.home.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut log = File::options().create(true).append(true).open(path).unwrap();
        let (begun, rest) = more.split_at(more.len() - more.len() / 7);
        log.write_all(begun).unwrap();
        log.write_all(rest).unwrap();
    }

    /// Step by step at the recorded pace; `halfway` is called after half of the steps.
    fn replay(&mut self, halfway: impl Fn()) {
        let steps = self.scenario.json("writes.json");
        let steps = steps.as_array().unwrap();
        let mut last = None;
        for (number, step) in steps.iter().enumerate() {
            let at = Instant::parse(step[0].as_str().unwrap()).unwrap().millis();
            let wait = (at - last.replace(at).unwrap_or(at)) / FASTER;
            std::thread::sleep(Duration::from_millis(wait.clamp(0, WAIT).unsigned_abs()));
            self.grow(Path::new(step[1].as_str().unwrap()), lines(step));
            if number == steps.len() / 2 {
                halfway();
            }
        }
        assert!(self.rest.values_mut().all(|rest| rest.next().is_none()), "{}", self.scenario.name);
    }
}

fn lines(step: &Value) -> usize {
    usize::try_from(step[2].as_u64().unwrap()).unwrap()
}

#[test]
fn what_is_followed_is_counted_once_and_delivered() {
    pool::each(scenario::all(), |scenario| {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let service = home.serve();
        // Half of it is sent before the rest is written: what comes later has to fit to it.
        Growing::new(&scenario, home.path()).replay(|| home.until_delivered(&FLUSH));
        home.until_delivered(&FLUSH);
        let canaries = scenario.canaries();
        let counts = counts(&home);
        scenario.agrees(&counts);
        records::agree(&keito.state, &counts, &scenario.name);
        records::well_formed(&keito.state, &home.path().display().to_string());
        silence::answers(&home, &canaries, &scenario.name);
        // Killed, the service leaves its write-ahead log behind to be looked at.
        drop(service);
        silence::traces(&home, &keito.state, &canaries, &scenario.name);
    });
}

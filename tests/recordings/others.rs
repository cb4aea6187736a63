//! Sessions recorded from other agents: every scenario at once, and once more line by line while it is followed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::home::{Home, copy, files_below, fixtures};
use crate::keito::Keito;
use crate::scenario::canaries_below;
use crate::{database, pool, records, report, rewrite, silence};

const FLUSH: [&str; 4] = ["flush", "--settle", "--expenses", "--json"];

/// Recordings of one agent.
pub struct Agent {
    /// Below `fixtures/recorded`.
    pub folder: &'static str,
    /// How many scenarios there are.
    pub scenarios: usize,
    /// The agent's folder in the home.
    pub logs: &'static str,
    /// The model that the log tells; `None`: the one that answered.
    pub model: Option<&'static str>,
    /// Whether the log holds requests outside the script, such as the one for a title.
    pub side: bool,
}

struct Scenario {
    agent: &'static Agent,
    folder: PathBuf,
    name: String,
}

/// Requests; input with cache writes, cache reads, output.
type Sums = BTreeMap<String, [u64; 4]>;

impl Agent {
    /// Reads all scenarios, both ways.
    pub fn check(&'static self) {
        let entries = fs::read_dir(fixtures("recorded").join(self.folder)).unwrap();
        let mut found: Vec<Scenario> = entries
            .map(|entry| {
                let folder = entry.unwrap().path();
                let name = format!("{}/{}", self.folder, folder.file_name().unwrap().display());
                Scenario { agent: self, folder, name }
            })
            .collect();
        found.sort_by(|a, b| a.name.cmp(&b.name));
        assert_eq!(found.len(), self.scenarios, "{}", self.folder);
        pool::each(found, |scenario| {
            scenario.found_as_it_was_left();
            scenario.followed();
        });
    }
}

impl Scenario {
    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.folder.join(name)).unwrap()).unwrap()
    }

    /// What the mock served and the client took in to its end, by model: a request that was cut is in no log.
    fn truth(&self) -> Sums {
        let mut sums = Sums::new();
        for request in self.json("truth.json")["requests"].as_array().unwrap() {
            if request["status"] != 200 || request["delivered"] != true {
                continue;
            }
            if request["lane"] == "side" && !self.agent.side {
                continue;
            }
            let number = |name: &str| request["usage"][name].as_u64().unwrap();
            let model = self.agent.model.unwrap_or_else(|| request["model"].as_str().unwrap());
            let counts =
                [1, number("in") + number("write"), number("cached"), number("out") + number("think")];
            add(sums.entry(model.to_owned()).or_default(), counts);
        }
        assert!(!sums.is_empty(), "{}", self.name);
        sums
    }

    /// Asserts that the report is the truth, that all of it is of one session (a fork is another), and in the project's
    /// directory.
    fn agrees(&self, home: &Home) {
        let document = home.json(&report::WORDS);
        let (mut sums, mut sessions) = (Sums::new(), Vec::new());
        for row in document["rows"].as_array().unwrap() {
            let number = |name: &str| row[name].as_u64().unwrap();
            sessions.push(row["session"].as_str().unwrap().to_owned());
            let Some(model) = row["model"].as_str() else { continue };
            assert!(row["quality"]["estimated"] == 0 || self.is_pruned(), "{}: {row}", self.name);
            let write = number("cache_write_5m_tokens") + number("cache_write_1h_tokens");
            let counts = [
                number("requests"),
                number("input_tokens") + write,
                number("cache_read_tokens"),
                number("output_tokens"),
            ];
            add(sums.entry(model.to_owned()).or_default(), counts);
        }
        assert_eq!(sums, self.truth(), "{}", self.name);
        sessions.dedup();
        let forks = usize::from(self.folder.ends_with("fork"));
        assert_eq!(sessions.len(), 1 + forks, "{}: {sessions:?}", self.name);
        let run = self.json("run.json");
        assert_eq!(dirs(&home.database()), [run["project"].as_str().unwrap()], "{}", self.name);
    }

    /// Whether the agent deleted a part of its log, of which a total is left.
    fn is_pruned(&self) -> bool {
        matches!(self.name.as_str(), "vibe/3.0.2/resume" | "vibe/3.0.2/kill-resume")
    }

    /// The home as it was left. Databases still have all of it in their logs of changes while they are open.
    fn leave(&self, home: &Home) -> Vec<Connection> {
        let from = self.folder.join("home");
        let mut open = Vec::new();
        for path in files_below(&from) {
            let to = home.path().join(path.strip_prefix(&from).unwrap());
            match path.extension().is_some_and(|extension| extension == "sql") {
                true => open.push(database::load(&path, &to.with_extension(""))),
                false => copy(&path, &to),
            }
        }
        open
    }

    fn found_as_it_was_left(&self) {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let _writers = self.leave(&home);
        self.deliver(&home, &["run", "--once", "--json"]);
        self.agrees(&home);
        self.sent(&home, &keito);
        self.reading_again_changes_nothing(&home);
        let canaries = canaries_below(&self.folder.join("home"));
        silence::answers(&home, &canaries, &self.name);
        silence::traces_but(&home, &keito.state, &canaries, &self.name, self.agent.logs);
    }

    fn reading_again_changes_nothing(&self, home: &Home) {
        let known = || (home.says(&report::WORDS), rewrite::facts(&home.database()));
        let (before, read) = (known(), rewrite::generations(&home.database()));
        for path in files_below(&home.path().join(self.agent.logs)) {
            match database::is_one(&path) {
                true => database::replace(&path),
                false => rewrite::replace(&path),
            }
        }
        home.says(&["run", "--once"]);
        assert!(rewrite::generations(&home.database()) > read, "{}: not read again", self.name);
        assert_eq!(known(), before, "{}", self.name);
    }

    fn followed(&self) {
        let keito = Keito::start();
        let home = Home::new(&keito.origin);
        let service = home.serve();
        self.grow(&home);
        self.deliver(&home, &FLUSH);
        self.agrees(&home);
        self.sent(&home, &keito);
        drop(service);
        let canaries = canaries_below(&self.folder.join("home"));
        silence::traces_but(&home, &keito.state, &canaries, &self.name, self.agent.logs);
    }

    /// Writes the home: what is no log first, then the logs by turns, each line in two pieces.
    fn grow(&self, home: &Home) {
        let from = self.folder.join("home");
        let (mut growing, mut databases) = (Vec::new(), Vec::new());
        for path in files_below(&from) {
            let to = home.path().join(path.strip_prefix(&from).unwrap());
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                let bytes = fs::read(&path).unwrap();
                let lines: Vec<Vec<u8>> =
                    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                growing.push((to, lines.into_iter()));
            } else if path.extension().is_some_and(|extension| extension == "sql") {
                databases.push(database::Growing::new(&path, &to.with_extension("")));
            } else {
                copy(&path, &to);
            }
        }
        for database in databases {
            database.grow(|| self.deliver(home, &FLUSH));
        }
        let mut written = 0;
        while !growing.is_empty() {
            growing.retain_mut(|(to, lines)| {
                let Some(line) = lines.next() else { return false };
                append(to, &line);
                written += 1;
                true
            });
            if written == 6 {
                self.deliver(home, &FLUSH);
            }
        }
    }

    /// Until all is read and, as far as it has a price, sent.
    fn deliver(&self, home: &Home, words: &[&str]) {
        home.until_read(words);
        if is_priced(home) {
            home.until_delivered(words);
        }
    }

    /// Expenses are the report, to the token; what has no price is held.
    fn sent(&self, home: &Home, keito: &Keito) {
        if is_priced(home) {
            records::agree(&keito.state, &report::counts(home), &self.name);
        } else {
            assert!(keito.state.expenses().is_empty(), "{}: a price that nobody knows was sent", self.name);
        }
        records::well_formed(&keito.state, &home.path().display().to_string());
    }
}

/// Whether the price table knows the model of the session.
fn is_priced(home: &Home) -> bool {
    let document = home.json(&report::WORDS);
    document["rows"].as_array().unwrap().iter().all(|row| row["unpriced_requests"] == 0)
}

fn add(sum: &mut [u64; 4], counts: [u64; 4]) {
    for (slot, count) in sum.iter_mut().zip(counts) {
        *slot += count;
    }
}

fn append(path: &Path, line: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut log = File::options().create(true).append(true).open(path).unwrap();
    let (begun, rest) = line.split_at(line.len() - line.len() / 7);
    log.write_all(begun).unwrap();
    log.write_all(rest).unwrap();
}

/// The directories of requests and activities.
pub fn dirs(database: &Path) -> Vec<String> {
    let conn = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let sql = "select coalesce(path, '') from (select dir from request union select dir from activity) left join dir on dir.id = dir order by 1";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

//! The reading side with a source that writes down what it is given.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keitod::config::{Config, Env};
use keitod::daemon::assemble::{Parts, Setup};
use keitod::daemon::intake::{Backlog, Health, Intake, Reading, Watched};
use keitod::model::{Agent, Facts};
use keitod::sources::{self, About, Claim, Context, Environment, Lines, Source};
use keitod::tail::Mode;

/// Remembers lines, and checks that a file's context belongs to the place where reading goes on.
pub struct Recorder {
    lines: Mutex<Vec<Vec<u8>>>,
}

impl Source for Recorder {
    fn agent(&self) -> Agent {
        Agent::new("recorder")
    }

    fn about(&self) -> &'static About {
        &crate::ABOUT
    }

    fn roots(&self, _: &dyn Environment) -> Vec<PathBuf> {
        Vec::new()
    }

    fn claim(&self, path: &Path) -> Option<Claim> {
        let log = path.extension().is_some_and(|extension| extension == "jsonl");
        log.then(|| Claim { session: path.file_stem().map(|stem| stem.to_string_lossy().into_owned()) })
    }

    fn decode(&self, context: &mut Context, lines: Lines<'_>, facts: &mut Facts) {
        let state = context.state.first_chunk::<8>();
        let mut at = state.map_or(0, |state| u64::from_le_bytes(*state));
        let mut seen = self.lines.lock().unwrap();
        for line in lines {
            assert_eq!(line.offset, at, "the context is that of another place");
            at += line.bytes.len() as u64 + 1;
            seen.push(line.bytes.to_vec());
            facts.lines += 1;
        }
        context.state = at.to_le_bytes().to_vec();
    }
}

impl Recorder {
    pub fn leak() -> &'static Self {
        Box::leak(Box::new(Self { lines: Mutex::default() }))
    }

    /// What was given since it was last asked, sorted.
    pub fn take(&self) -> Vec<Vec<u8>> {
        let mut lines = std::mem::take(&mut *self.lines.lock().unwrap());
        lines.sort();
        lines
    }
}

pub struct Daemon {
    _state: tempfile::TempDir,
    _logs: tempfile::TempDir,
    root: PathBuf,
    parts: Parts,
    source: &'static dyn Source,
    health: Arc<Mutex<Health>>,
    intake: Option<Intake>,
}

impl Daemon {
    pub fn new(source: &'static dyn Source) -> Self {
        // Each commit is synced: without a disk below, that costs nothing.
        let memory = Path::new("/dev/shm");
        let home = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        // On a disk if there is one: there inodes are used again.
        let logs = tempfile::tempdir().unwrap();
        let env = Env::new(home.path(), Vec::<(String, String)>::new());
        let config = Arc::new(Config::parse("since = \"2020-01-01T00:00:00Z\"", &env).unwrap());
        let (state_dir, data_dir) = (home.path().join("state"), home.path().join("data"));
        std::fs::create_dir(&state_dir).unwrap();
        let setup = Setup { env, config, state_dir, data_dir, sandbox: None };
        let parts = setup.assemble(false).unwrap();
        let root = logs.path().canonicalize().unwrap();
        let health = Arc::default();
        let mut daemon = Self { _state: home, _logs: logs, root, parts, source, health, intake: None };
        daemon.restart();
        daemon
    }

    /// The directory it reads.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database it writes.
    pub fn database(&self) -> &Path {
        &self.parts.database
    }

    /// What is known from here on is what was committed.
    pub fn restart(&mut self) {
        self.intake = Some(self.intake(Mode::Off));
    }

    pub fn intake(&self, mode: Mode) -> Intake {
        self.intake_of(mode, Backlog::default())
    }

    pub fn intake_of(&self, mode: Mode, backlog: Backlog) -> Intake {
        let reading = Reading {
            max_line: 1 << 20,
            mode,
            scan: Duration::from_secs(600),
            scan_max: Duration::from_secs(600),
            debounce: Duration::ZERO,
            backlog,
        };
        let source = self.source;
        let watched = vec![Watched {
            source: sources::Reader::BuiltIn(source),
            agent: source.agent(),
            roots: vec![self.root.clone()],
            registry: None,
        }];
        Intake::new(watched, reading, self.parts.clerk.clone(), Arc::clone(&self.health)).unwrap()
    }

    /// Reads all to the end; what could not be read.
    pub fn read(&mut self) -> Vec<String> {
        self.intake.as_mut().unwrap().read_all().unwrap();
        let health = self.health.lock().unwrap();
        health.agents.iter().flat_map(|agent| agent.problems.reasons.values().cloned()).collect()
    }
}

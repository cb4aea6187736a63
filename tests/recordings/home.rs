//! A home of a user with logs in it, and the binary as that user starts it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use keitod::sandbox::{self, ids};
use serde_json::Value;

/// Enough for a machine that does other things too.
const PATIENCE: Duration = Duration::from_secs(50);

pub struct Home {
    dir: tempfile::TempDir,
    origin: String,
}

impl Home {
    pub fn new(origin: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), origin: origin.to_owned() };
        let config = format!(
            r#"since = "2020-01-01T00:00:00Z"
timezone = "UTC"
[keito]
expense_category_id = "{}"
[delivery]
time_settle = "1s"
time_update = "1s"
expense_settle = "1s"
reconcile_grace = "1s"
backoff_base = "20ms"
backoff_max = "200ms"
requests_per_minute = 10000
[time]
min_seconds = 1
[default]
project_id = "{}"
task_id = "{}"
[log]
level = "trace"
"#,
            ids::LLM_USAGE,
            ids::WEBSITE,
            ids::DEVELOPMENT
        );
        fs::write(home.path().join("keitod.toml"), config).unwrap();
        home
    }

    /// Adds to the configuration's end.
    pub fn configure_more(&self, text: &str) {
        let mut config = File::options().append(true).open(self.path().join("keitod.toml")).unwrap();
        config.write_all(text.as_bytes()).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    pub fn database(&self) -> PathBuf {
        self.path().join("state/keitod.db")
    }

    fn command(&self, words: &[&str]) -> Command {
        let log = File::options().create(true).append(true).open(self.log()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keitod"));
        command
            .env_clear()
            .env("HOME", self.path())
            .env("KEITOD_CONFIG", self.path().join("keitod.toml"))
            .env("KEITOD_STATE_DIR", self.path().join("state"))
            .env("KEITOD_SOCKET", self.path().join("run/keitod.sock"))
            .env("KEITO_API_URL", &self.origin)
            .env("KEITO_API_KEY", sandbox::KEY)
            .env("KEITO_ACCOUNT_ID", sandbox::ACCOUNT)
            .args(words)
            .stdin(Stdio::null())
            .stderr(log);
        command
    }

    /// Standard output of a command that succeeds.
    pub fn says(&self, words: &[&str]) -> Vec<u8> {
        let Output { status, stdout, .. } = self.command(words).output().unwrap();
        assert!(status.success(), "{words:?}: {status}\n{}", self.end_of_log());
        stdout
    }

    /// Whether a command succeeds.
    pub fn tries(&self, words: &[&str]) -> bool {
        self.command(words).output().unwrap().status.success()
    }

    /// What the real programs write is understood.
    fn raises_no_alarm(&self) {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let alarm = log.lines().find(|line| line.contains("nothing of it is billed until"));
        assert_eq!(alarm, None);
    }

    pub fn json(&self, words: &[&str]) -> Value {
        serde_json::from_slice(&self.says(words)).unwrap()
    }

    /// The service; killed when dropped.
    pub fn serve(&self) -> Service {
        Service(self.command(&["run"]).stdout(Stdio::null()).spawn().unwrap())
    }

    /// Repeats `words` until its answer says that all is read and sent.
    pub fn until_delivered(&self, words: &[&str]) {
        self.until(words, |answer| answer["sent"] == 0 && answer["remaining"] == 0);
    }

    /// Repeats `words` until its answer says that all is read and nothing was sent, whatever is held.
    pub fn until_read(&self, words: &[&str]) {
        self.until(words, |answer| answer["sent"] == 0);
    }

    fn until(&self, words: &[&str], is_done: impl Fn(&Value) -> bool) {
        let until = Instant::now() + PATIENCE;
        loop {
            let Output { stdout, .. } = self.command(words).output().unwrap();
            let answer: Value = serde_json::from_slice(&stdout).unwrap_or_default();
            if answer["caught_up"] == true && is_done(&answer) {
                assert_eq!(answer["failed"], 0, "{}", self.end_of_log());
                self.raises_no_alarm();
                return;
            }
            assert!(Instant::now() < until, "{words:?}: {answer}\n{}", self.end_of_log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn end_of_log(&self) -> String {
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

pub struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Copies a tree.
pub fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// Every file below `root`, sorted.
pub fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut dirs = vec![root.to_path_buf()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { dirs.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// `tests/fixtures/…`.
pub fn fixtures(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(below)
}

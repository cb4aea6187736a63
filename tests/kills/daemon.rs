//! The binary as a user starts it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use keitod::sandbox::{self, ids};

pub struct Daemon {
    home: PathBuf,
    origin: String,
}

impl Daemon {
    pub fn new(home: &Path, origin: &str) -> Self {
        let config = home.join("keitod.toml");
        let text = format!(
            r#"since = "2020-01-01T00:00:00Z"
timezone = "UTC"
[keito]
request_timeout = "1s"
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
[log]
level = "trace"
[default]
project_id = "{}"
task_id = "{}"
"#,
            ids::LLM_USAGE,
            ids::WEBSITE,
            ids::DEVELOPMENT
        );
        std::fs::write(config, text).unwrap();
        Self { home: home.to_path_buf(), origin: origin.to_owned() }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keitod"));
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("KEITOD_CONFIG", self.home.join("keitod.toml"))
            .env("KEITOD_STATE_DIR", self.home.join("state"))
            .env("KEITOD_SOCKET", self.home.join("run/keitod.sock"))
            .env("KEITO_API_URL", &self.origin)
            .env("KEITO_API_KEY", sandbox::KEY)
            .env("KEITO_ACCOUNT_ID", sandbox::ACCOUNT);
        command
    }

    pub fn start(&self) -> Child {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.home.join("log")).unwrap();
        self.command().arg("run").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// `queue list --json`.
    pub fn queue(&self) -> serde_json::Value {
        let output = self.command().args(["queue", "list", "--json", "--limit", "100000"]).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Flushes until nothing remains.
    pub fn settle(&self, until: Instant) {
        loop {
            let flush = self.command().args(["flush", "--settle", "--expenses", "--json"]).output().unwrap();
            let answer: Option<serde_json::Value> = serde_json::from_slice(&flush.stdout).ok();
            if answer
                .as_ref()
                .is_some_and(|a| a["remaining"] == 0 && a["caught_up"] == true && a["sent"] == 0)
            {
                return;
            }
            let log = std::fs::read_to_string(self.home.join("log")).unwrap_or_default();
            let log = log.lines().rev().take(40).collect::<Vec<_>>().join("\n");
            assert!(
                Instant::now() < until,
                "not settled: {answer:?} {}\n{log}",
                String::from_utf8_lossy(&flush.stderr)
            );
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }
}

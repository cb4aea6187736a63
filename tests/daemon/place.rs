//! A home with the program's config in it, and the program in that home.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use keitod::sandbox::{self, ids};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Place {
    dir: tempfile::TempDir,
    origin: String,
    /// Whether the environment has the sandbox's key.
    pub key: Option<&'static str>,
    /// A program that runs it, with its words.
    pub through: Option<Vec<String>>,
    /// Further variables.
    pub more: Vec<(&'static str, String)>,
    /// Variables of every place that this one goes without.
    pub less: Vec<&'static str>,
}

impl Place {
    /// All sessions go to one project; nothing waits longer than a second.
    pub fn new(origin: &str) -> Self {
        let place = Self::bare(origin);
        let default =
            format!("[default]\nproject_id = \"{}\"\ntask_id = \"{}\"\n", ids::WEBSITE, ids::DEVELOPMENT);
        place.config(&default);
        place
    }

    /// Without a config.
    pub fn bare(origin: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            dir,
            origin: origin.to_owned(),
            key: Some(sandbox::KEY),
            through: None,
            more: Vec::new(),
            less: Vec::new(),
        }
    }

    /// Takes the default waits after failures.
    pub fn patient(&self) {
        let path = self.path("keitod.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text: String = text.split_inclusive('\n').filter(|line| !line.starts_with("backoff_")).collect();
        fs::write(path, text).unwrap();
    }

    /// Writes the config anew, with `more` at its end.
    pub fn config(&self, more: &str) {
        let text = format!(
            r#"since = "2020-01-01T00:00:00Z"
timezone = "UTC"
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
[keito]
expense_category_id = "{}"
{more}"#,
            ids::LLM_USAGE
        );
        fs::write(self.path("keitod.toml"), text).unwrap();
    }

    /// Leaves the cut-off to the first start.
    pub fn without_since(&self) {
        let path = self.path("keitod.toml");
        let text = fs::read_to_string(&path).unwrap();
        let text: String = text.split_inclusive('\n').filter(|line| !line.starts_with("since")).collect();
        fs::write(path, text).unwrap();
    }

    /// Has the config name the socket, which a variable does else.
    pub fn socket_by_config(&mut self) {
        self.less.push("KEITOD_SOCKET");
        let text = fs::read_to_string(self.path("keitod.toml")).unwrap();
        let socket = format!("[socket]\npath = \"{}\"\n", self.socket().display());
        fs::write(self.path("keitod.toml"), text + &socket).unwrap();
    }

    /// Has the config name Keito, which a variable does else.
    pub fn url_by_config(&mut self) {
        self.less.push("KEITO_API_URL");
        let text = fs::read_to_string(self.path("keitod.toml")).unwrap();
        let text = text.replace("[keito]\n", &format!("[keito]\nurl = \"{}\"\n", self.origin));
        fs::write(self.path("keitod.toml"), text).unwrap();
    }

    /// Delivers to another Keito from now on.
    pub fn deliver_to(&mut self, origin: &str) {
        origin.clone_into(&mut self.origin);
    }

    pub fn home(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home().join(name)
    }

    pub fn socket(&self) -> PathBuf {
        self.path("run/keitod.sock")
    }

    /// A log's path, its directory made.
    pub fn log_of(&self, name: &str) -> PathBuf {
        let dir = self.path(".claude/projects/-work");
        fs::create_dir_all(&dir).unwrap();
        dir.join(format!("{name}.jsonl"))
    }

    pub fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.log_of(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_keitod").to_owned();
        let mut run = self.through.iter().flatten().chain([&program]);
        let mut command = Command::new(run.next().unwrap_or(&program));
        command
            .args(run)
            .env_clear()
            .env("HOME", self.home())
            .env("KEITOD_CONFIG", self.path("keitod.toml"))
            .env("KEITOD_STATE_DIR", self.path("state"))
            .env("KEITOD_SOCKET", self.socket())
            .env("KEITO_API_URL", &self.origin)
            .envs(self.more.iter().map(|(name, value)| (name, value)))
            .args(words)
            .stdin(Stdio::null());
        if let Some(key) = self.key {
            command.env("KEITO_API_KEY", key).env("KEITO_ACCOUNT_ID", sandbox::ACCOUNT);
        }
        for name in &self.less {
            command.env_remove(name);
        }
        command
    }

    /// Runs to the end: exit code, standard output, standard error.
    pub fn run(&self, words: &[&str]) -> (i32, String, String) {
        told(&self.command(words).output().unwrap())
    }

    /// The service, or a pass of it, just begun.
    pub fn launch(&self, words: &[&str]) -> Service<'_> {
        self.begin(self.command(words))
    }

    /// This command, its trouble in the log.
    pub fn begin(&self, mut command: Command) -> Service<'_> {
        let log = OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Service { place: self, child }
    }

    /// The service, just begun, below a program that starts others (`strace`, `prlimit`).
    pub fn spawn(&self, below: &[&str]) -> Service<'_> {
        let plain = self.command(&["run"]);
        let [program, words @ ..] = below else { return self.begin(plain) };
        let mut command = Command::new(program);
        command.env_clear().args(words).arg(plain.get_program()).args(plain.get_args());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.begin(command)
    }

    /// What was logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The service, its socket answering.
    pub fn start(&self) -> Service<'_> {
        let service = self.launch(&["run"]);
        until("the socket answers", || (service.raw("GET", "/healthz", "").1 == "200").then_some(()));
        until("the first scan ends", || {
            let status = service.get("/v1/status");
            (status["sources"].is_array()).then_some(())
        });
        service
    }
}

pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

/// Asks until there is an answer.
#[track_caller]
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub struct Service<'a> {
    place: &'a Place,
    pub child: Child,
}

impl Service<'_> {
    /// What curl says: body and status.
    pub fn raw(&self, method: &str, path: &str, body: &str) -> (String, String) {
        let mut curl = Command::new("curl");
        let patience = PATIENCE.as_secs().to_string();
        curl.args(["--silent", "--max-time", &patience]).arg("--unix-socket").arg(self.place.socket());
        curl.args(["-X", method, "-w", "\n%{http_code}"]);
        if !body.is_empty() {
            curl.args(["-H", "content-type: application/json", "-d", body]);
        }
        let (_, out, _) = told(&curl.arg(format!("http://localhost{path}")).output().unwrap());
        let (body, status) = out.rsplit_once('\n').unwrap_or(("", ""));
        (body.to_owned(), status.to_owned())
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let (body, status) = self.raw("GET", path, "");
        assert_eq!(status, "200", "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    #[track_caller]
    pub fn flush(&self) -> Value {
        let (body, status) = self.raw("POST", "/v1/flush", r#"{"settle":true,"expenses":true}"#);
        assert_eq!(status, "200", "{body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Flushes until nothing remains.
    #[track_caller]
    pub fn settle(&self) {
        until("everything is delivered", || {
            let answer = self.flush();
            (answer["remaining"] == 0 && answer["caught_up"] == true && answer["sent"] == 0).then_some(())
        });
    }

    /// Requests of the whole history.
    #[track_caller]
    pub fn requests(&self) -> u64 {
        self.get("/v1/report")["totals"]["requests"].as_u64().unwrap()
    }

    /// Tells it to end; its exit code.
    #[track_caller]
    pub fn stop(self) -> i32 {
        self.signal(rustix::process::Signal::TERM);
        self.ended()
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Its exit code, once it has ended.
    #[track_caller]
    pub fn ended(mut self) -> i32 {
        until("it ends", || self.child.try_wait().unwrap()).code().unwrap_or(-1)
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

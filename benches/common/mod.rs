//! What the benches share: a home with logs, keitod in it, and figures beside their baseline.

#![allow(dead_code, reason = "each bench uses its part")]

pub mod process;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use keitod::server::{Client, Question};
use serde_json::Value;

/// Requests of a session of a history; with what its tools said it has 330 kB.
const REQUESTS: usize = 20;
/// Bytes of one tool's output.
const OUTPUT: usize = 15_900;

/// A home with logs, and a keitod of its own beside them.
pub struct Place {
    home: PathBuf,
    run: tempfile::TempDir,
}

impl Place {
    /// A home of its own, with this config.
    pub fn new(config: &str) -> Self {
        let run = tempfile::tempdir().unwrap();
        let place = Self { home: run.path().to_owned(), run }.configured(config);
        fs::create_dir_all(place.logs()).unwrap();
        place
    }

    /// Over logs that are there already, with a fresh state.
    pub fn over(home: &Path) -> Self {
        let run = tempfile::tempdir().unwrap();
        Self { home: home.to_owned(), run }.configured("timezone = \"UTC\"\n")
    }

    fn configured(self, config: &str) -> Self {
        fs::write(self.path("keitod.toml"), config).unwrap();
        self
    }

    /// Of keitod's own files: `state`, `keitod.toml`.
    pub fn path(&self, name: &str) -> PathBuf {
        self.run.path().join(name)
    }

    /// Where Claude Code's logs stand.
    pub fn logs(&self) -> PathBuf {
        self.home.join(".claude/projects/-home-dev-work")
    }

    /// What a service manager would be told.
    pub fn notify(&self) -> PathBuf {
        self.path("notify")
    }

    /// Bytes of the database and its log.
    pub fn database_bytes(&self) -> u64 {
        let sizes = ["state/keitod.db", "state/keitod.db-wal"].map(|name| fs::metadata(self.path(name)));
        sizes.into_iter().flatten().map(|data| data.len()).sum()
    }

    /// `keitod` with these words. `KEITOD_BENCH_BINARY` is another build.
    pub fn keitod(&self, words: &[&str]) -> Command {
        let built = std::env::var_os("KEITOD_BENCH_BINARY").unwrap_or(env!("CARGO_BIN_EXE_keitod").into());
        let mut command = Command::new(built);
        command
            .args(words)
            .env_clear()
            .env("HOME", &self.home)
            .env("XDG_DATA_HOME", self.path("data"))
            .env("KEITOD_CONFIG", self.path("keitod.toml"))
            .env("KEITOD_STATE_DIR", self.path("state"))
            .env("KEITOD_SOCKET", self.socket())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    pub fn socket(&self) -> PathBuf {
        self.path("run/keitod.sock")
    }

    pub fn client(&self) -> Client {
        Client::new(&self.socket())
    }

    /// The daemon, once it answers.
    pub fn daemon(&self) -> Daemon {
        self.daemon_by(self.keitod(&["run"]))
    }

    /// The daemon, started in this way.
    pub fn daemon_by(&self, mut command: Command) -> Daemon {
        let daemon = Daemon(command.spawn().unwrap());
        wait("an answer", || self.status().is_some());
        daemon
    }

    pub fn status(&self) -> Option<Value> {
        serde_json::from_slice(&self.client().ask(&Question::Status).ok()?).ok()
    }

    /// Bytes that the daemon knows of and has not read.
    pub fn lag(&self) -> Option<u64> {
        let status = self.status()?;
        Some(status["sources"].as_array()?.iter().filter_map(|of| of["lag_bytes"].as_u64()).sum())
    }

    /// Waits until all that is there has been read.
    pub fn read_to_the_end(&self) {
        // What lies behind is known once all was found: until then nothing may lie behind of what is known.
        wait("the end of the logs", || self.status().is_some_and(|status| status["caught_up"] == true));
    }

    /// Sessions of a year up to a moment ago, of so many MB, as session logs are: a request to 16 kB of output of tools.
    /// Returns how many there are.
    pub fn history(&self, mb: usize) -> usize {
        let sessions = (mb << 20).div_ceil(REQUESTS * (OUTPUT + 600));
        for number in 0..sessions {
            let back = i64::try_from((sessions - 1 - number) * 8_700 / sessions).unwrap();
            self.session(number, back * 3600 + 600, REQUESTS, OUTPUT);
        }
        sessions
    }

    /// A session whose last request was `back` seconds ago, one every minute.
    pub fn session(&self, number: usize, back: i64, requests: usize, output: usize) {
        let end = keitod::daemon::time::now().seconds() - back;
        let mut text = String::with_capacity(requests * (output + 700));
        let noise = "lorem ipsum dolor sit amet \\n".repeat(output / 28);
        let model = ["claude-opus-4-6", "claude-sonnet-4-5", "claude-haiku-4-5"][number % 3];
        for nth in 0..requests {
            let at = end - i64::try_from((requests - nth) * 60).unwrap();
            if output > 0 {
                let at = keitod::model::Instant::from_seconds(at - 20);
                let _ = writeln!(
                    text,
                    r#"{{"type":"user","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"t{number}_{nth}","content":"{noise}"}}]}},"uuid":"{number:08x}-0000-4000-9000-{nth:012x}","timestamp":"{at}","sessionId":"s{number}","cwd":"/home/dev/work{}"}}"#,
                    number % 40
                );
            }
            let _ =
                writeln!(text, "{}", request(number, nth, keitod::model::Instant::from_seconds(at), model));
        }
        fs::write(self.logs().join(format!("s{number}.jsonl")), text).unwrap();
    }
}

/// A line of a request.
pub fn request(session: usize, number: usize, at: keitod::model::Instant, model: &str) -> String {
    format!(
        r#"{{"type":"assistant","message":{{"id":"msg_{session}_{number}","type":"message","role":"assistant","model":"{model}","content":[],"stop_reason":"end_turn","usage":{{"input_tokens":30,"cache_read_input_tokens":21000,"output_tokens":512}}}},"requestId":"req_{session}_{number}","uuid":"{session:08x}-0000-4000-8000-{number:012x}","timestamp":"{at}","sessionId":"s{session}","cwd":"/home/dev/work{}"}}"#,
        session % 40
    )
}

/// Ends with its bench.
pub struct Daemon(pub Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something, for half an hour at most.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(1800), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One connection that asks again and again.
pub struct Asking(BufReader<UnixStream>);

impl Asking {
    pub fn new(socket: &Path) -> Self {
        Self(BufReader::new(UnixStream::connect(socket).unwrap()))
    }

    pub fn ask(&mut self, path: &str) -> Duration {
        self.answer(path).0
    }

    pub fn answer(&mut self, path: &str) -> (Duration, Vec<u8>) {
        let begun = Instant::now();
        write!(self.0.get_mut(), "GET {path} HTTP/1.1\r\nhost: k\r\n\r\n").unwrap();
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            self.0.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        (begun.elapsed(), body)
    }
}

/// Median and 99th of a hundred.
pub fn spread(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// From the start to the end of a process.
pub fn took(mut command: Command) -> Duration {
    let begun = Instant::now();
    assert!(command.stdout(Stdio::null()).status().unwrap().success(), "{command:?}");
    begun.elapsed()
}

/// `a / b` with two digits.
pub fn ratio(a: Duration, b: Duration) -> String {
    let hundredths = a.as_nanos() * 100 / b.as_nanos().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// A number by environment.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

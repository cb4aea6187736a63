//! Writes sessions as Claude Code does, a few bytes at a time, and keeps the truth.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Stands in every prompt and every answer.
pub const CANARY: &str = "CANARY_c0ffee_text_of_the_conversation";

/// Per session: requests, input, cache read, cache write, output, seconds.
pub type Truth = BTreeMap<String, [u64; 6]>;

struct Session {
    id: String,
    file: File,
    path: PathBuf,
    /// Milliseconds since the epoch; only whole seconds, so that seconds are exact.
    at: i64,
    begun: bool,
    lines: Vec<String>,
}

pub struct Writer {
    root: PathBuf,
    random: fastrand::Rng,
    sessions: Vec<Session>,
    truth: Truth,
    next: u64,
}

impl Writer {
    pub fn new(home: &Path, seed: u64) -> Self {
        let root = home.join(".claude/projects/-home-dev-work");
        std::fs::create_dir_all(&root).unwrap();
        let mut writer = Self {
            root,
            random: fastrand::Rng::with_seed(seed),
            sessions: Vec::new(),
            truth: Truth::new(),
            next: 0,
        };
        for _ in 0..4 {
            writer.open(1_767_607_200_000);
        }
        writer
    }

    fn id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn open(&mut self, at: i64) -> usize {
        let id = format!("5e551011-0000-4000-8000-{:012x}", self.id());
        let path = self.root.join(format!("{id}.jsonl"));
        let file = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        self.sessions.push(Session { id, file, path, at, begun: false, lines: Vec::new() });
        self.sessions.len() - 1
    }

    pub fn write_until(mut self, stop: &AtomicBool) -> Truth {
        while !stop.load(Ordering::Relaxed) {
            let index = self.random.usize(..self.sessions.len());
            match self.random.u32(..100) {
                0 if self.sessions.len() < 24 => self.resume(index),
                _ => self.turn(index),
            }
            std::thread::sleep(Duration::from_millis(self.random.u64(1..6)));
        }
        self.truth
    }

    /// A line in one or two writes: the reader must never act on half of it.
    fn put(&mut self, index: usize, line: String) {
        let cut = self.random.usize(..=line.len());
        let session = &mut self.sessions[index];
        session.file.write_all(&line.as_bytes()[..cut]).unwrap();
        if cut.is_multiple_of(3) {
            std::thread::sleep(Duration::from_millis(1));
        }
        session.file.write_all(&line.as_bytes()[cut..]).unwrap();
        session.file.write_all(b"\n").unwrap();
        session.lines.push(line);
    }

    fn head(&mut self, index: usize) -> String {
        let uuid = self.id();
        let session = &self.sessions[index];
        let at = keitod::model::Instant::from_millis(session.at);
        format!(
            r#""uuid":"00000000-0000-4000-8000-{uuid:012x}","timestamp":"{at}","sessionId":"{}","cwd":"/home/dev/work","version":"2.1.329","gitBranch":"main","isSidechain":false"#,
            session.id
        )
    }

    /// A prompt or nothing, then a message in one to three lines, its output growing.
    fn turn(&mut self, index: usize) {
        let prompt = !self.sessions[index].begun || self.random.u32(..5) == 0;
        if prompt {
            self.step(index, 1, false);
            let head = self.head(index);
            self.put(index, format!(r#"{{"type":"user","message":{{"role":"user","content":"{CANARY}"}},"origin":{{"kind":"human"}},"promptSource":"typed","turnOrigin":"human",{head}}}"#));
        }
        let (message, request) = (self.id(), self.id());
        let counts = [
            self.random.u64(1..50),
            self.random.u64(..90_000),
            self.random.u64(..4000),
            self.random.u64(1..2000),
        ];
        let lines = self.random.u64(1..=3);
        for line in 1..=lines {
            let gap = self.random.i64(1..60);
            self.step(index, gap, true);
            let head = self.head(index);
            let output = if line == lines { counts[3] } else { 1 };
            let stop = if line == lines { r#""end_turn""# } else { "null" };
            self.put(index, format!(
                r#"{{"type":"assistant","message":{{"id":"msg_{message:x}","type":"message","role":"assistant","model":"claude-opus-4-6","content":[{{"type":"text","text":"{CANARY}"}}],"stop_reason":{stop},"usage":{{"input_tokens":{},"cache_read_input_tokens":{},"cache_creation_input_tokens":{},"cache_creation":{{"ephemeral_5m_input_tokens":{},"ephemeral_1h_input_tokens":0}},"output_tokens":{output}}}}},"requestId":"req_{request:x}",{head}}}"#,
                counts[0], counts[1], counts[2], counts[2]
            ));
        }
        let sums = self.truth.entry(self.sessions[index].id.clone()).or_default();
        sums[0] += 1;
        for (slot, count) in counts.iter().enumerate() {
            sums[slot + 1] += count;
        }
    }

    fn step(&mut self, index: usize, seconds: i64, counted: bool) {
        let session = &mut self.sessions[index];
        session.at += seconds * 1000;
        if counted && session.begun {
            self.truth.entry(session.id.clone()).or_default()[5] += u64::try_from(seconds).unwrap();
        }
        session.begun = true;
    }

    /// A session goes on in a new file that begins with its whole history under a new id.
    fn resume(&mut self, index: usize) {
        if self.sessions[index].lines.is_empty() {
            return;
        }
        let (old, at) = (self.sessions[index].id.clone(), self.sessions[index].at);
        let lines = self.sessions[index].lines.clone();
        let new = self.open(at + 3_600_000);
        let id = self.sessions[new].id.clone();
        let mut history = String::new();
        let mut copies = Vec::new();
        for line in &lines {
            let mut copy =
                line.replace(&format!(r#""sessionId":"{old}""#), &format!(r#""sessionId":"{id}""#));
            // Only messages name the session that made them, and through several copies it stays the first one.
            if copy.contains("requestId") && !copy.contains("requestSessionId") {
                copy = copy.replacen(
                    "\"sessionId\"",
                    &format!("\"requestSessionId\":\"{old}\",\"sessionId\""),
                    1,
                );
            }
            history.push_str(&copy);
            history.push('\n');
            copies.push(copy);
        }
        // Whole at once, as a program does that writes a file anew; the old session ends here.
        let path = self.sessions[new].path.clone();
        std::fs::write(&path, history).unwrap();
        self.sessions[new].file = OpenOptions::new().append(true).open(&path).unwrap();
        self.sessions[new].lines = copies;
        self.sessions.swap_remove(index);
    }
}

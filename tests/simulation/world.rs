//! A seeded world: sessions as lines of log files, and what a decoder would make of them.

use std::collections::BTreeSet;

use fastrand::Rng;
use keitod::model::{
    Activity, ActivityKey, Facts, Instant, LineKey, MessageKey, Quality, RequestKey, Sighting, Terms, Tokens,
    Who, hash64,
};

pub const AGENT: &str = "claude-code";
/// Two evenings around a midnight in UTC and in New York, where the clocks go forward on the second day.
pub const START: i64 = 1_772_910_000;

pub const DIRS: [&str; 4] = ["/w/a", "/w/b", "/tmp/x", "/w/private"];
pub const MODELS: [&str; 3] = ["opus", "haiku", "mystery"];

/// A request as it is in truth.
#[derive(Debug, Clone)]
pub struct Request {
    pub message: String,
    pub id: Option<String>,
    pub model: &'static str,
    pub at: Instant,
    pub input: Tokens,
    pub dir: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub enum Does {
    Prompt,
    Tool,
    /// A line of this request with so much output.
    Answer(usize, u64),
}

#[derive(Debug, Clone)]
pub struct Line {
    pub uid: u64,
    pub at: Instant,
    pub dir: &'static str,
    pub does: Does,
}

#[derive(Debug, Clone)]
pub struct File {
    pub path: String,
    pub session: String,
    /// The log names this session as the origin of copied requests: lines before the index.
    pub origin: Option<(String, usize)>,
    pub lines: Vec<Line>,
    pub fed: usize,
    /// The first read takes at least so many lines.
    pub least: usize,
    pub deleted: bool,
    pub forkable: bool,
}

impl File {
    pub fn available(&self, now: Instant) -> usize {
        if self.deleted { self.fed } else { self.lines.partition_point(|line| line.at <= now) }
    }
}

#[derive(Debug, Clone)]
pub struct World {
    pub files: Vec<File>,
    pub requests: Vec<Request>,
    /// Parallel sessions share their time.
    pub shared: bool,
    next: u64,
}

impl World {
    pub fn new(rng: &mut Rng, long: bool) -> Self {
        let mut world = Self { files: Vec::new(), requests: Vec::new(), shared: false, next: 0 };
        let (sessions, most) = if long { (4, 36) } else { (3, 20) };
        for index in 0..rng.usize(1..=sessions) {
            let session = format!("s{index}");
            let start = START + rng.i64(0..4 * 3600);
            let (start, count) = (start * 1000 + rng.i64(0..1000), rng.usize(6..most));
            let sub = rng.u32(0..4) == 0;
            // Where two files make one timeline, a private event or a prompt read late would take back counted time.
            let lines = world.script(rng, start, count, if sub { 3 } else { 4 });
            if sub {
                let start = lines[rng.usize(0..lines.len())].at.millis() + 77;
                let helper = world.script(rng, start, 8, 2);
                world.files.push(file(format!("/logs/{session}/sub.jsonl"), session.clone(), helper, false));
            }
            world.files.push(file(format!("/logs/{session}.jsonl"), session, lines, !sub));
        }
        world
    }

    /// Each line only where it was written first.
    pub fn without_copies(&self) -> Self {
        let mut originals = self.clone();
        let mut seen = BTreeSet::new();
        for file in &mut originals.files {
            file.lines.retain(|line| seen.insert(line.uid));
        }
        originals
    }

    /// A day of sessions, several at a time, that stop and go on; the last line is written before the day is over.
    pub fn day(rng: &mut Rng, sessions: usize) -> Self {
        let mut world = Self { files: Vec::new(), requests: Vec::new(), shared: false, next: 0 };
        let over = Instant::from_seconds(START + 24 * 3600);
        for index in 0..sessions {
            let start = (START + rng.i64(0..20 * 3600)) * 1000 + rng.i64(0..1000);
            let count = rng.usize(30..120);
            let mut lines = world.script(rng, start, count, 4);
            lines.retain(|line| line.at < over);
            let session = format!("d{index}");
            world.files.push(file(format!("/logs/{session}.jsonl"), session, lines, false));
        }
        world
    }

    /// A month: some days are full of small sessions, others have one or none.
    pub fn month(rng: &mut Rng) -> Self {
        let mut world = Self { files: Vec::new(), requests: Vec::new(), shared: false, next: 0 };
        for day in 0..30 {
            let sessions = if rng.u32(0..5) == 0 { rng.usize(8..24) } else { rng.usize(0..=1) };
            for index in 0..sessions {
                let session = format!("d{day}-{index}");
                let start = (START + day * 86_400 + rng.i64(0..12 * 3600)) * 1000;
                let count = rng.usize(2..6);
                let lines = world.script(rng, start, count, 2);
                world.files.push(file(format!("/logs/{session}.jsonl"), session, lines, false));
            }
        }
        world
    }

    pub fn end(&self) -> Instant {
        self.files.iter().filter_map(|file| file.lines.last()).map(|line| line.at).max().unwrap_or_default()
    }

    fn uid(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Lines of one log from `start` (ms) on. A subagent's has no prompts and stays where links are.
    fn script(&mut self, rng: &mut Rng, start: i64, count: usize, dirs: usize) -> Vec<Line> {
        let main = dirs > 2;
        let mut at = start;
        let mut dir = DIRS[rng.usize(0..2)];
        let mut model = MODELS[rng.usize(0..2)];
        let mut lines: Vec<Line> = Vec::new();
        let mut open: Vec<(usize, u64)> = Vec::new();
        while lines.len() < count {
            let prompt = main && (lines.is_empty() || dirs == 4 && rng.u32(0..8) == 0);
            at += match rng.u32(0..20) {
                0 => rng.i64(300_000..2_000_000),
                1 => rng.i64(3_000_000..9_000_000),
                2..=6 => rng.i64(60_000..300_000),
                _ => rng.i64(200..40_000),
            };
            if rng.u32(0..6) == 0 {
                dir = DIRS[rng.usize(0..dirs)];
            }
            if rng.u32(0..8) == 0 {
                model = MODELS[rng.usize(0..3)];
            }
            let mut push = |world: &mut Self, at: i64, does| {
                let uid = world.uid();
                lines.push(Line { uid, at: Instant::from_millis(at), dir, does });
            };
            if prompt {
                push(self, at, Does::Prompt);
            } else if rng.u32(0..3) == 0 {
                push(self, at, Does::Tool);
            } else if main && !open.is_empty() && rng.u32(0..8) == 0 {
                // A late line completes an earlier message.
                let (request, output) = open[rng.usize(0..open.len())];
                push(self, at, Does::Answer(request, output + rng.u64(50..900)));
            } else {
                let request = self.request(rng, at, model, dir);
                let mut output = 0;
                for _ in 0..rng.usize(1..4) {
                    output += rng.u64(1..2000);
                    push(self, at, Does::Answer(request, output));
                    at += rng.i64(1..3000);
                }
                open.push((request, output));
            }
        }
        lines
    }

    fn request(&mut self, rng: &mut Rng, at: i64, model: &'static str, dir: &'static str) -> usize {
        let uid = self.uid();
        let id = (rng.u32(0..6) > 0).then(|| format!("req_{uid}"));
        let input = Tokens {
            input: rng.u64(100..3000),
            cache_read: rng.u64(0..2) * rng.u64(1..90_000),
            cache_write_5m: rng.u64(0..2) * rng.u64(1..9000),
            cache_write_1h: rng.u64(0..2) * rng.u64(1..9000),
            ..Tokens::default()
        };
        let at = Instant::from_millis(at);
        self.requests.push(Request { message: format!("msg_{uid}"), id, model, at, input, dir });
        self.requests.len() - 1
    }

    /// The same file under another path, session and all.
    pub fn duplicate(&mut self, index: usize, now: Instant) {
        let mut copy = self.files[index].clone();
        copy.lines.truncate(copy.available(now));
        copy.path = format!("/logs/dup{}.jsonl", self.uid());
        (copy.fed, copy.deleted) = (0, false);
        self.files.push(copy);
    }

    /// Resume or fork: another session whose log begins with the lines of this one. Both go on with a person's prompt.
    pub fn fork(&mut self, rng: &mut Rng, index: usize, now: Instant) {
        let source = self.files[index].clone();
        let count = source.available(now);
        if count == 0 || !source.forkable {
            return;
        }
        let (a, b) = (self.uid(), self.uid());
        let mut lines = source.lines[..count].to_vec();
        let dir = source.lines[count - 1].dir;
        lines.push(Line { uid: a, at: now, dir, does: Does::Prompt });
        let more = rng.usize(1..12);
        lines.extend(self.script(rng, now.millis() + 1000, more, 4));
        let mut fork = file(format!("/logs/f{a}.jsonl"), format!("f{a}"), lines, true);
        fork.least = count + 2;
        fork.origin = (rng.u32(0..3) == 0).then(|| (source.session.clone(), count));
        self.files.push(fork);
        if count < source.lines.len() {
            self.files[index].lines.insert(count, Line { uid: b, at: now, dir, does: Does::Prompt });
        }
    }

    /// What the decoder finds in lines `from..to` of a file.
    pub fn facts(&self, index: usize, from: usize, to: usize) -> Facts {
        let file = &self.files[index];
        let mut facts = Facts::default();
        let session = facts.names.intern(&file.session);
        for (position, line) in file.lines.iter().enumerate().take(to).skip(from) {
            facts.lines += 1;
            let dir = Some(facts.names.intern(line.dir));
            let offset = position as u64 * 100;
            let who = match line.does {
                Does::Prompt => Who::Prompt,
                Does::Tool => Who::Tool,
                Does::Answer(..) => Who::Agent,
            };
            let key = ActivityKey(hash64(&[b"line", &line.uid.to_le_bytes()]));
            facts.activities.push(Activity {
                origin: None,
                session,
                key,
                at: line.at,
                who,
                dir,
                branch: None,
                proven_ms: 0,
                offset,
            });
            let Does::Answer(request, output) = line.does else { continue };
            let request = &self.requests[request];
            let origin = file.origin.as_ref().filter(|(_, until)| position < *until);
            let key = match &request.id {
                Some(id) => RequestKey::with_request_id(AGENT, &request.message, id),
                None => RequestKey::with_instant(AGENT, &request.message, line.at),
            };
            let model = facts.names.intern(request.model);
            let origin = origin.map(|(origin, _)| facts.names.intern(origin));
            facts.sightings.push(Sighting {
                session,
                origin,
                message: MessageKey::new(AGENT, &request.message),
                key,
                has_request_id: request.id.is_some(),
                line: Some(LineKey(line.uid)),
                at: line.at,
                model,
                provider: None,
                reported: None,
                dir,
                branch: None,
                tokens: Tokens { output, ..request.input },
                terms: Terms::default(),
                quality: Quality::Exact,
                nested: false,
                offset,
            });
        }
        facts
    }
}

fn file(path: String, session: String, lines: Vec<Line>, forkable: bool) -> File {
    File { path, session, origin: None, lines, fed: 0, least: 1, deleted: false, forkable }
}

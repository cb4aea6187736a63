//! The text of a timeline.

use keitod::model::Instant;

use super::{Numbers, Table};

/// What happens at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    Prompt,
    Agent,
    Sub,
    Queued,
    Script,
    /// A result whose log proves so many seconds.
    Tool(u32),
    /// The end of a turn of so many seconds.
    Turn(u32),
}

#[derive(Debug, Clone)]
pub struct Event {
    pub session: String,
    pub dir: String,
    pub at: Instant,
    pub does: Does,
}

#[derive(Debug, Clone)]
pub struct Timeline {
    pub name: String,
    pub binary: bool,
    pub zone: String,
    pub min: u64,
    pub max: Option<u64>,
    pub idle: u64,
    pub tool: u64,
    pub now: Instant,
    pub events: Vec<Event>,
    pub days: Table,
    pub sessions: Table,
    pub projects: Table,
    /// Most sessions at once, by day.
    pub at_once: Vec<(String, u64)>,
}

/// All of the file.
pub fn timelines() -> Vec<Timeline> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/timelines.txt");
    let text = std::fs::read_to_string(path).unwrap();
    text.split("\n== ").skip(1).map(timeline).collect()
}

fn timeline(text: &str) -> Timeline {
    let mut lines = text.lines();
    let name = lines.next().unwrap();
    let mut found = Timeline {
        binary: name.ends_with("+binary"),
        name: name.trim_end_matches("+binary").trim().to_owned(),
        zone: "UTC".to_owned(),
        min: 0,
        max: None,
        idle: 300,
        tool: 3600,
        now: Instant::parse("2030-01-01T00:00:00Z").unwrap(),
        events: Vec::new(),
        days: Table::new(),
        sessions: Table::new(),
        projects: Table::new(),
        at_once: Vec::new(),
    };
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let text = |at: usize| words[at].to_owned();
        match words[0] {
            "zone" => found.zone = text(1),
            "min" => found.min = words[1].parse().unwrap(),
            "max" => found.max = Some(words[1].parse().unwrap()),
            "idle" => found.idle = words[1].parse().unwrap(),
            "tool" => found.tool = words[1].parse().unwrap(),
            "now" => found.now = Clock::default().read(words[1]),
            "=" => drop(found.days.insert(vec![text(1)], Numbers::parse(&words[2..]))),
            "=s" => drop(found.sessions.insert(vec![text(1), text(2)], Numbers::parse(&words[3..]))),
            "=p" => drop(found.projects.insert(vec![text(1), text(2)], Numbers::parse(&words[3..]))),
            "=c" => found.at_once.push((text(1), words[2].parse().unwrap())),
            who => {
                let (session, dir) = who.split_once('@').unwrap_or((who, "/w/acme"));
                events(&mut found.events, session, dir, line[who.len()..].trim());
            }
        }
    }
    found
}

fn events(events: &mut Vec<Event>, session: &str, dir: &str, text: &str) {
    let mut clock = Clock::default();
    for part in text.split('|') {
        let (word, time) = part.trim().split_once(' ').unwrap();
        let at = clock.read(time.trim());
        let (word, times) = word.split_once('*').unwrap_or((word, "1/0"));
        let (count, step) = times.split_once('/').unwrap();
        let count: i64 = count.parse().unwrap();
        let step: i64 = match step.strip_suffix("ms") {
            Some(millis) => millis.parse().unwrap(),
            None => step.parse::<i64>().unwrap() * 1000,
        };
        for index in 0..count {
            let (session, dir) = (session.to_owned(), dir.to_owned());
            events.push(Event { session, dir, at: at.moved(index * step), does: does(word) });
        }
    }
}

fn does(word: &str) -> Does {
    match word.split_once(['+', '/']).unwrap_or((word, "0")) {
        ("prompt", _) => Does::Prompt,
        ("agent", _) => Does::Agent,
        ("sub", _) => Does::Sub,
        ("queued", _) => Does::Queued,
        ("script", _) => Does::Script,
        ("tool", seconds) => Does::Tool(seconds.parse().unwrap()),
        ("turn", seconds) => Does::Turn(seconds.parse().unwrap()),
        _ => panic!("{word}?"),
    }
}

/// What is left out of a time is as before.
struct Clock {
    date: String,
    offset: String,
}

impl Default for Clock {
    fn default() -> Self {
        Self { date: String::new(), offset: "+00:00".to_owned() }
    }
}

impl Clock {
    fn read(&mut self, text: &str) -> Instant {
        let (date, time) = text.split_once('T').unwrap_or((&self.date, text));
        let (clock, offset) = match time.find(['+', '-']) {
            Some(at) => time.split_at(at),
            None => (time, self.offset.as_str()),
        };
        let seconds = if clock.matches(':').count() == 1 { ":00" } else { "" };
        let whole = format!("{date}T{clock}{seconds}{offset}");
        (self.date, self.offset) = (date.to_owned(), offset.to_owned());
        Instant::parse(&whole).unwrap_or_else(|| panic!("{whole}?"))
    }
}

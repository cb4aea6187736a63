//! Refusals of one kind in a row: are they about one record, one project, or everything?

use std::time::Duration;

use crate::model::{Instant, Kind, WriteRef};

/// So many different writes refused alike, with no success between, are not about the writes.
const ALIKE: usize = 5;
/// A parked project is tried again after this.
pub const PARKED: Duration = Duration::from_secs(3600);

/// What makes refusals alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Like {
    /// Entry or expense.
    pub kind: Kind,
    /// A PATCH.
    pub patch: bool,
    /// HTTP status.
    pub status: u16,
    /// The server's short code, if it gave one.
    pub code: Option<String>,
}

/// How far a refusal reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// The write itself.
    Write,
    /// All writes of its kind in its project; these were refused alike before.
    Project(Vec<WriteRef>),
    /// Everything; these were refused alike before.
    All(Vec<WriteRef>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Streak {
    like: Like,
    /// Different writes; more than [`ALIKE`] need not be known.
    writes: Vec<WriteRef>,
    /// Different projects; two are enough.
    projects: Vec<String>,
}

/// Writes of a kind that wait because their project refuses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Park {
    /// Entry or expense.
    pub kind: Kind,
    /// The project.
    pub project: String,
    /// Only this task of it.
    pub task: Option<String>,
    /// One of them is tried then.
    pub until: Instant,
}

impl Park {
    /// Whether a write of this kind, project and task waits with it.
    #[must_use]
    pub fn holds(&self, kind: Kind, project: &str, task: &str) -> bool {
        self.kind == kind && self.project == project && self.task.as_deref().is_none_or(|of| of == task)
    }
}

/// Refusals in a row, and what they parked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusals {
    streaks: Vec<Streak>,
    parked: Vec<Park>,
}

impl Refusals {
    /// Counts a definite refusal.
    pub fn refused(&mut self, like: &Like, write: WriteRef, project: &str) -> Reach {
        self.streaks.retain(|streak| !streak.same_line(like) || streak.like == *like);
        let index = self.streaks.iter().position(|streak| streak.like == *like).unwrap_or_else(|| {
            self.streaks.push(Streak { like: like.clone(), writes: Vec::new(), projects: Vec::new() });
            self.streaks.len() - 1
        });
        let streak = &mut self.streaks[index];
        let before: Vec<WriteRef> = streak.writes.iter().copied().filter(|of| *of != write).collect();
        if before.len() < ALIKE && !streak.writes.contains(&write) {
            streak.writes.push(write);
        }
        if streak.projects.len() < 2 && !streak.projects.iter().any(|of| of == project) {
            streak.projects.push(project.to_owned());
        }
        match (streak.writes.len() >= ALIKE, streak.projects.len()) {
            (false, _) => Reach::Write,
            (true, 1) => Reach::Project(before),
            (true, _) => Reach::All(before),
        }
    }

    /// A write was applied: what was refused is about single writes again, and the project takes more.
    pub fn delivered(&mut self, kind: Kind, patch: bool, project: &str, task: &str) -> Option<Park> {
        self.streaks.retain(|streak| streak.like.kind != kind || streak.like.patch != patch);
        let at = self.parked.iter().position(|park| park.holds(kind, project, task))?;
        Some(self.parked.remove(at))
    }

    /// Parks a project, or a task of it.
    pub fn park(&mut self, park: Park) {
        self.parked.retain(|of| (of.kind, &of.project, &of.task) != (park.kind, &park.project, &park.task));
        self.parked.push(park);
    }

    /// What holds a write, if anything.
    #[must_use]
    pub fn parked(&self, kind: Kind, project: &str, task: &str) -> Option<&Park> {
        self.parked.iter().filter(|park| park.holds(kind, project, task)).max_by_key(|park| park.until)
    }

    /// Config or credentials changed: every parked project is tried at once.
    pub fn try_now(&mut self, now: Instant) {
        self.parked.iter_mut().for_each(|park| park.until = park.until.min(now));
    }

    /// When parked projects are tried again.
    pub(super) fn untils(&mut self) -> impl Iterator<Item = &mut Instant> {
        self.parked.iter_mut().map(|park| &mut park.until)
    }

    pub(super) fn to_text(&self) -> String {
        let streaks = self.streaks.iter().map(|streak| {
            let like = &streak.like;
            let writes: Vec<String> = streak.writes.iter().map(|write| write.0.to_string()).collect();
            let projects: Vec<String> = streak.projects.iter().map(|project| escaped(project)).collect();
            let code =
                like.code.as_deref().map_or_else(|| "-".to_owned(), |code| format!("={}", escaped(code)));
            let (kind, patch) = (word(like.kind), u8::from(like.patch));
            format!("s {kind} {patch} {} {code} {} {}", like.status, writes.join(","), projects.join(","))
        });
        let parked = self.parked.iter().map(|park| {
            let task =
                park.task.as_deref().map_or_else(|| "-".to_owned(), |task| format!("={}", escaped(task)));
            format!("p {} ={} {task} {}", word(park.kind), escaped(&park.project), park.until.millis())
        });
        streaks.chain(parked).collect::<Vec<_>>().join("|")
    }

    pub(super) fn from_text(text: &str, latest: Instant) -> Self {
        let mut all = Self::default();
        for item in text.split('|') {
            let words: Vec<&str> = item.split(' ').collect();
            match *words.as_slice() {
                ["s", kind, patch, status, code, writes, projects] => {
                    let (Some(kind), Ok(status)) = (kind_of(kind), status.parse()) else { continue };
                    let like = Like { kind, patch: patch == "1", status, code: optional(code) };
                    let writes = writes.split(',').filter_map(|id| id.parse().ok()).map(WriteRef).collect();
                    let projects = projects.split(',').map(plain).collect();
                    all.streaks.push(Streak { like, writes, projects });
                }
                ["p", kind, project, task, until] => {
                    let (Some(kind), Some(project)) = (kind_of(kind), optional(project)) else { continue };
                    let Ok(until) = until.parse() else { continue };
                    let until = Instant::from_millis(until).min(latest);
                    all.parked.push(Park { kind, project, task: optional(task), until });
                }
                _ => {}
            }
        }
        all
    }
}

impl Streak {
    /// A success or another refusal of the same kind of write ends it.
    fn same_line(&self, like: &Like) -> bool {
        (self.like.kind, self.like.patch) == (like.kind, like.patch)
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Entry => "entry",
        Kind::Expense => "expense",
    }
}

fn kind_of(word: &str) -> Option<Kind> {
    match word {
        "entry" => Some(Kind::Entry),
        "expense" => Some(Kind::Expense),
        _ => None,
    }
}

/// `=` and the escaped text, or `-` for none.
fn optional(text: &str) -> Option<String> {
    text.strip_prefix('=').map(plain)
}

/// Ids are opaque: whatever they hold, nothing of it separates.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(status: u16) -> Like {
        Like { kind: Kind::Expense, patch: false, status, code: Some("bad request".into()) }
    }

    fn all(refusals: &mut Refusals, projects: &[&str]) -> Vec<Reach> {
        let refused = |(id, project): (i64, &&str)| refusals.refused(&like(400), WriteRef(id), project);
        (1..).zip(projects).map(refused).collect()
    }

    #[test]
    fn five_alike_reach_their_project_or_everything() {
        let before: Vec<WriteRef> = (1..5).map(WriteRef).collect();
        let one = all(&mut Refusals::default(), &["A"; 5]);
        assert_eq!((&one[3], &one[4]), (&Reach::Write, &Reach::Project(before.clone())));
        let two = all(&mut Refusals::default(), &["A", "A", "B", "A", "A"]);
        assert_eq!((&two[3], &two[4]), (&Reach::Write, &Reach::All(before)));
    }

    #[test]
    fn one_write_again_and_again_a_success_or_another_refusal_reach_no_further() {
        let mut refusals = Refusals::default();
        for _ in 0..9 {
            assert_eq!(refusals.refused(&like(400), WriteRef(1), "A"), Reach::Write);
        }
        all(&mut refusals, &["A"; 4]);
        refusals.delivered(Kind::Expense, false, "B", "");
        assert_eq!(refusals.refused(&like(400), WriteRef(9), "A"), Reach::Write);
        all(&mut refusals, &["A"; 3]);
        assert_eq!(refusals.refused(&like(422), WriteRef(8), "A"), Reach::Write);
        assert_eq!(refusals.refused(&like(400), WriteRef(10), "A"), Reach::Write);
        let other = Like { kind: Kind::Entry, ..like(400) };
        assert_eq!(refusals.refused(&other, WriteRef(11), "A"), Reach::Write);
    }

    #[test]
    fn a_parked_task_holds_only_its_own() {
        let mut refusals = Refusals::default();
        let until = Instant::from_seconds(50);
        refusals.park(Park { kind: Kind::Entry, project: "A".into(), task: Some("t".into()), until });
        refusals.park(Park { kind: Kind::Expense, project: "B".into(), task: None, until });
        let held = |kind, project, task| refusals.parked(kind, project, task).is_some();
        assert!(held(Kind::Entry, "A", "t") && held(Kind::Expense, "B", "x"));
        assert!(
            !held(Kind::Entry, "A", "u") && !held(Kind::Expense, "A", "t") && !held(Kind::Entry, "B", "x")
        );
        assert!(refusals.delivered(Kind::Entry, false, "A", "t").is_some());
        assert!(refusals.parked(Kind::Entry, "A", "t").is_none());
    }

    #[test]
    fn the_state_survives_as_text_whatever_ids_hold() {
        let mut refusals = Refusals::default();
        all(&mut refusals, &["a b|;,=%-\u{e9}", "B"]);
        refusals.refused(&Like { code: None, patch: true, ..like(403) }, WriteRef(7), "");
        let until = Instant::from_seconds(50);
        for task in [None, Some(String::new()), Some("x;|".to_owned())] {
            refusals.park(Park { kind: Kind::Entry, project: "-".into(), task, until });
        }
        let text = refusals.to_text();
        assert!(!text.contains(';'), "{text}");
        assert_eq!(Refusals::from_text(&text, until), refusals);
        assert_eq!(Refusals::from_text("", until), Refusals::default());
    }
}

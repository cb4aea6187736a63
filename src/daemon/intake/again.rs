//! Files that were read before, read once more: where each fact stands. The database keeps no place of a fact, for there
//! are millions of them; a log that is still there tells it again.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::beside::Beside;
use super::slice::fresh;
use super::{Reading, Watched};
use crate::model::{Facts, RequestKey, Tokens};
use crate::sources::{Context, Lines, Shape};
use crate::tail::{Cursor, Document, Limits, Reader, Root, Select, Step, read_database, read_document};

/// Together no more bytes are read than this: an answer should not take minutes.
const MOST: u64 = 1 << 30;
/// Looks at one database.
const LOOKS: usize = 1000;

/// What is sought: requests by a key, with the counts that were billed of them, and activities by theirs.
#[derive(Debug, Default)]
pub struct Sought {
    /// Keys of requests, each with all counts that are known of it.
    pub requests: HashMap<RequestKey, Tokens>,
    /// Keys of activities.
    pub activities: std::collections::HashSet<u64>,
}

/// Where a fact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the file in [`Found::files`].
    pub file: usize,
    /// The line, from 1; `None` in documents and databases.
    pub line: Option<u64>,
    /// What a database's row is ordered by.
    pub row: Option<i64>,
}

/// What came of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was read.
    Read,
    /// It is gone.
    Gone,
    /// It was not read, for this reason.
    Skipped(String),
}

/// Where the facts stand that were found.
#[derive(Debug, Default)]
pub struct Found {
    /// The files that were looked at.
    pub files: Vec<(PathBuf, State)>,
    /// Requests: of several lines that with the counts that count, else the one that tells most.
    pub requests: HashMap<RequestKey, Place>,
    /// Activities.
    pub activities: HashMap<u64, Place>,
    /// How good each request's place is.
    ranks: HashMap<RequestKey, (bool, u64)>,
    bytes: u64,
}

impl Found {
    /// Whether nothing is sought any more.
    #[must_use]
    pub fn has_all(&self, sought: &Sought) -> bool {
        self.requests.len() >= sought.requests.len() && self.activities.len() >= sought.activities.len()
    }

    fn keep(&mut self, facts: &Facts, sought: &Sought, place: &dyn Fn(u64) -> Place) {
        for sighting in &facts.sightings {
            let Some(counts) = sought.requests.get(&sighting.key) else { continue };
            let rank = (sighting.tokens == *counts, sighting.tokens.total());
            if self.ranks.get(&sighting.key).is_none_or(|known| rank > *known) {
                self.ranks.insert(sighting.key, rank);
                self.requests.insert(sighting.key, place(sighting.offset));
            }
        }
        for activity in facts.activities.iter().filter(|of| sought.activities.contains(&of.key.0)) {
            self.activities.entry(activity.key.0).or_insert_with(|| place(activity.offset));
        }
    }

    /// Reads a file for what is sought in it.
    pub fn read(&mut self, watched: &[Watched], path: &Path, reading: Reading, sought: &Sought) {
        if self.files.iter().any(|(known, _)| known == path) {
            return;
        }
        let size = match std::fs::symlink_metadata(path) {
            Ok(of) => of.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.files.push((path.to_owned(), State::Gone));
                return;
            }
            Err(error) => {
                self.files.push((path.to_owned(), State::Skipped(error.kind().to_string())));
                return;
            }
        };
        let file = self.files.len();
        if self.bytes.saturating_add(size) > MOST {
            let why = "not read again: together these logs are too large to look through".to_owned();
            self.files.push((path.to_owned(), State::Skipped(why)));
            return;
        }
        self.bytes += size;
        self.files.push((path.to_owned(), State::Read));
        let Some(of) = One::of(watched, path) else {
            self.files[file].1 = State::Skipped("its agent is not watched any more".to_owned());
            return;
        };
        let done = match of.watched.source.shape(&of.relative) {
            Shape::Lines => self.lines(&of, file, reading, sought),
            Shape::Document => self.document(&of, file, reading, sought),
            Shape::Database => self.database(&of, file, path, sought),
        };
        if let Err(why) = done {
            self.files[file].1 = State::Skipped(why);
        }
    }

    fn lines(&mut self, of: &One<'_>, file: usize, reading: Reading, sought: &Sought) -> Result<(), String> {
        let opened = Root::open(&of.root).and_then(|root| root.open_file(&of.relative));
        let opened = opened.map_err(|skip| skip.to_string())?;
        let mut reader = Reader::new(Limits { max_line: reading.max_line, budget: u64::MAX });
        let failed = |error: std::io::Error| error.kind().to_string();
        reader.begin(opened, &Cursor::new(self.files[file].0.clone())).map_err(failed)?;
        let mut context = of.context();
        Beside::of(&*of.watched.source, &of.root, &of.relative).inform(&mut context);
        let mut starts: Vec<u64> = Vec::new();
        loop {
            let mut facts = Facts::default();
            match reader.step().map_err(failed)? {
                Step::Lines(chunk) => {
                    starts.extend(Lines::new(chunk.bytes, chunk.offset).map(|line| line.offset));
                    of.watched.source.decode(&mut context, Lines::new(chunk.bytes, chunk.offset), &mut facts);
                }
                Step::TooLong(line) => starts.push(line.offset),
                Step::Budget => {}
                Step::End => return Ok(()),
            }
            let line = |offset: u64| starts.partition_point(|start| *start <= offset) as u64;
            self.keep(&facts, sought, &|offset| Place { file, line: Some(line(offset)), row: None });
        }
    }

    fn document(
        &mut self,
        of: &One<'_>,
        file: usize,
        reading: Reading,
        sought: &Sought,
    ) -> Result<(), String> {
        let opened = Root::open(&of.root).and_then(|root| root.open_file(&of.relative));
        let opened = opened.map_err(|skip| skip.to_string())?;
        let before = Cursor::new(self.files[file].0.clone());
        let document = read_document(&opened, &before, reading.max_line);
        let Document::Whole(bytes, _) = document.map_err(|error| error.kind().to_string())? else {
            return Err("not a whole document".to_owned());
        };
        let (mut context, mut facts) = (of.context(), Facts::default());
        Beside::of(&*of.watched.source, &of.root, &of.relative).inform(&mut context);
        let decoded = of.watched.source.decode_document(&mut context, &bytes, &mut facts);
        decoded.map_err(|error| error.to_string())?;
        self.keep(&facts, sought, &|_| Place { file, line: None, row: None });
        Ok(())
    }

    fn database(&mut self, of: &One<'_>, file: usize, path: &Path, sought: &Sought) -> Result<(), String> {
        let source = &*of.watched.source;
        let mut context = of.context();
        source.placed(&mut context, &of.root);
        let mut selects: Vec<Select<'_>> = source
            .queries()
            .iter()
            .map(|query| Select { needs: query.needs, text: query.text, after: i64::MIN, overlap: 0 })
            .collect();
        for _ in 0..LOOKS {
            // A row may complete what an earlier one began: facts are kept by the row that told them.
            let mut told: BTreeMap<i64, Facts> = BTreeMap::new();
            let mut row = |query, cells: &[crate::model::Cell]| {
                let at = match cells.first() {
                    Some(crate::model::Cell::Integer(at)) => *at,
                    _ => 0,
                };
                source.decode_row(&mut context, query, cells, told.entry(at).or_default());
            };
            let more = read_database(path, &mut selects, &mut row).map_err(|error| error.to_string())?;
            for (at, facts) in &told {
                self.keep(facts, sought, &|_| Place { file, line: None, row: Some(*at) });
            }
            if !more || self.has_all(sought) {
                break;
            }
        }
        Ok(())
    }
}

/// A file below a root of its agent.
struct One<'a> {
    watched: &'a Watched,
    root: PathBuf,
    relative: PathBuf,
}

impl<'a> One<'a> {
    fn of(watched: &'a [Watched], path: &Path) -> Option<Self> {
        watched.iter().find_map(|watched| {
            watched.roots.iter().find_map(|root| {
                let opened = Root::open(root).ok()?;
                let relative = path.strip_prefix(opened.path()).ok()?.to_path_buf();
                watched.source.claim_below(root, &relative)?;
                Some(Self { watched, root: root.clone(), relative })
            })
        })
    }

    fn context(&self) -> Context {
        fresh(&self.watched.source.claim_below(&self.root, &self.relative).unwrap_or_default())
    }
}

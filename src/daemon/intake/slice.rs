//! A piece of one file: from where, how much, and what it held.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::beside::Beside;
use super::known::Progress;
use super::{Batch, Intake, Job, Watched};
use crate::model::{Agent, Facts, Reject, RejectReason};
use crate::sources::{Claim, Context, Lines, Shape};
use crate::tail::{Cursor, Reader, Root, Skip, Stat, Step, Verdict, judge, observe};

pub(super) fn fresh(claim: &Claim) -> Context {
    Context { claim: claim.clone(), state: Vec::new() }
}

/// A file at the place from which it is to be read. What comes now asks nothing of the reading side.
pub(super) struct Opened {
    watched: Watched,
    claim: Claim,
    root: Arc<Path>,
    relative: PathBuf,
    file: File,
    held: Option<File>,
    start: Progress,
    /// How far the file was known to be read.
    known: Option<Cursor>,
}

/// What came of it.
pub(super) struct Taken {
    result: io::Result<Piece>,
    held: Option<File>,
    known: Option<Cursor>,
}

/// What a piece of a file held.
struct Piece {
    author: Option<Agent>,
    progress: Progress,
    facts: Facts,
    /// There is more behind it.
    more: bool,
}

impl Opened {
    /// Reads up to the budget, or less if `gives_way` says so, but for the first lines.
    pub(super) fn take(self, reader: &mut Reader, gives_way: &dyn Fn() -> bool) -> Taken {
        let Self { watched, claim, root, relative, file, held, start, known } = self;
        let beside = Beside::of(&*watched.source, &root, &relative);
        let from = (file, start);
        Taken { result: take(reader, (&watched, &claim), Some(&beside), from, gives_way), held, known }
    }
}

fn take(
    reader: &mut Reader,
    (watched, claim): (&Watched, &Claim),
    beside: Option<&Beside<'_>>,
    (file, start): (File, Progress),
    gives_way: &dyn Fn() -> bool,
) -> io::Result<Piece> {
    let Progress { agent, cursor, mut context } = start;
    if let Verdict::Restart(_) = reader.begin(file, &cursor)? {
        context = fresh(claim);
    }
    if let Some(beside) = beside {
        beside.inform(&mut context);
    }
    let mut facts = Facts::default();
    let more = loop {
        match reader.step()? {
            Step::Lines(chunk) => {
                watched.source.decode(&mut context, Lines::new(chunk.bytes, chunk.offset), &mut facts);
            }
            Step::TooLong(line) => facts.rejects.push(Reject {
                offset: line.offset,
                length: line.length,
                reason: RejectReason::TooLong,
            }),
            Step::Budget => break true,
            Step::End => break false,
        }
        if gives_way() {
            break true;
        }
    };
    let author = watched.source.author(&context);
    Ok(Piece { author, progress: Progress { agent, cursor: reader.cursor().clone(), context }, facts, more })
}

impl Intake {
    /// Reads up to the budget of one file. Returns whether more is there.
    pub(super) fn slice(&mut self, job: &Job, batch: &mut Batch) -> bool {
        match self.watched[job.watched].source.shape(job.found.relative()) {
            Shape::Lines => {}
            Shape::Document => {
                if let Err(error) = self.document(job, batch) {
                    self.problem(job.watched, &job.found.path, &error.kind().to_string());
                }
                return false;
            }
            Shape::Database => return self.database(job, batch),
        }
        let Some(opened) = self.open(job, batch) else { return false };
        // What was read stays read, and a file that changes waits for no more than one buffer of another.
        let gives_way = || !job.live && self.hot.waits(self.clock.millis());
        let taken = opened.take(&mut self.reader, &gives_way);
        self.taken(job, taken, batch)
    }

    /// The file of a job of lines, if there is one.
    pub(super) fn open(&mut self, job: &Job, batch: &mut Batch) -> Option<Opened> {
        let watched = self.watched[job.watched].clone();
        let path = &job.found.path;
        let claim = watched.source.claim_below(&job.root, job.found.relative()).unwrap_or_default();
        let file = match Root::open(&job.root).and_then(|root| root.open_file(job.found.relative())) {
            Ok(file) => file,
            Err(Skip::Gone) => return None,
            Err(skip) => {
                self.problem(job.watched, path, &skip.to_string());
                return None;
            }
        };
        if let Some(old) = self.handles.other_than(path, &job.found.stat) {
            self.read_out(path, old, batch);
        }
        let start = match self.start(path, &file, &watched, &claim) {
            Ok(start) => start,
            Err(error) => {
                self.problem(job.watched, path, &error.kind().to_string());
                return None;
            }
        };
        let known = self.known.get(path).map(|known| known.cursor.clone());
        let (root, relative) = (Arc::clone(&job.root), job.found.relative().to_path_buf());
        // Without a handle to spare nothing is lost but what a rename would hide.
        let held = file.try_clone().ok();
        Some(Opened { watched, claim, root, relative, file, held, start, known })
    }

    /// Takes over what was read of a job. Returns whether more is there.
    pub(super) fn taken(&mut self, job: &Job, taken: Taken, batch: &mut Batch) -> bool {
        let path = &job.found.path;
        let piece = match taken.result {
            Ok(piece) => piece,
            Err(error) => {
                self.problem(job.watched, path, &error.kind().to_string());
                return false;
            }
        };
        if self.known.get(path).map(|known| &known.cursor) != taken.known.as_ref() {
            // It was read meanwhile, as a live file: from there on it is read again.
            return true;
        }
        if let Some(held) = taken.held {
            self.handles.keep(path, held, job.live, self.clock.millis());
        }
        self.keep(piece, batch)
    }

    fn keep(&mut self, piece: Piece, batch: &mut Batch) -> bool {
        let Piece { author, progress, facts, more } = piece;
        let cursor = &progress.cursor;
        let known = self.known.get(&cursor.path).is_some_and(|known| known.cursor == *cursor);
        if !known || facts.lines > 0 {
            self.note(author, progress, facts, batch);
        }
        more
    }

    /// Reads files to their end that were renamed, replaced or deleted since.
    pub(super) fn read_orphans(&mut self, batch: &mut Batch) {
        for (path, file) in self.handles.orphans(self.clock.millis()) {
            self.read_out(&path, file, batch);
        }
    }

    /// What the old handle of a path still holds.
    fn read_out(&mut self, path: &Path, file: File, batch: &mut Batch) {
        let Some(known) = self.known.get(path).cloned() else { return };
        // A file of a program of the open format is known by that program's name.
        let is_its = |watched: &Watched| {
            watched.agent == known.agent
                || watched.source.author(&known.context).as_ref() == Some(&known.agent)
        };
        let Some(index) = self.watched.iter().position(is_its) else { return };
        let watched = self.watched[index].clone();
        let claim = known.context.claim;
        let mut slice = || {
            let start = self.start(path, &file, &watched, &claim)?;
            let piece =
                take(&mut self.reader, (&watched, &claim), None, (file.try_clone()?, start), &|| false)?;
            Ok::<_, io::Error>(self.keep(piece, batch))
        };
        loop {
            match slice() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return self.problem(index, path, &error.kind().to_string()),
            }
        }
    }

    /// From where to read: where this path was left, or where the same file was left under another name if that is
    /// further and its bytes are still those.
    fn start(&self, path: &Path, file: &File, watched: &Watched, claim: &Claim) -> io::Result<Progress> {
        let agent = &watched.agent;
        let own = self.known.get(path);
        let stat = Stat::from(&rustix::fs::fstat(file)?);
        if let Some(other) = self.known.elsewhere(path, &stat, agent) {
            let mut cursor = other.cursor.renamed(path);
            let holds = |cursor: &Cursor| {
                Ok::<_, io::Error>(!matches!(
                    judge(cursor, Some(&observe(file, cursor)?)),
                    Verdict::Restart(_)
                ))
            };
            let behind = match own {
                None => true,
                Some(own) => own.cursor.offset < cursor.offset || !holds(&own.cursor)?,
            };
            if behind && holds(&cursor)? {
                if let Some(own) = own {
                    cursor.generation = own.cursor.generation.saturating_add(1);
                }
                let context = Context { claim: claim.clone(), state: other.context.state.clone() };
                return Ok(Progress { agent: agent.clone(), cursor, context });
            }
        }
        Ok(own.cloned().unwrap_or_else(|| Progress {
            agent: agent.clone(),
            cursor: Cursor::new(path),
            context: fresh(claim),
        }))
    }
}

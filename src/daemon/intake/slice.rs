//! A piece of one file: from where, how much, and what it held.

use std::fs::File;
use std::io;
use std::path::Path;

use super::beside::Beside;
use super::known::Progress;
use super::{Batch, Intake, Job, Watched};
use crate::model::{Facts, Reject, RejectReason};
use crate::sources::{Claim, Context, Lines, Shape};
use crate::tail::{Cursor, Root, Skip, Stat, Step, Verdict, judge, observe};

pub(super) fn fresh(claim: &Claim) -> Context {
    Context { claim: claim.clone(), state: Vec::new() }
}

impl Intake {
    /// Reads up to the budget of one file. Returns whether more is there.
    pub(super) fn slice(&mut self, job: &Job, batch: &mut Batch) -> bool {
        let watched = self.watched[job.watched].clone();
        let path = &job.found.path;
        match watched.source.shape(&job.relative) {
            Shape::Lines => {}
            Shape::Document => {
                if let Err(error) = self.document(job, batch) {
                    self.problem(job.watched, path, &error.kind().to_string());
                }
                return false;
            }
            Shape::Database => return self.database(job, batch),
        }
        let claim = watched.source.claim_below(&job.root, &job.relative).unwrap_or_default();
        let file = match Root::open(&job.root).and_then(|root| root.open_file(&job.relative)) {
            Ok(file) => file,
            Err(Skip::Gone) => return false,
            Err(skip) => {
                self.problem(job.watched, path, &skip.to_string());
                return false;
            }
        };
        if let Some(old) = self.handles.other_than(path, &job.found.stat) {
            self.read_out(path, old, batch);
        }
        let beside = Beside::of(&*watched.source, job);
        let more = self.start(path, &file, &watched, &claim).and_then(|start| {
            let held = file.try_clone();
            let more = self.read(&watched, &claim, Some(&beside), file, start, batch)?;
            // Without a handle to spare nothing is lost but what a rename would hide.
            if let Ok(held) = held {
                self.handles.keep(path, held, job.live, self.clock.millis());
            }
            Ok(more)
        });
        more.unwrap_or_else(|error| {
            self.problem(job.watched, path, &error.kind().to_string());
            false
        })
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
            self.read(&watched, &claim, None, file.try_clone()?, start, batch)
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

    fn read(
        &mut self,
        watched: &Watched,
        claim: &Claim,
        beside: Option<&Beside<'_>>,
        file: File,
        start: Progress,
        batch: &mut Batch,
    ) -> io::Result<bool> {
        let Progress { agent, cursor, mut context } = start;
        if let Verdict::Restart(_) = self.reader.begin(file, &cursor)? {
            context = fresh(claim);
        }
        if let Some(beside) = beside {
            beside.inform(&mut context);
        }
        let mut facts = Facts::default();
        let more = loop {
            match self.reader.step()? {
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
        };
        let cursor = self.reader.cursor().clone();
        let known = self.known.get(&cursor.path).is_some_and(|known| known.cursor == cursor);
        if known && facts.lines == 0 {
            return Ok(more);
        }
        let author = watched.source.author(&context);
        self.note(author, Progress { agent, cursor, context }, facts, batch);
        Ok(more)
    }
}

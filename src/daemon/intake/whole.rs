//! Documents and databases: given as a whole, or by row.

use std::io;

use super::beside::Beside;
use super::known::Progress;
use super::slice::fresh;
use super::{Batch, Intake, Job, Watched};
use crate::model::{Agent, Facts, hash64};
use crate::sources::{Context, NotWhole, Query};
use crate::tail::{
    Cursor, DatabaseError, Document, Root, Select, Stat, database_cursor, read_database, read_document,
};

/// How far before the last row a look begins while the program writes: the look when it has paused begins earlier, for
/// rows of a clock that was set back, and so many rows are not read again at each of a thousand changes.
const MEANWHILE: i64 = 5000;

/// After so many milliseconds without a change all that was committed shows.
const SETTLED: u64 = 1000;

impl Intake {
    /// Reads a document. One that is not whole is looked at again shortly; until then the last whole one counts.
    pub(super) fn document(&mut self, job: &Job, batch: &mut Batch) -> io::Result<()> {
        let path = &job.found.path;
        let Ok(file) = Root::open(&job.root).and_then(|root| root.open_file(job.found.relative())) else {
            return Ok(());
        };
        let (watched, start) = self.left(job);
        let (bytes, cursor) = match read_document(&file, &start.cursor, self.reading.max_line)? {
            Document::Whole(bytes, cursor) => (bytes, cursor),
            Document::Changing => {
                self.not_whole(job);
                return Ok(());
            }
            Document::TooLong(bytes) => {
                self.problem(job.watched, path, &format!("{bytes} bytes are more than max_line"));
                return Ok(());
            }
        };
        let (mut facts, mut context) = (Facts::default(), start.context);
        Beside::of(&*watched.source, &job.root, job.found.relative()).inform(&mut context);
        // Between its truncation and its writing a document is empty, which some formats take for a whole one.
        let decoded = match bytes.is_empty() {
            true => Err(NotWhole),
            false => watched.source.decode_document(&mut context, &bytes, &mut facts),
        };
        match decoded {
            Ok(()) => {
                self.retries.settled(path);
                let author = watched.source.author(&context);
                self.note(author, Progress { agent: watched.agent, cursor, context }, facts, batch);
            }
            Err(NotWhole) => self.not_whole(job),
        }
        Ok(())
    }

    fn not_whole(&mut self, job: &Job) {
        let path = &job.found.path;
        if !self.retries.failed(path, look(&job.found.stat, 0), self.clock.millis()) {
            self.problem(job.watched, path, "not a whole document; what it held before still counts");
        }
    }

    /// Asks a database for its new rows. Returns whether more is there.
    pub(super) fn database(&mut self, job: &Job, batch: &mut Batch) -> bool {
        let path = &job.found.path;
        let (watched, start) = self.left(job);
        let (mut cursor, changed) = database_cursor(path, &job.found.stat, &start.cursor);
        let seen = look(&job.found.stat, cursor.anchor.hash);
        let now = super::super::time::now().millis();
        let fresh_change = now.abs_diff(changed / 1_000_000) < SETTLED;
        let claim = start.context.claim.clone();
        let known = if cursor.generation == start.cursor.generation { start.context } else { fresh(&claim) };
        let queries = watched.source.queries();
        let overlap = |query: &Query| match (self.continued.contains(path), fresh_change) {
            // The look before ended in the middle: what it gave is not wanted again.
            (true, _) => 0,
            (false, true) => query.overlap.min(MEANWHILE),
            (false, false) => query.overlap,
        };
        let (after, state) = split(&known.state, queries.len());
        let mut context = Context { claim, state };
        watched.source.placed(&mut context, &job.root);
        let mut selects: Vec<Select<'_>> = queries
            .iter()
            .zip(after)
            .map(|(query, after)| Select {
                needs: query.needs,
                text: query.text,
                after,
                overlap: overlap(query),
            })
            .collect();
        let mut facts = Facts::default();
        let mut row = |query, row: &[_]| {
            facts.lines += 1;
            watched.source.decode_row(&mut context, query, row, &mut facts);
        };
        match read_database(path, &mut selects, &mut row) {
            Ok(more) => {
                self.findings.known(job.watched, path);
                match more {
                    true => self.continued.insert(path.clone()),
                    false => self.continued.remove(path),
                };
                if more || fresh_change {
                    // What is not read to its end is never taken for unchanged.
                    (cursor.size, cursor.mtime_ns) = (0, 0);
                }
                context.state = joined(selects.iter().map(|select| select.after), &context.state);
                match fresh_change {
                    true => self.retries.later(path, seen, self.clock.millis()),
                    false => self.retries.settled(path),
                }
                let author = watched.source.author(&context);
                self.note(author, Progress { agent: watched.agent, cursor, context }, facts, batch);
                more
            }
            Err(error @ DatabaseError::Schema { .. }) => {
                self.problem(job.watched, path, &error.to_string());
                self.findings.unknown(job.watched, path, &error.to_string(), self.clock.millis());
                false
            }
            Err(DatabaseError::Busy) if self.retries.failed(path, seen, self.clock.millis()) => false,
            Err(error) => {
                self.problem(job.watched, path, &error.to_string());
                false
            }
        }
    }

    fn left(&self, job: &Job) -> (Watched, Progress) {
        let watched = self.watched[job.watched].clone();
        let claim = watched.source.claim_below(&job.root, job.found.relative()).unwrap_or_default();
        let path = &job.found.path;
        let start = self.known.get(path).cloned().unwrap_or_else(|| Progress {
            agent: watched.agent.clone(),
            cursor: Cursor::new(path),
            context: fresh(&claim),
        });
        (watched, start)
    }

    /// `author`: whose the facts are, if not the source's own agent.
    pub(super) fn note(
        &mut self,
        author: Option<Agent>,
        progress: Progress,
        mut facts: Facts,
        batch: &mut Batch,
    ) {
        self.see_branches(&mut facts);
        batch.facts += facts.sightings.len() + facts.activities.len() + 1;
        let before = self.known.get(&progress.cursor.path).map_or(0, |known| known.cursor.offset);
        batch.bytes += progress.cursor.offset.saturating_sub(before);
        let Progress { agent, cursor, context } = progress.clone();
        self.known.put(progress);
        batch.reads.push((author.unwrap_or(agent), cursor, context, facts));
    }
}

/// What a file looks like: another number is another state of it.
pub(super) fn look(stat: &Stat, changes: u64) -> u64 {
    let numbers =
        [stat.dev, stat.ino, stat.size, stat.mtime_ns.cast_unsigned(), changes].map(u64::to_le_bytes);
    hash64(&numbers.each_ref().map(|number| &number[..]))
}

/// The last value of each query, then the source's own state.
fn split(state: &[u8], queries: usize) -> (Vec<i64>, Vec<u8>) {
    let (after, own) = state.split_at_checked(queries * 8).unwrap_or((&[], state));
    let mut after: Vec<i64> =
        after.as_chunks::<8>().0.iter().map(|number| i64::from_le_bytes(*number)).collect();
    after.resize(queries, i64::MIN);
    (after, own.to_vec())
}

fn joined(after: impl Iterator<Item = i64>, own: &[u8]) -> Vec<u8> {
    after.flat_map(i64::to_le_bytes).chain(own.iter().copied()).collect()
}

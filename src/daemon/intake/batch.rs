//! What was read, on its way to the clerk: one batch is written while the next is read.

use super::Intake;
use crate::daemon::Error;
use crate::model::{Agent, Facts};
use crate::sources::Context;
use crate::store;
use crate::tail::Cursor;

/// Facts per commit while there is a backlog. Keys are hashes, so that each commit writes most pages of the tables: the
/// fewer commits, the fewer pages in all. Twice as many save a tenth of the writing and cost 4 MB.
const FACTS_PER_COMMIT: usize = 6000;
const FILES_PER_COMMIT: usize = 1024;
/// Bytes per commit: twice as many are read again at most after a crash.
const BYTES_PER_COMMIT: u64 = 24 << 20;

/// Facts of some files that are committed together.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) reads: Vec<(Agent, Cursor, Context, Facts)>,
    pub(super) facts: usize,
    /// Of the logs.
    pub(super) bytes: u64,
    /// Of files that an event named.
    pub(super) live: bool,
}

impl Batch {
    /// Whether it is time to write it.
    pub(super) fn is_full(&self) -> bool {
        self.facts >= FACTS_PER_COMMIT
            || self.reads.len() >= FILES_PER_COMMIT
            || self.bytes >= BYTES_PER_COMMIT
    }
}

impl Intake {
    pub(super) fn commit(&mut self, batch: &mut Batch) -> Result<(), Error> {
        let reads = std::mem::take(&mut batch.reads);
        (batch.facts, batch.bytes) = (0, 0);
        if reads.is_empty() {
            return Ok(());
        }
        self.written()?;
        if !self.clerk.storage().may_read() {
            return Err(store::Error::Full.into());
        }
        let live = self.live || std::mem::take(&mut batch.live);
        self.sent = Some(self.clerk.ask(move |clerk| {
            let now = clerk.now(crate::daemon::time::clocks())?;
            let reads: Vec<store::Read<'_>> = reads
                .iter()
                .map(|(agent, cursor, context, facts)| store::Read { agent, cursor, context, facts })
                .collect();
            clerk.ingest(&reads, live, now).map(drop)
        })?);
        Ok(())
    }

    /// Waits until the batch that was sent last is written.
    pub(super) fn written(&mut self) -> Result<(), Error> {
        self.sent.take().map_or(Ok(()), |sent| Ok(self.clerk.answered(sent)??))
    }
}

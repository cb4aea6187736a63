//! Reading what is to be read: files that changed at once, a backlog at its pace.

use std::thread;
use std::time::Duration;

use super::{Batch, Intake, Job, MUCH, SHOW};
use crate::daemon::Error;
use crate::daemon::pulse::Part;
use crate::daemon::time::Stopwatch;

/// The longest rest before somebody looks whether a file has changed or the end has come.
pub(super) const NAP: Duration = Duration::from_millis(20);

/// How far it is.
pub(super) struct Drain {
    pub(super) batch: Batch,
    total: u64,
    /// When the progress was shown.
    shown: u64,
}

impl Intake {
    /// Reads the backlog, a slice of a file at a time, so that one long file does not hold up all others.
    pub(super) fn drain(&mut self) -> Result<(), Error> {
        let total = self.show_left(None);
        let much = total >= MUCH;
        if much {
            self.clerk.call_blocking(|clerk| clerk.store().write_much(true))??;
        }
        let batch = Batch { live: true, ..Batch::default() };
        let mut drain = Drain { batch, total, shown: self.clock.millis() };
        self.read_orphans(&mut drain.batch);
        self.commit(&mut drain.batch)?;
        self.hot.set_open(true);
        while !self.stop.is_cancelled() && !self.backlog.is_empty() {
            self.go_on(&mut drain)?;
        }
        self.hot.set_open(false);
        self.commit(&mut drain.batch)?;
        self.written()?;
        if much {
            self.clerk.call_blocking(|clerk| clerk.store().write_much(false))??;
        }
        if self.appeared && !self.stop.is_cancelled() {
            self.appeared = false;
            // The first scan ends in `read_all`.
            if self.live {
                self.clerk.call_blocking(|clerk| clerk.set_caught_up(true))??;
            }
        }
        Ok(())
    }

    /// Whether what is next belongs to a history that nobody waits for. A pass has somebody who waits.
    pub(super) fn is_history(&self) -> bool {
        let next_live = self.backlog.front().is_some_and(|job| job.live);
        self.serves && !next_live && (!self.live || self.appeared)
    }

    /// Reads what is next and all that is to be read like it.
    fn go_on(&mut self, drain: &mut Drain) -> Result<(), Error> {
        self.look_at_hot()?;
        let history = self.is_history();
        if history && self.pace.is_idle(self.clock.millis()) {
            self.turn_aside(drain)
        } else {
            self.turn(drain, history)
        }
    }

    pub(super) fn turn(&mut self, drain: &mut Drain, history: bool) -> Result<(), Error> {
        while !self.stop.is_cancelled()
            && self.is_history() == history
            && !(history && self.pace.is_idle(self.clock.millis()))
        {
            let begun = Stopwatch::begin();
            if !self.piece(drain)? {
                break;
            }
            self.look_at_hot()?;
            if history {
                self.rest(self.pace.rest(begun.elapsed()));
            }
        }
        Ok(())
    }

    /// A slice of the next file. Returns whether there was one.
    pub(super) fn piece(&mut self, drain: &mut Drain) -> Result<bool, Error> {
        let Some(job) = self.next(drain)? else { return Ok(false) };
        let live = job.live;
        if self.slice(&job, &mut drain.batch) {
            self.backlog.push_back(job);
        }
        self.read_on(drain, live)?;
        Ok(true)
    }

    /// The next file, and a batch of its kind.
    pub(super) fn next(&mut self, drain: &mut Drain) -> Result<Option<Job>, Error> {
        let Some(job) = self.backlog.pop_front() else { return Ok(None) };
        self.pulse.works(Part::Reader);
        self.of_kind(drain, job.live)?;
        Ok(Some(job))
    }

    /// Begins a batch, unless it is of this kind.
    pub(super) fn of_kind(&mut self, drain: &mut Drain, live: bool) -> Result<(), Error> {
        if live != drain.batch.live {
            self.commit(&mut drain.batch)?;
            drain.batch.live = live;
        }
        Ok(())
    }

    /// A slice of a file has been read.
    pub(super) fn read_on(&mut self, drain: &mut Drain, live: bool) -> Result<(), Error> {
        // What changed together is committed together: nothing is sealed between a history and its copy.
        let last_live = live && self.backlog.front().is_none_or(|next| !next.live);
        if drain.batch.is_full() || last_live || self.backlog.is_empty() {
            self.commit(&mut drain.batch)?;
            // Summing up costs as much as the backlog is long.
            if self.clock.millis().saturating_sub(drain.shown) >= SHOW {
                drain.shown = self.clock.millis();
                self.show_left(Some(drain.total));
            }
        }
        Ok(())
    }

    pub(super) fn look_at_hot(&mut self) -> Result<(), Error> {
        for path in self.hot.take(self.clock.millis()) {
            self.look(&path)?;
        }
        Ok(())
    }

    /// Leaves the processor to others, until a file changes.
    pub(super) fn rest(&self, time: Duration) {
        let begun = Stopwatch::begin();
        self.pulse.waits(Part::Reader);
        while !self.stop.is_cancelled() && !self.hot.waits(self.clock.millis()) {
            let left = time.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(NAP));
        }
        self.pulse.works(Part::Reader);
    }
}

//! A backlog that is read when nobody else wants the processor.
//!
//! A thread that is served last may wait for a second in the middle of a slice, and what it holds waits with it. So it gets
//! the slice alone: what it is to read and where to begin. All else stays with the reading thread, which reads the files
//! that change meanwhile.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, Builder};

use super::drain::{Drain, NAP};
use super::pace::be_idle;
use super::slice::{Opened, Taken};
use super::{BUDGET, Intake};
use crate::daemon::Error;
use crate::daemon::pulse::Part;
use crate::daemon::time::Stopwatch;
use crate::sources::Shape;
use crate::tail::{Limits, Reader};

impl Intake {
    /// Reads the backlog at idle priority as long as it is to be read so.
    pub(super) fn turn_aside(&mut self, drain: &mut Drain) -> Result<(), Error> {
        let limits = Limits { max_line: self.reading.max_line, budget: BUDGET };
        self.hot.wake(Some(thread::current()));
        let done = thread::scope(|scope| {
            let (slices, todo) = channel::<Opened>();
            let (done, taken) = channel();
            let waiting = thread::current();
            let aside = Builder::new().name("backlog".into()).spawn_scoped(scope, move || {
                be_idle();
                let mut reader = Reader::new(limits);
                for opened in todo {
                    // Nobody takes it any more if the turn has ended.
                    let _ = done.send(opened.take(&mut reader, &|| false));
                    waiting.unpark();
                }
            });
            let Ok(aside) = aside else { return None };
            let result = self.feed(drain, &slices, &taken);
            drop(slices);
            aside.join().unwrap_or_else(|fault| resume_unwind(fault));
            Some(result)
        });
        self.hot.wake(None);
        match done {
            Some(Ok(true)) | None => self.piece_aside(drain),
            Some(done) => done.map(drop),
        }
    }

    /// Returns whether what comes next is none of that thread's.
    fn feed(
        &mut self,
        drain: &mut Drain,
        slices: &Sender<Opened>,
        taken: &Receiver<Taken>,
    ) -> Result<bool, Error> {
        while !self.stop.is_cancelled() && self.is_history() && self.pace.is_idle(self.clock.millis()) {
            let Some(next) = self.backlog.front() else { break };
            if self.watched[next.watched].source.shape(next.found.relative()) != Shape::Lines {
                return Ok(true);
            }
            let begun = Stopwatch::begin();
            let Some(job) = self.next(drain)? else { break };
            let more = match self.open(&job, &mut drain.batch) {
                None => false,
                Some(opened) => {
                    let sent = slices.send(opened).is_ok();
                    let taken = if sent { self.meanwhile(drain, taken)? } else { None };
                    // The thread is gone only by a fault, which its end will tell.
                    let Some(taken) = taken else { return Ok(false) };
                    self.of_kind(drain, false)?;
                    self.taken(&job, taken, &mut drain.batch)
                }
            };
            if more {
                self.backlog.push_back(job);
            }
            self.read_on(drain, false)?;
            self.rest(self.pace.rest(begun.elapsed()));
            self.look_at_hot()?;
        }
        Ok(false)
    }

    /// Waits for a slice, and reads what changes meanwhile; `None`: the thread is gone.
    fn meanwhile(&mut self, drain: &mut Drain, taken: &Receiver<Taken>) -> Result<Option<Taken>, Error> {
        loop {
            match taken.try_recv() {
                Ok(taken) => return Ok(Some(taken)),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Err(TryRecvError::Empty) => {}
            }
            self.look_at_hot()?;
            if self.backlog.front().is_some_and(|next| next.live) {
                self.piece(drain)?;
            } else {
                self.pulse.waits(Part::Reader);
                thread::park_timeout(NAP);
                self.pulse.works(Part::Reader);
            }
        }
    }

    /// A whole document or a look at a database, for which everything waits.
    fn piece_aside(&mut self, drain: &mut Drain) -> Result<(), Error> {
        let begun = Stopwatch::begin();
        let done = thread::scope(|scope| {
            let aside = Builder::new().name("backlog".into());
            let piece = aside.spawn_scoped(scope, || {
                be_idle();
                self.piece(drain).map(drop)
            });
            piece.ok().map(|piece| piece.join().unwrap_or_else(|fault| resume_unwind(fault)))
        });
        // A system without a thread to spare has it read like anything else.
        done.unwrap_or_else(|| self.piece(drain).map(drop))?;
        self.rest(self.pace.rest(begun.elapsed()));
        Ok(())
    }
}

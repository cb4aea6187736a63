//! The status as it is shown: kept in memory and made anew beside the writer.
//!
//! Whoever asks gets what is at hand if it is young: a second if nothing was written since, a quarter of one if
//! something was. Before it is too old for that it is made anew while it is still shown, so who asks often never waits;
//! who asks after a silence waits for one look at the database, on a read-only connection. What a person did over the
//! socket, and what any other document showed, is seen by the next question: both outdate what is at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::run::Running;
use super::standing::Standing;
use super::time;
use crate::server::{Code, Failure};
use crate::status::Drift;

/// How old it may be if nothing was written.
const ALIKE: Duration = Duration::from_secs(1);
/// How old it may be if something was.
const BEHIND: Duration = Duration::from_millis(250);
/// Making it anew takes at most such a part of the time: `BEHIND` grows with the database.
const SHARE: u32 = 4;
/// While it is being made it may grow so many times as old.
const PATIENCE: u32 = 4;
/// The comparison of prices reads a month of requests, and changes slowly.
const DRIFT: Duration = Duration::from_secs(60);

/// Shows the standing.
pub(super) struct Board {
    running: Running,
    written: watch::Receiver<u64>,
    kept: Mutex<Kept>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    last: Option<Last>,
    /// With when it was looked for, by the steady clock in ms.
    drift: Option<(u64, Arc<Vec<Drift>>)>,
    /// How often it was outdated.
    epoch: u64,
    outdated: bool,
    renewing: bool,
}

struct Last {
    standing: Arc<Standing>,
    written: u64,
    /// By the steady clock in ms: a machine that slept has an old one.
    made: u64,
    cost: Duration,
}

/// What is at hand.
struct AtHand {
    standing: Arc<Standing>,
    renew: bool,
}

impl Board {
    pub(super) fn new(running: Running) -> Self {
        let written = running.clerk.written();
        Self { running, written, kept: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// As it is, or was a moment ago.
    pub(super) async fn standing(self: &Arc<Self>) -> Result<Arc<Standing>, Failure> {
        if let Some(found) = self.at_hand() {
            if found.renew {
                let board = Arc::clone(self);
                tokio::spawn(async move {
                    let renewed = board.make().await;
                    board.kept().renewing = false;
                    // Whoever asks next hears it, if it lasts.
                    drop(renewed);
                });
            }
            return Ok(found.standing);
        }
        let _turn = self.turn.lock().await;
        match self.at_hand() {
            Some(found) => {
                if found.renew {
                    // It is as good as new: the one before us has just made it.
                    self.kept().renewing = false;
                }
                Ok(found.standing)
            }
            None => self.make().await,
        }
    }

    /// The last one, however old.
    pub(super) fn last(&self) -> Option<Arc<Standing>> {
        self.kept().last.as_ref().map(|last| Arc::clone(&last.standing))
    }

    /// Has the next question look at the database: something was done, or shown, that it must not be older than.
    pub(super) fn outdate(&self) {
        let mut kept = self.kept();
        kept.epoch += 1;
        kept.outdated = true;
    }

    fn at_hand(&self) -> Option<AtHand> {
        let mut kept = self.kept();
        let last = kept.last.as_ref()?;
        let limit = if last.written == *self.written.borrow() {
            ALIKE
        } else {
            BEHIND.max(last.cost.saturating_mul(SHARE))
        };
        let age = since(last.made);
        let may = if kept.renewing { limit * PATIENCE } else { limit };
        if kept.outdated || age > may || last.standing.calendar.day_of(time::now()) != last.standing.day {
            return None;
        }
        let standing = Arc::clone(&last.standing);
        let renew = !kept.renewing && age > limit / 2;
        kept.renewing |= renew;
        Some(AtHand { standing, renew })
    }

    async fn make(&self) -> Result<Arc<Standing>, Failure> {
        let (documents, drift, epoch) = {
            let kept = self.kept();
            let drift = kept.drift.as_ref().filter(|(at, _)| since(*at) < DRIFT);
            (self.running.documents(), drift.map(|(_, drift)| Arc::clone(drift)), kept.epoch)
        };
        // What is written from here on is not in it for certain.
        let (begun, written) = (time::steady(), *self.written.borrow());
        let read_to_end = self.running.health.lock().unwrap_or_else(PoisonError::into_inner).caught_up;
        let looked = drift.is_none();
        let made = tokio::task::spawn_blocking(move || documents.standing(drift)).await;
        let stopped = |_| Failure::new(Code::Internal, "the answer could not be made; see the log");
        let mut standing = made.map_err(stopped)??;
        standing.read_to_end = read_to_end;
        let standing = Arc::new(standing);
        let mut kept = self.kept();
        if looked {
            kept.drift = Some((begun, Arc::clone(&standing.drift)));
        }
        if kept.epoch == epoch {
            let cost = since(begun);
            kept.outdated = false;
            kept.last = Some(Last { standing: Arc::clone(&standing), written, made: begun, cost });
        }
        Ok(standing)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn since(at: u64) -> Duration {
    Duration::from_millis(time::steady().saturating_sub(at))
}

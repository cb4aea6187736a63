//! The status as it is shown: kept in memory and made anew beside the writer.
//!
//! Whoever asks gets what is at hand if it is young: a second if nothing was written since, a quarter of one if
//! something was. Before it is too old for that it is made anew while it is still shown, so who asks often never waits;
//! who asks after a silence waits for one look at the database, on a read-only connection. What a person did over the
//! socket is seen by the next question: an act forgets what is at hand.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::documents::Documents;
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
    documents: Documents,
    written: watch::Receiver<u64>,
    kept: Mutex<Kept>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    last: Option<Last>,
    drift: Option<(Instant, Arc<Vec<Drift>>)>,
    /// How often it was forgotten.
    epoch: u64,
    renewing: bool,
}

struct Last {
    standing: Arc<Standing>,
    written: u64,
    made: Instant,
    cost: Duration,
}

/// What is at hand.
struct AtHand {
    standing: Arc<Standing>,
    renew: bool,
}

impl Board {
    pub(super) fn new(documents: Documents, written: watch::Receiver<u64>) -> Self {
        Self { documents, written, kept: Mutex::default(), turn: tokio::sync::Mutex::default() }
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

    /// Has the next question look at the database.
    pub(super) fn forget(&self) {
        let mut kept = self.kept();
        kept.epoch += 1;
        kept.last = None;
    }

    fn at_hand(&self) -> Option<AtHand> {
        let mut kept = self.kept();
        let last = kept.last.as_ref()?;
        let limit = if last.written == *self.written.borrow() {
            ALIKE
        } else {
            BEHIND.max(last.cost.saturating_mul(SHARE))
        };
        let age = last.made.elapsed();
        let may = if kept.renewing { limit * PATIENCE } else { limit };
        if age > may || last.standing.calendar.day_of(time::now()) != last.standing.day {
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
            let drift = kept.drift.as_ref().filter(|(at, _)| at.elapsed() < DRIFT);
            (self.documents.clone(), drift.map(|(_, drift)| Arc::clone(drift)), kept.epoch)
        };
        // What is written from here on is not in it for certain.
        let (begun, written) = (Instant::now(), *self.written.borrow());
        let looked = drift.is_none();
        let made = tokio::task::spawn_blocking(move || documents.standing(drift)).await;
        let stopped = |_| Failure::new(Code::Internal, "the answer could not be made; see the log");
        let standing = Arc::new(made.map_err(stopped)??);
        let mut kept = self.kept();
        if looked {
            kept.drift = Some((begun, Arc::clone(&standing.drift)));
        }
        if kept.epoch == epoch {
            let cost = begun.elapsed();
            kept.last = Some(Last { standing: Arc::clone(&standing), written, made: begun, cost });
        }
        Ok(standing)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

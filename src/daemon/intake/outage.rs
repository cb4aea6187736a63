//! Reading while the database is closed: it waits, and goes on from what was committed.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::super::Error;
use super::super::desk::ClerkHandle;
use super::super::time::Monotonic;
use super::known::Known;
use super::{Intake, Message};

/// Between the first two tries, and between the last.
const FIRST: Duration = Duration::from_millis(150);
const LONGEST: Duration = Duration::from_secs(3);

impl Intake {
    /// After an error of the database what was committed is what the store says: its cursors count, and everything
    /// behind them is read again. Waits until the store answers, or until it is told to stop: `false`.
    pub(super) fn survive(&mut self, error: Error, messages: &Receiver<Message>) -> Result<bool, Error> {
        let (mut error, mut wait) = (error, FIRST);
        // Whoever flushes now must not take what was read before for all there is.
        self.with_health(|health| health.caught_up = false);
        loop {
            if !error.may_pass() {
                return Err(error);
            }
            self.clerk.storage().wait_for(Some(error.to_string()));
            if !waited(wait, messages) {
                return Ok(false);
            }
            wait = (wait * 2).min(LONGEST);
            self.backlog.clear();
            self.continued.clear();
            // Written or not: the cursors say so.
            self.sent = None;
            let again = cursors(&self.clerk).and_then(|known| {
                self.known = known;
                self.read_all()
            });
            match again {
                Ok(()) => {
                    self.clerk.storage().wait_for(None);
                    return Ok(true);
                }
                Err(other) => error = other,
            }
        }
    }
}

/// Events that come meanwhile are covered by the scan that follows, and whoever waits for one is told by the closed
/// channel. `false`: told to stop.
fn waited(wait: Duration, messages: &Receiver<Message>) -> bool {
    let clock = Monotonic::new();
    loop {
        let left = wait.saturating_sub(Duration::from_millis(clock.millis()));
        if left.is_zero() {
            return true;
        }
        match messages.recv_timeout(left) {
            Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Ok(Message::Event(_) | Message::Rescan(_) | Message::Reread) | Err(RecvTimeoutError::Timeout) => {
            }
        }
    }
}

/// How far each file is read, as the store has it.
pub(super) fn cursors(clerk: &ClerkHandle) -> Result<Known, Error> {
    Ok(Known::new(clerk.call_blocking(|clerk| clerk.store().view().cursors())??))
}

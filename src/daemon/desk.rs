//! The thread that owns the clerk, and the handle by which others ask it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::clerk::Clerk;
use super::pulse::{Part, Pulse};
use super::storage::Storage;
use super::time;
use crate::store::Damage;

type Job = Box<dyn FnOnce(&mut Clerk) + Send>;

/// Asks the clerk's thread.
#[derive(Clone)]
pub struct ClerkHandle {
    jobs: SyncSender<Job>,
    storage: Arc<Storage>,
    written: watch::Receiver<u64>,
    ended: Arc<AtomicU64>,
}

/// An answer that is still to come.
pub struct Asked<R>(Receiver<R>);

/// Waiting questions; a reader that is ahead of the writer waits here.
const QUEUE: usize = 8;

impl ClerkHandle {
    /// Starts the thread. It ends when all handles are gone, or in a fault; either way it cancels `stop`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        mut clerk: Clerk,
        storage: Arc<Storage>,
        pulse: Pulse,
        stop: CancellationToken,
    ) -> Result<(Self, JoinHandle<()>), super::Error> {
        let (jobs, queue): (SyncSender<Job>, Receiver<Job>) = sync_channel(QUEUE);
        let watched = Arc::clone(&storage);
        let (told, written) = watch::channel(0);
        let ended = clerk.store().ended();
        let thread = std::thread::Builder::new()
            .name("clerk".into())
            .spawn(move || {
                let _last = stop.drop_guard();
                while let Ok(job) = queue.recv() {
                    pulse.works(Part::Clerk);
                    // A question that cannot be answered is dropped: whoever asked sees that and asks again.
                    if mended(&mut clerk, &watched) {
                        let done = catch_unwind(AssertUnwindSafe(|| job(&mut clerk)));
                        if let Err(panic) = done {
                            clerk.note_panic();
                            resume_unwind(panic);
                        }
                        if let Some(damage) = clerk.damage() {
                            watched.hurt(&damage);
                        }
                    }
                    told.send_modify(|jobs| *jobs += 1);
                    pulse.waits(Part::Clerk);
                }
            })
            .map_err(super::Error::Thread)?;
        Ok((Self { jobs, storage, written, ended }, thread))
    }

    /// What is known of the disk.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// How many questions were answered, each of which may have written.
    #[must_use]
    pub fn written(&self) -> watch::Receiver<u64> {
        self.written.clone()
    }

    /// How many transactions ended: counted before anybody hears of what one of them did.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    fn dropped(&self) -> super::Error {
        self.storage.refusal().map_or(super::Error::ClerkGone, super::Error::Store)
    }

    /// Asks and waits, from a thread that may block.
    ///
    /// # Errors
    /// [`super::Error::ClerkGone`] if the clerk's thread has ended; [`crate::store::Error::Closed`] while the database cannot
    /// be opened.
    pub fn call_blocking<R: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Clerk) -> R + Send + 'static,
    ) -> Result<R, super::Error> {
        self.answered(self.ask(ask)?)
    }

    /// Asks and goes on; what is asked later is answered later. Waits only where too many wait already.
    ///
    /// # Errors
    /// [`super::Error::ClerkGone`] if the clerk's thread has ended.
    pub fn ask<R: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Clerk) -> R + Send + 'static,
    ) -> Result<Asked<R>, super::Error> {
        let (reply, answer) = sync_channel(1);
        let job: Job = Box::new(move |clerk| {
            // Whoever asked may have gone.
            let _ = reply.send(ask(clerk));
        });
        self.jobs.send(job).map_err(|_| super::Error::ClerkGone)?;
        Ok(Asked(answer))
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// As [`ClerkHandle::call_blocking`].
    pub fn answered<R>(&self, asked: Asked<R>) -> Result<R, super::Error> {
        asked.0.recv().map_err(|_| self.dropped())
    }

    /// Asks and waits, from async code.
    ///
    /// # Errors
    /// As [`ClerkHandle::call_blocking`].
    pub async fn call<R: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Clerk) -> R + Send + 'static,
    ) -> Result<R, super::Error> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let mut job: Job = Box::new(move |clerk| {
            let _ = reply.send(ask(clerk));
        });
        // The queue is short and the clerk quick; blocking the runtime's one thread here would stop the socket.
        loop {
            match self.jobs.try_send(job) {
                Ok(()) => break,
                Err(std::sync::mpsc::TrySendError::Full(back)) => {
                    job = back;
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                }
                Err(std::sync::mpsc::TrySendError::Disconnected(_)) => return Err(super::Error::ClerkGone),
            }
        }
        answer.await.map_err(|_| self.dropped())
    }
}

/// After an error nothing is done on what memory believes: the file is opened again, and read.
fn mended(clerk: &mut Clerk, storage: &Storage) -> bool {
    match clerk.damage() {
        None => return true,
        // Only a start puts a backup in its place.
        Some(Damage::Corrupt(_)) => return false,
        Some(_) => {}
    }
    match clerk.mend(time::now()) {
        Ok(()) => storage.mended(),
        Err(error) => match clerk.damage() {
            Some(damage) => storage.hurt(&damage),
            None => tracing::error!("the database cannot be opened: {error}"),
        },
    }
    clerk.damage().is_none()
}

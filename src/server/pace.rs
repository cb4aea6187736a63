//! How long a client may take: the time for a request's head, for reading its answer, and for silence between requests.
//!
//! hyper has one timer for both, from the end of an answer to the end of the next head: a client that keeps its
//! connection would get two seconds of silence, or a slow one a minute for its head. And hyper does not read while an
//! answer is on its way, so the stream cannot keep the time either: it only notes what passes, and the time is kept beside.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Limits;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A head has to be complete by then.
    Head(Instant),
    /// Answering takes what it takes.
    Answer,
    /// The next request has to begin by then.
    Idle(Instant),
    /// An answer without an end: there is nothing to wait for.
    Endless,
    /// The client has to read some of its answer by then.
    Unread(Instant, Rest),
    /// Its seat is wanted by somebody who has something to say.
    Leave,
}

/// What follows when the client has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    Idle,
    Endless,
}

/// What a connection is doing, told by its stream and its service.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    phase: Arc<watch::Sender<Phase>>,
    limits: Limits,
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        let phase = watch::Sender::new(Phase::Head(Instant::now() + limits.head));
        Self { phase: Arc::new(phase), limits }
    }

    /// A head is complete.
    pub(super) fn answering(&self) {
        self.phase.send_replace(Phase::Answer);
    }

    /// The answer is ready to be written.
    pub(super) fn answered(&self) {
        self.phase.send_replace(Phase::Idle(Instant::now() + self.limits.idle));
    }

    /// The answer is ready to be written, and goes on for as long as both sides are there.
    pub(super) fn goes_on(&self) {
        self.phase.send_replace(Phase::Endless);
    }

    fn heard(&self) {
        if matches!(*self.phase.borrow(), Phase::Idle(_)) {
            self.phase.send_replace(Phase::Head(Instant::now() + self.limits.head));
        }
    }

    /// What is still being written is not silence: a long answer, or a stream of events.
    fn wrote(&self) {
        let now = *self.phase.borrow();
        match now {
            Phase::Idle(_) | Phase::Unread(_, Rest::Idle) => self.answered(),
            Phase::Unread(_, Rest::Endless) => self.goes_on(),
            _ => {}
        }
    }

    /// There is more to write than the client has read.
    fn is_unread(&self) {
        let rest = match *self.phase.borrow() {
            Phase::Idle(_) => Rest::Idle,
            Phase::Endless => Rest::Endless,
            _ => return,
        };
        self.phase.send_replace(Phase::Unread(Instant::now() + self.limits.head, rest));
    }

    /// Since when the client says nothing, as a deadline that is the earlier the longer it does; `None` while it is
    /// being served or about to ask.
    pub(super) fn silent(&self) -> Option<Instant> {
        match *self.phase.borrow() {
            Phase::Idle(end) => Some(end),
            _ => None,
        }
    }

    /// Has the connection end.
    pub(super) fn leave(&self) {
        self.phase.send_replace(Phase::Leave);
    }

    /// Whether the conversation is over.
    pub(super) fn is_over(&self) -> bool {
        Arc::strong_count(&self.phase) == 1
    }

    /// Returns when the client has taken too long.
    pub(super) async fn overdue(&self) {
        let mut phase = self.phase.subscribe();
        loop {
            let now = *phase.borrow_and_update();
            let changed = phase.changed();
            match now {
                Phase::Answer | Phase::Endless => drop(changed.await),
                Phase::Leave => return,
                Phase::Head(end) | Phase::Idle(end) | Phase::Unread(end, _) => {
                    if timeout_at(end, changed).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// A stream that tells its pace.
pub(super) struct Paced<S> {
    pub(super) stream: S,
    pub(super) pace: Pace,
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.pace.heard();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        match written {
            Poll::Ready(Ok(1..)) => self.pace.wrote(),
            Poll::Pending => self.pace.is_unread(),
            Poll::Ready(_) => {}
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

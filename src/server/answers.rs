//! What the daemon offers over the socket.

use std::future::Future;
use std::pin::Pin;

use tokio::sync::broadcast;

use super::{
    Act, AuditQuery, Event, Failure, Flush, QueueQuery, ReportQuery, Seen, SessionsQuery, StatuslineQuery,
};

/// A JSON document on its way, or why there is none.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send + 'a>>;

/// What is asked of the daemon. Documents are ready JSON bytes: the server adds no word to them.
///
/// A method must not block: it runs on the runtime that also delivers. What needs the store asks a reader of it.
pub trait Answers: Send + Sync + 'static {
    /// The status document. It must not wait for the writer: it answers while the store is busy.
    fn status(&self) -> Answer<'_>;

    /// The day, a session and its project in a few numbers, for a line below a prompt. It waits for the store only
    /// shortly: what was known last is the answer then.
    fn statusline(&self, query: StatuslineQuery) -> Answer<'_>;

    /// The status as Prometheus reads it, with what the socket itself has counted.
    fn metrics(&self, socket: Seen) -> Answer<'_>;

    /// What happens from now on. A receiver that falls behind is told so and closed.
    fn events(&self) -> broadcast::Receiver<Event>;

    /// The sessions.
    fn sessions(&self, query: SessionsQuery) -> Answer<'_>;

    /// The records of the queue.
    fn queue(&self, query: QueueQuery) -> Answer<'_>;

    /// One record with its writes; [`Code::NotFound`](super::Code::NotFound) if no record has that id.
    fn record(&self, id: String) -> Answer<'_>;

    /// Where the numbers of a record, a session or a day came from; it reads their logs again.
    /// [`Code::InvalidInput`](super::Code::InvalidInput) if the id can stand for several.
    fn explain(&self, id: String) -> Answer<'_>;

    /// Time, tokens and cost.
    fn report(&self, query: ReportQuery) -> Answer<'_>;

    /// Both sides compared; takes as long as the listings take.
    fn audit(&self, query: AuditQuery) -> Answer<'_>;

    /// Scans, reads to the end, attempts what is due, and answers `{caught_up, sent, failed, remaining}` when done.
    /// A caller that hangs up drops the future; work under way goes on.
    fn flush(&self, flush: Flush) -> Answer<'_>;

    /// Does what a person wants done about the outbox, durably, and answers `{act, id, state, …}`. A caller that hangs
    /// up does not undo it.
    fn act(&self, act: Act) -> Answer<'_>;

    /// Asks for a scan and returns at once.
    fn rescan(&self);
}

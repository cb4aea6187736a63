//! `GET /v1/events`: what happens, as server-sent events (the `text/event-stream` of the WHATWG HTML standard, 9.2).
//!
//! A task fills a short queue and the connection empties it. Who does not read is cut: its queue fills up or its
//! socket does, whichever comes first, and nothing is kept for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Streams at once; fewer than seats, so that others are answered beside them.
const STREAMS: usize = 8;
/// Events that wait for one client.
const WAITING: usize = 32;
/// A comment after so much silence: the client sees that we live, and we see that it does.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// `status` or `record`.
    pub kind: &'static str,
    /// A JSON document on one line.
    pub data: Arc<[u8]>,
}

/// Marks a response that goes on: its connection is not silent between two events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endless;

/// Who may listen.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Semaphore>);

impl Streams {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(STREAMS)))
    }

    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    pub(super) fn taken(&self) -> u64 {
        STREAMS.saturating_sub(self.0.available_permits()) as u64
    }
}

/// A response that begins with the status as it is and goes on with what happens.
pub(super) fn stream(
    first: Vec<u8>,
    events: broadcast::Receiver<Event>,
    stop: CancellationToken,
    seat: OwnedSemaphorePermit,
) -> impl IntoResponse {
    let (queue, waiting) = mpsc::channel(WAITING);
    tokio::spawn(feed(first, events, queue, stop, seat));
    let mut response = Response::new(Body::new(Stream { waiting }));
    response.extensions_mut().insert(Endless);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn feed(
    first: Vec<u8>,
    mut events: broadcast::Receiver<Event>,
    queue: mpsc::Sender<Bytes>,
    stop: CancellationToken,
    _seat: OwnedSemaphorePermit,
) {
    let mut next = [&b"retry: 1000\n"[..], &written("status", &first)].concat();
    // A full queue, or nobody at its other end, ends the stream.
    while queue.try_send(Bytes::from(next)).is_ok() {
        next = tokio::select! {
            () = stop.cancelled() => return,
            () = queue.closed() => return,
            event = events.recv() => match event {
                Ok(Event { kind, data }) => written(kind, &data),
                Err(RecvError::Lagged(_) | RecvError::Closed) => return,
            },
            () = tokio::time::sleep(KEEP_ALIVE) => b": still here\n\n".to_vec(),
        };
    }
}

/// JSON has no line break outside of strings, and none inside them: one `data` line is enough.
fn written(kind: &str, data: &[u8]) -> Vec<u8> {
    [b"event: ", kind.as_bytes(), b"\ndata: ", data, b"\n\n"].concat()
}

struct Stream {
    waiting: mpsc::Receiver<Bytes>,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.waiting.poll_recv(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes))))
    }
}

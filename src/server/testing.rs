//! A server over a real socket that answers with what it was asked.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::*;

pub(super) struct Lock;
impl Held for Lock {}

/// Answers with what it was asked.
pub(super) struct Echo {
    pub(super) rescans: AtomicUsize,
    pub(super) flushes: AtomicUsize,
    pub(super) release: tokio::sync::Notify,
    pub(super) happens: tokio::sync::broadcast::Sender<Event>,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            rescans: AtomicUsize::new(0),
            flushes: AtomicUsize::new(0),
            release: tokio::sync::Notify::new(),
            happens: tokio::sync::broadcast::Sender::new(64),
        }
    }
}

impl Answers for Echo {
    fn status(&self) -> Answer<'_> {
        let rescans = self.rescans.load(Ordering::SeqCst);
        Box::pin(async move { Ok(format!(r#"{{"rescans":{rescans}}}"#).into_bytes()) })
    }
    fn statusline(&self, query: StatuslineQuery) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{query:?}").into_bytes()) })
    }
    fn metrics(&self, socket: Seen) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{socket:?}").into_bytes()) })
    }
    fn events(&self) -> tokio::sync::broadcast::Receiver<Event> {
        self.happens.subscribe()
    }
    fn sessions(&self, query: SessionsQuery) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{query:?}").into_bytes()) })
    }
    fn audit(&self, query: AuditQuery) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{query:?}").into_bytes()) })
    }
    fn queue(&self, query: QueueQuery) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{query:?}").into_bytes()) })
    }
    fn explain(&self, id: String) -> Answer<'_> {
        self.record(id)
    }
    fn record(&self, id: String) -> Answer<'_> {
        Box::pin(async move {
            if id == "none" {
                return Err(Failure::new(Code::NotFound, "no record has that id"));
            }
            Ok(id.into_bytes())
        })
    }
    fn report(&self, query: ReportQuery) -> Answer<'_> {
        Box::pin(
            async move { Ok(format!("{:?} {:?} {:?}", query.by(), query.from(), query.to()).into_bytes()) },
        )
    }
    fn act(&self, act: Act) -> Answer<'_> {
        Box::pin(async move { Ok(format!("{act:?}").into_bytes()) })
    }
    fn flush(&self, flush: Flush) -> Answer<'_> {
        Box::pin(async move {
            self.flushes.fetch_add(1, Ordering::SeqCst);
            if flush.expenses {
                self.release.notified().await;
            }
            Ok(format!("{flush:?}").into_bytes())
        })
    }
    fn rescan(&self) {
        self.rescans.fetch_add(1, Ordering::SeqCst);
    }
}

/// A server in a thread of its own, stopped and joined when dropped.
pub(super) struct Served {
    pub(super) path: PathBuf,
    pub(super) echo: Arc<Echo>,
    pub(super) stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
    _dir: tempfile::TempDir,
}

pub(super) const QUICK: Limits = Limits {
    clients: 16,
    head: Duration::from_millis(300),
    idle: Duration::from_millis(900),
    last: Duration::from_secs(5),
};

pub(super) fn serve_with(limits: Limits) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run/keitod.sock");
    let bound = bind(&path, &Lock).unwrap();
    let (echo, stop) = (Arc::new(Echo::default()), CancellationToken::new());
    let (answers, token) = (Arc::clone(&echo), stop.clone());
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(serve(bound, answers, limits, token)).unwrap();
    });
    Served { path, echo, stop, thread: Some(thread), _dir: dir }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Served {
    pub(super) fn open(&self) -> UnixStream {
        let stream = UnixStream::connect(&self.path).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    /// Sends raw bytes and reads until the server closes.
    pub(super) fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.open();
        let _ = stream.write_all(bytes);
        to_end(stream)
    }

    pub(super) fn call(&self, method: &'static str, target: &str, body: &str) -> Result<String, CallError> {
        let client = Client::new(&self.path);
        let reply = client.call(method, target, body.as_bytes(), Some(Duration::from_secs(10)))?;
        Ok(String::from_utf8(reply).unwrap())
    }
}

pub(super) fn to_end(mut stream: UnixStream) -> String {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    String::from_utf8(all).unwrap()
}

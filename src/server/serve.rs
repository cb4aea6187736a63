//! Who is let in, how many at once, and how it ends.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::events::{Endless, Streams};
use super::pace::{Pace, Paced};
use super::routes::{Site, router};
use super::tally::Tally;
use super::{Answers, Bound, REQUEST_LIMIT, busy};

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Clients at once; a further one is told so and closed.
    pub clients: usize,
    /// From the first byte of a request to the end of its head, and for reading a piece of an answer.
    pub head: Duration,
    /// Silence between two requests of a connection; a silent one leaves earlier if its seat is wanted.
    pub idle: Duration,
    /// From the stop to the end of answers under way.
    pub last: Duration,
}

impl Limits {
    /// What the daemon uses.
    pub const DAEMON: Self = Self {
        clients: 16,
        head: Duration::from_secs(2),
        idle: Duration::from_secs(60),
        last: Duration::from_secs(5),
    };
}

/// Answers on the socket until `stop`, then lets answers under way end and removes the socket.
///
/// # Errors
/// If the runtime does not take the listener.
pub async fn serve(
    bound: Bound,
    answers: Arc<dyn Answers>,
    limits: Limits,
    stop: CancellationToken,
) -> io::Result<()> {
    let (listener, file) = bound.into_parts();
    let listener = UnixListener::from_std(listener)?;
    let tally = Arc::new(Tally::default());
    let site = Site { answers, tally: Arc::clone(&tally), streams: Streams::new(), stop: stop.clone() };
    let mut gate = Gate {
        router: router(site),
        tally,
        limits,
        stop: stop.clone(),
        seats: Arc::new(Semaphore::new(limits.clients)),
        farewells: Arc::new(Semaphore::new(limits.clients)),
        seated: Vec::new(),
    };
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = clients.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => gate.admit(stream, &mut clients),
                Err(error) => {
                    // Out of descriptors or memory: the next attempt would fail at once, and the one after it.
                    tracing::warn!(%error, "the socket takes no clients for a moment");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    drop(file);
    let ended = async { while clients.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.last, ended).await.is_err() {
        tracing::info!("answers under way were cut off at the stop");
    }
    Ok(())
}

struct Gate {
    router: Router,
    tally: Arc<Tally>,
    limits: Limits,
    stop: CancellationToken,
    seats: Arc<Semaphore>,
    farewells: Arc<Semaphore>,
    /// Of each connection; those that are over are dropped at the next admission.
    seated: Vec<Pace>,
}

impl Gate {
    fn admit(&mut self, stream: UnixStream, clients: &mut JoinSet<()>) {
        let own = rustix::process::geteuid().as_raw();
        let peer = stream.peer_cred().map(|peer| peer.uid());
        if !is_ours(peer.as_ref().ok().copied(), own) {
            self.tally.foreign();
            tracing::warn!(?peer, "a client of another user was turned away");
            return;
        }
        self.seated.retain(|pace| !pace.is_over());
        let pace = Pace::new(self.limits);
        if let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() {
            self.seated.push(pace.clone());
            clients.spawn(self.table().converse(stream, pace, seat));
        } else if let Ok(farewell) = Arc::clone(&self.farewells).try_acquire_owned() {
            let freed = self.free_a_seat();
            if freed {
                self.seated.push(pace.clone());
            }
            let (seats, table) = (Arc::clone(&self.seats), self.table());
            clients.spawn(async move {
                let wait = if freed { busy::GOODBYE } else { Duration::ZERO };
                match tokio::time::timeout(wait, seats.acquire_owned()).await {
                    Ok(Ok(seat)) => {
                        drop(farewell);
                        table.converse(stream, pace, seat).await;
                    }
                    _ => {
                        table.tally.turned_away();
                        busy::refuse(stream).await;
                        drop(farewell);
                    }
                }
            });
        } else {
            self.tally.turned_away();
        }
    }

    fn table(&self) -> Table {
        Table { router: self.router.clone(), tally: Arc::clone(&self.tally), stop: self.stop.clone() }
    }

    /// Has the client that has been silent for longest leave; whether there is one.
    fn free_a_seat(&self) -> bool {
        let silent = self.seated.iter().filter_map(|pace| Some((pace.silent()?, pace)));
        let longest = silent.min_by_key(|(end, _)| *end);
        longest.map(|(_, pace)| pace.leave()).is_some()
    }
}

/// Unknown is not ours. Root is not either: who is root can become us.
fn is_ours(peer: Option<u32>, own: u32) -> bool {
    peer == Some(own)
}

/// Where a client sits.
struct Table {
    router: Router,
    tally: Arc<Tally>,
    stop: CancellationToken,
}

impl Table {
    async fn converse(self, stream: UnixStream, pace: Pace, seat: OwnedSemaphorePermit) {
        self.tally.came();
        self.talk(stream, &pace).await;
        self.tally.left();
        drop(seat);
    }

    async fn talk(&self, stream: UnixStream, pace: &Pace) {
        let stream = TokioIo::new(Paced { stream, pace: pace.clone() });
        let router = TowerToHyperService::new(self.router.clone());
        let service = service_fn(|request| {
            pace.answering();
            let answer = router.call(request);
            let (pace, tally) = (pace.clone(), Arc::clone(&self.tally));
            async move {
                let answer = answer.await;
                if let Ok(response) = &answer {
                    tally.answered(response.status());
                }
                match &answer {
                    Ok(response) if response.extensions().get::<Endless>().is_some() => pace.goes_on(),
                    _ => pace.answered(),
                }
                answer
            }
        });
        let connection = http1::Builder::new()
            .max_buf_size(REQUEST_LIMIT)
            .header_read_timeout(None)
            .serve_connection(stream, service);
        let mut connection = std::pin::pin!(connection);
        let mut stop = std::pin::pin!(self.stop.cancelled());
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "a client's connection broke");
                    }
                    break;
                }
                () = pace.overdue() => break,
                () = stop.as_mut(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_our_own_user_is_answered() {
        for (peer, own, expected) in [
            (Some(1000), 1000, true),
            (Some(0), 0, true),
            (Some(0), 1000, false),
            (Some(1000), 0, false),
            (Some(1001), 1000, false),
            (None, 1000, false),
            (None, 0, false),
        ] {
            assert_eq!(is_ours(peer, own), expected, "{peer:?} {own}");
        }
    }
}

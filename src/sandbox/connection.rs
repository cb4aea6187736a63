//! TCP connections, accepted here rather than by `axum::serve` because a fault must be able to end one in mid-answer.

use super::faults::End;
use super::service::Front;
use super::state::State;
use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// The last that a client gets on a connection.
#[derive(Debug)]
pub(super) struct Sever {
    /// Raw bytes, head included.
    pub(super) bytes: Vec<u8>,
    /// Pause between two bytes; zero writes all at once.
    pub(super) pause: Duration,
    /// Silence before the end.
    pub(super) wait: Duration,
    pub(super) end: End,
}

/// Accepts until `stop`; open connections end with it.
pub(super) async fn accept(listener: TcpListener, state: State, router: Router, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let serve = serve(stream, state.clone(), router.clone());
                    let stop = stop.clone();
                    tokio::spawn(async move { stop.run_until_cancelled(serve).await });
                }
                // Out of descriptors, most likely: others will be closed.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

async fn serve(stream: TcpStream, state: State, router: Router) {
    // Latency only; the answers are right without it.
    let _unsupported = stream.set_nodelay(true);
    let (sever, mut severed) = mpsc::unbounded_channel();
    let front = Front { state, router, sever };
    let service = service_fn(move |request| front.clone().answer(request));
    let mut http = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let sever = tokio::select! {
        _ = &mut http => return,
        Some(sever) = severed.recv() => sever,
    };
    end(http.into_parts().io.into_inner(), sever).await;
}

/// Plays the end of a connection. Errors are the client's: it has gone already.
async fn end(mut stream: TcpStream, sever: Sever) {
    let size = if sever.pause.is_zero() { sever.bytes.len().max(1) } else { 1 };
    for chunk in sever.bytes.chunks(size) {
        if stream.write_all(chunk).await.is_err() {
            return;
        }
        sleep(sever.pause).await;
    }
    sleep(sever.wait).await;
    let _gone = match sever.end {
        End::Reset => stream.set_zero_linger(),
        End::Close => stream.shutdown().await,
    };
}

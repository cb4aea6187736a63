//! Starting and stopping a sandbox.

use super::connection;
use super::routes::router;
use super::settings::Settings;
use super::state::State;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Deref;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The embedded Keito, not yet started.
#[derive(Debug)]
pub struct Sandbox;

/// What can go wrong with a sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The port cannot be had: choose another, or 0 for any.
    #[error("cannot listen on 127.0.0.1:{port}; choose another port")]
    Bind {
        /// The port asked for.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// A test named a row that is not there.
    #[error("the sandbox has no row {id}")]
    NoSuchRow {
        /// The id.
        id: String,
    },
    /// A test gave something else than the digits of a JSON number.
    #[error("{text:?} is not a number")]
    NotANumber {
        /// What it gave.
        text: String,
    },
}

impl Sandbox {
    /// Binds 127.0.0.1 and serves in a task of the current runtime.
    ///
    /// # Errors
    /// [`Error::Bind`].
    pub async fn start(settings: Settings) -> Result<Running, Error> {
        let port = settings.port;
        let bound = |source| Error::Bind { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(bound)?;
        let addr = listener.local_addr().map_err(bound)?;
        let state = State::new(settings);
        let stop = CancellationToken::new();
        let task =
            tokio::spawn(connection::accept(listener, state.clone(), router(state.clone()), stop.clone()));
        Ok(Running { addr, state, stop, task: Some(task) })
    }
}

/// A sandbox at work; it ends when this is dropped. Everything of [`State`] can be called on it.
#[derive(Debug)]
pub struct Running {
    addr: SocketAddr,
    state: State,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The value for `KEITO_API_URL`, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// A handle that outlives this value; the records can be read after the server has stopped.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.clone()
    }

    /// Ends every connection and frees the port.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // The task has nothing to return; a panic in it was printed where it happened.
            let _ended = task.await;
        }
    }
}

impl Deref for Running {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

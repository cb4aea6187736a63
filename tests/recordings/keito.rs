//! The embedded Keito on a thread of its own.

use std::sync::mpsc;

use keitod::sandbox::{Sandbox, Settings, State};

pub struct Keito {
    pub origin: String,
    pub state: State,
    /// The server ends when this is dropped.
    _stop: tokio::sync::oneshot::Sender<()>,
}

impl Keito {
    pub fn start() -> Self {
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let running = Sandbox::start(Settings::default()).await.unwrap();
                ready.send((running.origin(), running.state())).unwrap();
                let _ = stopped.await;
            });
        });
        let (origin, state) = started.recv().unwrap();
        Self { origin, state, _stop: stop }
    }
}

//! The embedded Keito on a thread of its own.

use std::ops::Deref;
use std::time::Duration;

use keitod::sandbox::{Request, Sandbox, Settings, State};
use tokio::sync::oneshot;

pub struct Keito {
    pub origin: String,
    state: State,
    _stop: oneshot::Sender<()>,
}

impl Keito {
    pub fn start() -> Self {
        Self::with(Settings::default())
    }

    pub fn with(settings: Settings) -> Self {
        let (ready, started) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let running = Sandbox::start(settings).await.unwrap();
                ready.send((running.origin(), running.state())).unwrap();
                let _ = stopped.await;
            });
        });
        let (origin, state) = started.recv_timeout(Duration::from_secs(10)).unwrap();
        Self { origin, state, _stop: stop }
    }

    pub fn asked(&self, method: &str, path: &str) -> Vec<Request> {
        let asked = |request: &Request| request.method == method && request.path.starts_with(path);
        self.requests().into_iter().filter(asked).collect()
    }
}

impl Deref for Keito {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

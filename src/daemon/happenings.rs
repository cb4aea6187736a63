//! What happens, told to those who listen: the status when it is another one, and each record whose state changes.
//!
//! Nobody is told by those who write. While somebody listens the status is made anew after each commit, at most four
//! times a second, and compared with the one before.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::broadcast;

use super::office::Office;
use crate::server::Event;
use crate::status::{QueueItem, QueueState, Status};

/// Commits of so long a time are one event.
const TOGETHER: Duration = Duration::from_millis(250);
/// What no commit tells of: clocks, the line to Keito, the reading of logs.
const LOOK: Duration = Duration::from_secs(1);
/// Events that wait for the slowest listener.
const WAITING: usize = 64;

/// Those who listen.
pub(super) struct Listeners {
    told: broadcast::Sender<Event>,
    watched: AtomicBool,
}

impl Listeners {
    pub(super) fn new() -> Self {
        Self { told: broadcast::Sender::new(WAITING), watched: AtomicBool::new(false) }
    }

    /// One more; whether nobody watches for it yet.
    pub(super) fn listen(&self) -> (broadcast::Receiver<Event>, bool) {
        let events = self.told.subscribe();
        (events, !self.watched.swap(true, Ordering::SeqCst))
    }

    fn tell(&self, kind: &'static str, document: &impl serde::Serialize) {
        if let Ok(data) = serde_json::to_vec(document) {
            // Nobody may be there any more.
            let _ = self.told.send(Event { kind, data: data.into() });
        }
    }

    /// Whether the watch may end: nobody listens, and whoever comes now has it begun anew.
    fn is_over(&self) -> bool {
        if self.told.receiver_count() > 0 {
            return false;
        }
        self.watched.store(false, Ordering::SeqCst);
        self.told.receiver_count() == 0 || self.watched.swap(true, Ordering::SeqCst)
    }
}

/// Watches until nobody listens.
pub(super) async fn watch(office: Weak<Office>) {
    let (mut known, mut records): (Option<Status>, Option<HashMap<String, QueueState>>) = (None, None);
    loop {
        let Some(office) = office.upgrade() else { return };
        if office.listeners().is_over() {
            return;
        }
        // A database that cannot be read now is told of by whoever asks.
        if let Ok(status) = office.current().await {
            let same = known.as_ref().is_some_and(|known| alike(known, &status));
            let moved = known.as_ref().is_none_or(|known| known.queue != status.queue);
            if moved && let Ok(items) = office.items().await {
                if let Some(before) = &records {
                    let changed = |item: &&QueueItem| before.get(&item.id) != Some(&item.state);
                    items.iter().filter(changed).for_each(|item| office.listeners().tell("record", item));
                }
                records = Some(items.into_iter().map(|item| (item.id, item.state)).collect());
            }
            // The first one, too: who came first saw an older one, perhaps.
            if !same {
                office.listeners().tell("status", &status);
            }
            known = Some(status);
        }
        let mut written = office.written();
        drop(office);
        tokio::time::sleep(TOGETHER).await;
        // No more commits at all: the next look finds the office gone.
        let _ = tokio::time::timeout(LOOK.saturating_sub(TOGETHER), written.changed()).await;
    }
}

/// But for the clock.
fn alike(a: &Status, b: &Status) -> bool {
    let timeless = |status: &Status| {
        let mut status = status.clone();
        status.uptime_seconds = 0;
        status.queue.oldest_due_seconds = 0;
        status.keito.requests_last_minute = 0;
        status
    };
    timeless(a) == timeless(b)
}

/// Starts the watch of an office.
pub(super) fn begin(office: &Arc<Office>) {
    tokio::spawn(watch(Arc::downgrade(office)));
}

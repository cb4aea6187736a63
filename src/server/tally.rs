//! What the server counts of itself since its start.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;

/// Counters that all connections share.
#[derive(Debug, Default)]
pub(super) struct Tally {
    answered: [AtomicU64; 3],
    turned_away: AtomicU64,
    foreign: AtomicU64,
    clients: AtomicU64,
}

/// What was counted until now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Answers with 2xx, 4xx and 5xx.
    pub answered: [u64; 3],
    /// Clients that found no seat.
    pub turned_away: u64,
    /// Clients of another user.
    pub foreign: u64,
    /// Clients that have a seat now.
    pub clients: u64,
    /// Streams of events that are open now.
    pub streams: u64,
}

impl Tally {
    pub(super) fn answered(&self, status: StatusCode) {
        let class = match status.as_u16() {
            ..400 => 0,
            400..500 => 1,
            _ => 2,
        };
        self.answered[class].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn foreign(&self) {
        self.foreign.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn came(&self) {
        self.clients.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn left(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn seen(&self, streams: u64) -> Seen {
        let now = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Seen {
            answered: self.answered.each_ref().map(now),
            turned_away: now(&self.turned_away),
            foreign: now(&self.foreign),
            clients: now(&self.clients),
            streams,
        }
    }
}

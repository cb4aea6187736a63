//! The document from its parts.

use super::reasons::reasons;
use super::{Counts, Live, LiveSource, Source, SourceCounts, State, Status, Today};
use crate::model::Instant;

impl Status {
    /// Puts together what the daemon and what the store know.
    #[must_use]
    pub fn build(live: Live, counts: Counts, today: Today) -> Self {
        let reasons = reasons(&live, &counts);
        let state = match &live.pause {
            Some(pause) if pause.all => State::Paused,
            _ if reasons.is_empty() => State::Running,
            _ => State::Degraded,
        };
        let caught_up = caught_up(&live, &counts);
        let uptime = live.started_at.map_or(0, |start| live.now.since(start).as_secs());
        let mut keito = live.keito;
        keito.paused = live.pause.map(|pause| pause.code);
        Self {
            schema_version: 1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: live.pid,
            started_at: live.started_at.map(|at| at.to_string()),
            uptime_seconds: uptime,
            state,
            reasons,
            caught_up,
            timezone: live.timezone,
            since: live.since,
            sources: sources(live.sources, counts.sources),
            today,
            queue: counts.queue,
            keito,
            last_audit: live.last_audit,
            price_drift: live.price_drift,
            prices_unused: live.prices_unused,
        }
    }
}

/// Without credentials only what can be done counts: reading.
fn caught_up(live: &Live, counts: &Counts) -> bool {
    let queue = &counts.queue;
    let unfinished = queue.pending + queue.sending + queue.unknown + queue.reconciling;
    let nothing_due = unfinished == 0 && counts.ready == 0 && !counts.unchecked;
    live.read_to_end && !counts.changing && (nothing_due || !live.credentials)
}

/// Watched agents in their order, then those that the database remembers.
fn sources(live: Vec<LiveSource>, mut counts: Vec<SourceCounts>) -> Vec<Source> {
    let mut list = Vec::new();
    for source in live {
        let found = counts.iter().position(|counts| counts.agent == source.agent);
        let counts = found.map(|index| counts.remove(index)).unwrap_or_default();
        list.push(joined(source, counts));
    }
    for counts in counts {
        let watcher = "off".to_owned();
        let source = LiveSource { agent: counts.agent.clone(), watcher, ..LiveSource::default() };
        list.push(joined(source, counts));
    }
    list
}

fn joined(live: LiveSource, counts: SourceCounts) -> Source {
    Source {
        agent: live.agent,
        roots: live.roots,
        files: counts.files,
        sessions: counts.sessions,
        lag_bytes: live.lag_bytes,
        rejected_lines: counts.rejected_lines,
        watcher: live.watcher,
        scan_seconds: live.scan_seconds,
        last_event_at: counts.last_event_at.as_ref().map(Instant::to_string),
        alarm: counts.alarm,
    }
}

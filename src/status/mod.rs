//! What keitod does now, as values: the status document and the queue. What only the running daemon
//! knows comes in as [`Live`], everything else from the store.

mod build;
mod counts;
mod document;
mod drift;
mod glance;
mod live;
mod metrics;
mod queue;
mod reasons;
mod today;

pub use counts::{Counts, HeldCount, Refused, SourceCounts};
pub use document::{Audit, KeitoLine, Proved, QueueCounts, Reason, Source, State, Status, Today};
pub use drift::{Compared, Drift, drift};
pub use glance::{Glance, GlanceQueue, GlanceSession, GlanceToday, Project, Trouble};
pub use live::{Alert, Live, LiveSource, Paused};
pub use metrics::{Metrics, SocketCounts, metrics};
pub use queue::{
    Queue, QueueDetail, QueueFilter, QueueItem, QueueState, RecordDetail, UnprovenDetail, WriteDetail,
};
pub use reasons::remedy;

#[cfg(test)]
mod tests;

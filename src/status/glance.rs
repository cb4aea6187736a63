//! The day, a session and its project in a few numbers: what a line below a prompt has room for.

use serde::{Deserialize, Serialize};

use super::{State, Status};

/// The document of `GET /v1/statusline`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glance {
    /// Always 1.
    pub schema_version: u32,
    /// As the status has it.
    pub state: State,
    /// As the status has it.
    pub caught_up: bool,
    /// The local day so far.
    pub today: GlanceToday,
    /// The session that was asked for; null if no log tells of it yet.
    pub session: Option<GlanceSession>,
    /// Where its work goes, else that of the directory; null without a link.
    pub project: Option<Project>,
    /// What waits for somebody.
    pub queue: GlanceQueue,
    /// Why the state is not `running`, the codes and messages of the status.
    pub trouble: Vec<Trouble>,
}

/// The local day so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "they are those of the status")]
pub struct GlanceToday {
    pub day: String,
    pub agent_seconds: u64,
    pub human_seconds: u64,
    pub cost_usd: Option<String>,
    pub requests: u64,
    pub unpriced_requests: u64,
}

/// A session, over all its days.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlanceSession {
    /// The agent's own id.
    pub session: String,
    /// Agent seconds, as the report counts them.
    pub agent_seconds: u64,
    /// Null if nothing is priced.
    pub cost_usd: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Those without a price.
    pub unpriced_requests: u64,
}

/// A project at Keito.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name, if it is known.
    pub name: Option<String>,
}

/// Counts of the queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GlanceQueue {
    /// Sealed and not at Keito yet.
    pub unfinished: u64,
    /// Groups that are held, whatever for.
    pub held: u64,
    /// Refused for good.
    pub dead: u64,
    /// Two records for the same facts.
    pub conflict: u64,
}

/// A reason of the status.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// Its code.
    pub code: String,
    /// What happened.
    pub message: String,
}

impl Glance {
    /// From a status, and what is known of the session.
    #[must_use]
    pub fn new(status: Status, session: Option<GlanceSession>, project: Option<Project>) -> Self {
        let (today, queue) = (status.today, status.queue);
        Self {
            schema_version: 1,
            state: status.state,
            caught_up: status.caught_up,
            today: GlanceToday {
                day: today.day,
                agent_seconds: today.agent_seconds,
                human_seconds: today.human_seconds,
                cost_usd: today.cost_usd,
                requests: today.requests,
                unpriced_requests: today.unpriced_requests,
            },
            session,
            project,
            queue: GlanceQueue {
                unfinished: queue.pending + queue.sending + queue.unknown + queue.reconciling,
                held: queue.held.values().sum(),
                dead: queue.dead,
                conflict: queue.conflict,
            },
            trouble: status
                .reasons
                .into_iter()
                .map(|reason| Trouble { code: reason.code, message: reason.message })
                .collect(),
        }
    }
}
